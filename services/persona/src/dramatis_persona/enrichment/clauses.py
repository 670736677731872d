"""How one sentence stands to the things that it names: wanted, refused, whose wish it is, how firmly it is said. Pure.

A sentence is read from left to right. A cue ("wants", "can't stand") governs what follows until a contrast ("but") or
the next cue; a cue that comes after ("… is a must") governs what was named before it in the clause.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dramatis_persona.enrichment.taxonomy import Concept, Kind, Taxonomy, Tokens, Trait, singular, tokens_of

_CLAUSE = re.compile(
    r"[;:\u2014\u2013]|\s-\s|,\s+(?=(?:but|however|although|though|whereas|while|yet|he|she|they|his|her|the|my|i)\b)",
    re.IGNORECASE,
)
_NEAR = 3
"""So many words before a cue a negator may stand."""

_CONTRARY: Mapping[Kind, Kind] = {
    "likes": "dislikes",
    "dislikes": "likes",
    "deal_breaker": "none",
    "must_have": "none",
    "none": "none",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """Who may be speaking. `name`: words of the persona's name; `first_person`: whether "I" is the client."""

    name: frozenset[str]
    first_person: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """A thing and how the sentence stands to it. `named`: the client is the subject in so many words."""

    about: Concept | Trait
    kind: Kind
    hedged: bool
    named: bool
    cued: bool = True


@dataclass(slots=True)
class Stance:
    """What is known at a place of the sentence."""

    kind: Kind | None = None
    client: bool = True
    other: bool = False
    named: bool = False
    conditional: bool = False
    uncued: list[tuple[Concept, bool]] = field(default_factory=list)


def said_in(
    sentence: str, voice: Voice, words: Taxonomy, *, theirs: bool, heading: Kind | None = None
) -> tuple[list[Said], bool]:
    """What a sentence says of its client, and whether its last subject is somebody else.

    `theirs`: somebody else was the last subject before, and a mere "he" goes on with that. `heading`: what a heading
    says of the item of its list that this sentence is.
    """
    tokens = tokens_of(sentence)
    if any(words.at(words.words["in_their_place"], tokens, place) for place in range(len(tokens))):
        return [], theirs
    still = theirs and _pronoun_first(sentence, words)
    stance = Stance(kind=heading, client=not still, other=still)
    found: list[Said] = []
    # What holds under a condition holds perhaps.
    perhaps = any((token,) in words.words["conditions"] for token in tokens)
    for clause in _CLAUSE.split(_joined(sentence, words)):
        reader = _Clause(tokens_of(clause), voice, words, stance, hedged=perhaps)
        found.extend(reader.read())
        stance = Stance(client=stance.client, other=stance.other, named=stance.named)
    return found, stance.other


def heading_of(sentence: str, words: Taxonomy) -> Kind | None:
    """What "Must haves:" says of the list that follows it."""
    return _cue_at_end(sentence.rstrip()[:-1], words) if sentence.rstrip().endswith(":") else None


def _joined(sentence: str, words: Taxonomy) -> str:
    """Without the colon between a cue and what it governs: "wants: a pool"."""
    before, colon, after = sentence.partition(":")
    return f"{before} {after}" if colon and _cue_at_end(before, words) else sentence


def _cue_at_end(text: str, words: Taxonomy) -> Kind | None:
    tokens = tokens_of(text)
    ends = (tuple(tokens[-length:]) for length in range(min(words.longest, len(tokens)), 0, -1))
    return next((words.cues[end] for end in ends if end in words.cues), None)


def _pronoun_first(sentence: str, words: Taxonomy) -> bool:
    tokens = tokens_of(sentence)
    return bool(tokens) and (tokens[0],) in words.words["pronouns"]


class _Clause:
    """Reads one clause; `stance` carries the subject into the next one."""

    def __init__(self, tokens: Sequence[str], voice: Voice, words: Taxonomy, stance: Stance, *, hedged: bool) -> None:
        self._tokens = tokens
        self._singular = [singular(token) for token in tokens]
        self._voice = voice
        self._words = words
        self._stance = stance
        self._hedged = hedged or any(self._phrase("hedges", place) for place in range(len(tokens)))
        self._contrasted = False
        self._cued_up_to = 0
        self._other_up_to = 0

    def read(self) -> Iterator[Said]:
        place = 0
        while place < len(self._tokens):
            self._subject(place)
            taken, said = self._at(place)
            yield from said
            place += max(taken, 1)
        yield from self._left()

    def _at(self, place: int) -> tuple[int, list[Said]]:
        """How many words were understood at a place, and what they say."""
        words, tokens = self._words, self._tokens
        if self._phrase("contrast", place):
            left = list(self._left())
            if "also" not in self._tokens[place + 1 : place + 2]:  # "not only … but also" goes on
                self._stance.kind = None
            self._stance.conditional, self._contrasted = False, True
            return 1, left
        if condition := self._phrase("conditions", place):
            self._stance.conditional = True
            return len(condition), []
        trait = words.at(words.traits, tokens, place)
        cue = words.at(words.cues, tokens, place)
        thing = words.at(words.concepts, self._singular, place)
        longest = max(map(len, filter(None, (trait, cue, thing))), default=0)
        if trait and len(trait) == longest:
            # A cue may be part of it: "wants data" says how somebody decides and opens nothing.
            return len(trait), list(self._trait(trait, place))
        if cue and len(cue) == longest:
            self._cued_up_to = place + len(cue)
            return len(cue), list(self._cue(cue, place))
        if thing:
            return len(thing), list(self._thing(thing, place))
        return 1, []

    def _trait(self, phrase: Tokens, place: int) -> Iterator[Said]:
        if self._ours and not self._negated(place):
            yield self._said(self._words.traits[phrase], "likes")

    def _cue(self, phrase: Tokens, place: int) -> Iterator[Said]:
        kind = self._words.cues[phrase]
        if self._negated(place):
            # What is not important is not disliked.
            kind = "none" if kind == "likes" and phrase in self._words.after else _turned(kind)
        elif self._past(place):
            kind = "none"
        if kind == "none" and self._words.cues[phrase] == "must_have" and "longer" in self._before(place):
            kind = "dislikes"  # "no longer needs"
        if self._stance.uncued and phrase in self._words.after:
            for concept, without in self._stance.uncued:
                if self._ours:
                    yield self._said(concept, _turned(kind) if without else kind)
            self._stance.uncued.clear()
            return
        self._stance.uncued.clear()
        self._stance.kind = kind

    def _thing(self, phrase: Tokens, place: int) -> Iterator[Said]:
        concept = self._words.concepts[phrase]
        without = self._without(place)
        kind = self._stance.kind
        if kind is None:
            self._stance.uncued.append((concept, without))
        elif self._ours:
            yield self._said(concept, _turned(kind) if without else kind)

    def _left(self) -> Iterator[Said]:
        """What was named without any cue: a list of wishes is read so, if its owner calls it one."""
        for concept, without in self._stance.uncued:
            if self._ours and not without:
                yield replace(self._said(concept, "likes"), cued=False)
        self._stance.uncued.clear()

    @property
    def _ours(self) -> bool:
        return self._stance.client and not self._stance.conditional

    def _said(self, about: Concept | Trait, kind: Kind) -> Said:
        return Said(about, kind, self._hedged, self._stance.named)

    def _subject(self, place: int) -> None:
        token = self._tokens[place]
        stance = self._stance
        if place < self._other_up_to:  # the "client" of "another client"
            return
        if token in self._voice.name or (self._singular[place],) in self._words.words["client"]:
            if not token.endswith("'s"):
                stance.client, stance.named, stance.other = True, True, False
        elif (token,) in self._words.words["first_person"]:
            stance.client, stance.named = self._voice.first_person, self._voice.first_person
        elif (token,) in self._words.words["pronouns"]:
            # After somebody else it may be either of the two, unless it is set against them.
            stance.other = stance.other and not self._contrasted
            stance.client = stance.named = not stance.other
        elif self._someone_else(place):
            self._other_up_to = place + len(self._words.at(self._words.words["others"], self._singular, place) or ())
            stance.client, stance.named, stance.other = False, False, True

    def _someone_else(self, place: int) -> bool:
        """Another person as a subject: not "for his brother", and not after what the client wants already."""
        other = self._words.at(self._words.words["others"], self._singular, place)
        if other is None or self._stance.kind is not None:
            return False
        before = self._tokens[max(0, place - 2) : place]
        return not any((token,) in self._words.words["before_others"] for token in before)

    def _negated(self, place: int) -> bool:
        start = max(0, place - _NEAR)
        for earlier in range(start, place):
            if self._phrase("not_negators", earlier):
                return False
        return any(self._phrase("negators", earlier) for earlier in range(start, place))

    def _past(self, place: int) -> bool:
        """ "used to want"."""
        return any(self._phrase("past", earlier) for earlier in range(max(0, place - _NEAR), place))

    def _before(self, place: int) -> Sequence[str]:
        return self._tokens[max(0, place - _NEAR) : place]

    def _without(self, place: int) -> bool:
        """ "no pool", "without a pool", "lack of privacy"; the "without" of "can't live without" is the cue's own."""
        return any(
            bool(phrase) and earlier + len(phrase or ()) in (place, place - 1)
            for earlier in range(max(self._cued_up_to, place - _NEAR), place)
            if (phrase := self._phrase("without", earlier)) and not self._phrase("not_negators", earlier)
        )

    def _phrase(self, name: str, place: int) -> Tokens | None:
        return self._words.at(self._words.words[name], self._tokens, place)


def _turned(kind: Kind) -> Kind:
    """The contrary, as far as it says anything: who does not need a thing need not dislike it."""
    return _CONTRARY[kind]
