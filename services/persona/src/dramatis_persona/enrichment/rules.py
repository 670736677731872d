"""Reads texts by rules: no network, no chance, the same text always says the same. The scale of `confidence` is here.

Confidence is the share of five checks that a statement passes, as (passed + 1) / (5 + 2): 1. an explicit cue, such as
"wants"; 2. nothing hedges it; 3. the client is named as the one who wants it; 4. it is in the client's own words (a
call transcript or an e-mail) or said more than once; 5. the text says nothing contrary. It orders statements by their
evidence, is never 0 or 1, and is not calibrated.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dramatis_contracts.persona import v1
from dramatis_persona.enrichment.clauses import Said, Voice, heading_of, said_in
from dramatis_persona.enrichment.reading import Reading, confidence_of
from dramatis_persona.enrichment.sentences import statements
from dramatis_persona.enrichment.taxonomy import Concept, Taxonomy, Trait, taxonomy, tokens_of
from dramatis_persona.learning import Finding

_DIRECT = frozenset({"call_transcript", "email"})
_MOST = 60
"""Statements of one text that become insights; the first ones."""
_ITEM = re.compile(r"[-*+\u2022\u00b7\u2013]\s|\d{1,2}[.)]\s")
"""How an item of a list begins."""
_ONE_AMOUNT = r"\$\s?\d[\d.,]*\s?(?:thousand|million|billion|[kmb]n?)?\b"
_AMOUNT = rf"{_ONE_AMOUNT}(?:\s?(?:-|–|to|and)\s?{_ONE_AMOUNT})?"
_MONEY = {
    "budget": re.compile(rf"\b(?:budget|spend|afford|up to|price range)\b[^.$]{{0,40}}({_AMOUNT})", re.IGNORECASE),
    "net_worth": re.compile(rf"\bnet worth\b[^.$]{{0,40}}({_AMOUNT})", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said, and the sentence that says it."""

    said: Said
    sentence: str


class RuleReader:
    """Knows the words of `data/taxonomy.toml`, in English; a text in other words says nothing to it."""

    method = "rules:2"

    async def read(self, enrichment: v1.Enrichment, profile: v1.PersonaProfile, *, tenant: str, run: str) -> Reading:  # noqa: ARG002  # the interface of all readers
        return read(enrichment, profile)


def read(enrichment: v1.Enrichment, profile: v1.PersonaProfile) -> Reading:
    """What a text says of a persona: things that are wanted or not, traits, and money that is named."""
    words = taxonomy()
    text = enrichment.content.text
    stated = list(_stated(enrichment, _voice(enrichment, profile), words))
    said = [each for each in stated if each.said.cued or enrichment.data_type == "preferences"]
    direct = enrichment.source in _DIRECT
    findings = tuple(_finding(each, said, profile, words, direct=direct) for each in _latest(said, Concept)[:_MOST])
    traits = _latest(said, Trait)
    decided = {trait.field: trait.value for each in traits if isinstance(trait := each.said.about, Trait)}
    insights = [_trait_insight(each, said, direct=direct) for each in traits]
    return Reading(findings, (*insights, *_money(text, direct=direct)), decided)


def _stated(enrichment: v1.Enrichment, voice: Voice, words: Taxonomy) -> Iterator[Statement]:
    theirs, heading = False, None
    for sentence in statements(enrichment.content.text):
        item = bool(_ITEM.match(sentence))
        found, theirs = said_in(sentence, voice, words, theirs=theirs, heading=heading if item else None)
        if not item:
            heading = None if theirs else heading_of(sentence, words)
        yield from (Statement(said, sentence) for said in found if said.kind != "none")


def _voice(enrichment: v1.Enrichment, profile: v1.PersonaProfile) -> Voice:
    """In an agent's notes "I" is the agent, if the client is spoken of as somebody else."""
    name = frozenset(token for token in tokens_of(profile.name) if len(token) > 1)
    thirds = {phrase[0] for kind in ("client", "pronouns") for phrase in taxonomy().words[kind]} | name
    thirds -= {"myself"}
    agents = enrichment.source == "agent_notes" and bool(thirds & set(tokens_of(enrichment.content.text)))
    return Voice(name, first_person=not agents)


def _latest(said: Sequence[Statement], of: type[Concept] | type[Trait]) -> list[Statement]:
    """Of several statements about one thing the last, in the order of the text."""
    latest = {_topic(each): each for each in said if isinstance(each.said.about, of)}
    return [each for each in said if latest.get(_topic(each)) is each]


def _topic(statement: Statement) -> str:
    about = statement.said.about
    return f"trait {about.field}" if isinstance(about, Trait) else about.word


def _confidence(statement: Statement, said: Sequence[Statement], *, direct: bool) -> float:
    same = [each for each in said if _topic(each) == _topic(statement)]
    contrary = [each for each in same if _side(each) != _side(statement)]
    passed = [
        statement.said.cued,
        not statement.said.hedged,
        statement.said.named,
        direct or len(same) - len(contrary) > 1,
        not contrary,
    ]
    return confidence_of(*passed)


def _side(statement: Statement) -> object:
    about = statement.said.about
    return about.value if isinstance(about, Trait) else statement.said.kind in ("likes", "must_have")


def _finding(
    statement: Statement,
    said: Sequence[Statement],
    profile: v1.PersonaProfile,
    words: Taxonomy,
    *,
    direct: bool,
) -> Finding:
    concept, kind = statement.said.about, statement.said.kind
    if not isinstance(concept, Concept) or kind == "none":
        raise TypeError(f"{statement} is no statement about a thing")
    insight = v1.Insight(
        kind=kind,
        text=concept.word.replace("_", " "),
        source=statement.sentence,
        confidence=_confidence(statement, said, direct=direct),
    )
    return Finding(insight, concept.field, _own_word(concept, profile, words))


def _own_word(concept: Concept, profile: v1.PersonaProfile, words: Taxonomy) -> str:
    """The profile's own word for a thing, so that no second one is added beside it."""
    listed = [word for _, several in profile.preferences for word in several]
    return next((word for word in listed if words.concept_of(word) == concept), concept.word)


def _trait_insight(statement: Statement, said: Sequence[Statement], *, direct: bool) -> v1.Insight:
    trait = statement.said.about
    if not isinstance(trait, Trait):
        raise TypeError(f"{statement} is no statement about a trait")
    confidence = _confidence(statement, said, direct=direct)
    return v1.Insight(
        kind="trait", text=f"{trait.field}: {trait.value}", source=statement.sentence, confidence=confidence
    )


def _money(text: str, *, direct: bool) -> Iterator[v1.Insight]:
    """The last budget and net worth that are named. They are noted, and change no range of the profile."""
    for name, pattern in _MONEY.items():
        found = [(match[1], sentence) for sentence in statements(text) if (match := pattern.search(sentence))]
        if found:
            amount, sentence = found[-1]
            confidence = confidence_of(True, True, False, direct, True)  # noqa: FBT003  # checks
            said = f"{name}: {' '.join(amount.split()).replace(' and ', ' to ')}"
            yield v1.Insight(kind="trait", text=said, source=sentence, confidence=confidence)
