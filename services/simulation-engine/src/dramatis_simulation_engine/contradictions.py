"""What no single person can want or be: a persona that contradicts itself cannot take part in a study. Pure.

Texts are compared by their meaning in the taxonomy. Only the plainly impossible is refused: tastes that are merely
unusual, or that many people hold at once (modern and classic), are left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from dramatis_contracts.persona.v1 import Demographics, Insight, Preferences
from dramatis_simulation_engine.taxonomy import Lexicon, Sign, Taxonomy, words_of

_GROWN_CHILDREN_FROM = 30
"""Nobody younger than this has grown children or grandchildren."""
_BELIEVED = 0.5
"""Insights below this confidence are rumours: two of them may well disagree."""
_OLDER = Lexicon.of(
    {
        "older": ["grandparent", "grandmother", "grandfather", "grandchild", "grown child", "adult child"],
        "alone again": ["empty nest", "empty nester"],
    }
)
Meaning = frozenset[tuple[str, Sign]]


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that a persona says of itself, or that was learnt: what it is, its words and its meaning."""

    what: str
    text: str
    meaning: Meaning
    wanted: bool
    must: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements that cannot both be true of one person."""

    one: str
    other: str
    why: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other} contradict each other: {self.why}"


def contradictions_in(
    demographics: Demographics, preferences: Preferences, insights: Sequence[Insight], taxonomy: Taxonomy
) -> list[Contradiction]:
    """All contradictions of one persona, in the order of its fields."""
    stated = [*_stated(preferences, taxonomy), *_learnt(insights, taxonomy)]
    found = [c for one, other in combinations(stated, 2) if (c := _contradiction(one, other)) is not None]
    return [*found, *_too_young(demographics)]


def _stated(preferences: Preferences, taxonomy: Taxonomy) -> Iterator[Statement]:
    for text in preferences.property_types:
        yield _statement("property type", text, taxonomy, wanted=True, must=True)
    for text in preferences.must_have_features:
        yield _statement("must-have", text, taxonomy, wanted=True, must=True)
    for text in preferences.style_preferences:
        yield _statement("style", text, taxonomy, wanted=True, must=False)
    for text in preferences.deal_breakers:
        yield _statement("deal breaker", text, taxonomy, wanted=False, must=True)


def _learnt(insights: Sequence[Insight], taxonomy: Taxonomy) -> Iterator[Statement]:
    for insight in insights:
        if insight.kind != "trait" and insight.confidence >= _BELIEVED:
            kind = insight.kind.replace("_", " ")
            wanted, must = insight.kind in {"likes", "must_have"}, insight.kind in {"must_have", "deal_breaker"}
            yield _statement(f"insight ({kind})", insight.text, taxonomy, wanted=wanted, must=must)


def _statement(what: str, text: str, taxonomy: Taxonomy, *, wanted: bool, must: bool) -> Statement:
    meaning = frozenset(taxonomy.read(text).signs.items()) or _plainly(text)
    return Statement(f"{what} '{text}'", text, meaning, wanted, must)


def _plainly(text: str) -> Meaning:
    """The meaning of a text that the taxonomy does not know: its own words, and whether they are negated."""
    words = words_of(text)
    negated = bool(words) and words[0] in {"no", "not", "without", "non"}
    plain = " ".join(words[1:] if negated else words)
    return frozenset({(plain, -1 if negated else 1)}) if plain else frozenset()


def _contradiction(one: Statement, other: Statement) -> Contradiction | None:
    if not one.meaning or not other.meaning:
        return None
    same, opposite = one.meaning == other.meaning, one.meaning == _negated(other.meaning)
    about = " and ".join(sorted(attribute for attribute, _ in one.meaning))
    if same and one.wanted != other.wanted:
        return Contradiction(one.what, other.what, f"both mean {about}, once wanted and once refused")
    if opposite and one.wanted == other.wanted and one.must and other.must:
        both = "wants" if one.wanted else "refuses"
        return Contradiction(one.what, other.what, f"nobody {both} {about} both with and without")
    return None


def _negated(meaning: Meaning) -> Meaning:
    return frozenset((attribute, -sign) for attribute, sign in meaning)


def _too_young(demographics: Demographics) -> Iterator[Contradiction]:
    age, family = demographics.age_range, demographics.family_status
    if not age or not family or age.endswith("+") or not _OLDER.meanings(family):
        return
    oldest = int(age.rpartition("-")[2])
    if oldest < _GROWN_CHILDREN_FROM:
        why = f"nobody under {_GROWN_CHILDREN_FROM} has grown children or grandchildren"
        yield Contradiction(f"age_range '{age}'", f"family_status '{family}'", why)
