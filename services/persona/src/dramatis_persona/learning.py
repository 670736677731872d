"""How what was read changes a persona. Pure. What was said later wins over what was said before.

A must-have or deal breaker becomes one of the profile; a liked kind of property, place or style joins the profile's
lists. A liked or disliked feature stays an insight: that somebody likes a pool does not make it a condition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dramatis_contracts.persona import v1
from dramatis_persona.contradictions import negated, plain

Field = Literal["property_types", "preferred_locations", "style_preferences", "features"]
"""What a word is about; `features` are told apart by the insight's kind."""

_MOST_WORDS = 100
_MOST_INSIGHTS = 200
_TRAITS = tuple(v1.BehavioralTraits.model_fields)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a text says: the insight, and the word of the profile that it is about."""

    insight: v1.Insight
    field: Field
    word: str

    @property
    def wanted(self) -> bool:
        return self.insight.kind in ("likes", "must_have")


def learn(
    profile: v1.PersonaProfile, findings: Sequence[Finding], traits: dict[str, str]
) -> tuple[v1.PersonaProfile, v1.Learnt]:
    """The profile after these findings, in their order, and what that changed."""
    lists = {name: list(words) for name, words in profile.preferences}
    for finding in findings:
        _take_in(lists, finding)
    preferences = v1.Preferences(**{name: tuple(words) for name, words in lists.items()})
    decided = profile.behavioral_traits.model_copy(update={name: traits[name] for name in _TRAITS if name in traits})
    before = dict(profile.preferences)
    learnt = v1.Learnt(
        added=_differences(dict(preferences), before),
        withdrawn=_differences(before, dict(preferences)),
        behavioral_traits={n: v for n, v in traits.items() if getattr(profile.behavioral_traits, n) != v},
    )
    return profile.model_copy(update={"preferences": preferences, "behavioral_traits": decided}), learnt


def remembered(known: Sequence[v1.Insight], new: Sequence[v1.Insight]) -> tuple[v1.Insight, ...]:
    """All insights, the latest last; a newer one about the same thing replaces the older."""
    about = {_topic(insight) for insight in new}
    return (*(insight for insight in known if _topic(insight) not in about), *new)[-_MOST_INSIGHTS:]


def _take_in(lists: dict[str, list[str]], finding: Finding) -> None:
    match finding.field, finding.insight.kind:
        case "features", "must_have":
            _withdraw(lists["deal_breakers"], finding.word)
            _withdraw_opposite(lists["must_have_features"], finding.word)
            _add(lists["must_have_features"], finding.word)
        case "features", "deal_breaker":
            _withdraw(lists["must_have_features"], finding.word)
            _withdraw_opposite(lists["deal_breakers"], finding.word)
            _add(lists["deal_breakers"], finding.word)
        case "features", "dislikes":
            _withdraw(lists["must_have_features"], finding.word)
        case "features", _:
            _withdraw(lists["deal_breakers"], finding.word)
        case field, _ if finding.wanted:
            _add(lists[field], finding.word)
        case field, _:
            _withdraw(lists[field], finding.word)


def _add(words: list[str], word: str) -> None:
    if plain(word) not in map(plain, words) and len(words) < _MOST_WORDS:
        words.append(word)


def _withdraw(words: list[str], word: str) -> None:
    words[:] = [known for known in words if plain(known) != plain(word)]


def _withdraw_opposite(words: list[str], word: str) -> None:
    words[:] = [known for known in words if plain(known) != negated(plain(word))]


def _differences(these: dict[str, tuple[str, ...]], those: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(word for word in words if word not in those[name]) for name, words in these.items()}
    return {name: words for name, words in found.items() if words}


def _topic(insight: v1.Insight) -> tuple[bool, str]:
    """What an insight is about: a trait's name, or the thing that is liked or not."""
    if insight.kind == "trait":
        return True, insight.text.partition(":")[0]
    return False, " ".join(plain(insight.text)[0])
