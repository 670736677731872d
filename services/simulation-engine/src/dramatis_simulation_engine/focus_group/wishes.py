"""What a persona asks for, likes and refuses: its preferences, and what was learnt about it, read as tastes. Pure.

An insight counts by its confidence. A trait is looked up among the manners of deciding, of speaking and among the
characters first; what is none of these is read as something that the person likes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dramatis_contracts.persona.v1 import Insight, Preferences
from dramatis_simulation_engine.taxonomy import Phrase, Sign, Taxonomy, words_of

Table = Mapping[str, Any]
_AVERSE = frozenset({"hate", "dislike", "avoid", "fear", "afraid", "allergic", "detest", "refuse", "complain"})
"""A trait that has one of these words is about what the person does not like: "hates stairs"."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A persona differs from the market in its taste for `attribute` by `value`, because of one of its fields."""

    attribute: str
    because: str
    value: float


@dataclass(frozen=True, slots=True)
class Constant:
    """A part of the utility of *interested* that does not depend on the attributes of the option."""

    because: str
    value: float


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a persona's preferences say about a property as a whole. `liked` and `disliked` places have a weight."""

    types: frozenset[str] = frozenset()
    places: tuple[Phrase, ...] = ()
    residence: Phrase | None = None
    must_haves: tuple[str, ...] = ()
    breaks: Mapping[tuple[str, Sign], str] = field(default_factory=dict)
    """What makes a home impossible when it is there (or missing), and the words that said so."""
    break_together: tuple[tuple[frozenset[tuple[str, Sign]], str], ...] = ()
    """What does so only all at once: "small pool and no garden"."""
    liked: tuple[tuple[Phrase, float, str], ...] = ()
    """(place, utility of a home there, the words that said so)."""


def place_of(text: str, taxonomy: Taxonomy) -> Phrase:
    """A known place as `("manhattan",)`; any other text as its words."""
    known = taxonomy.places.meanings(text)
    return (known[0],) if known else words_of(text)


class WishReader:
    """Reads preferences and insights once and collects what follows from them.

    `groups_of` says which assumed groups of people a trait names; they come out in `traits`, with the confidence.
    """

    def __init__(
        self,
        preferences: Preferences,
        insights: Sequence[Insight],
        taxonomy: Taxonomy,
        sizes: Table,
        groups_of: Callable[[str], Sequence[tuple[str, Table]]],
    ) -> None:
        self._taxonomy, self._sizes, self._groups_of = taxonomy, sizes, groups_of
        self.shifts: list[Shift] = []
        self.expectations: list[Constant] = []
        self.traits: list[tuple[str, Table, float]] = []
        self.unrecognized: list[tuple[str, str]] = []
        self._types: set[str] = set()
        self._must_haves: list[str] = []
        self._breaks: dict[tuple[str, Sign], str] = {}
        self._break_together: list[tuple[frozenset[tuple[str, Sign]], str]] = []
        self._nuisances = {a.name for a in taxonomy.attributes if a.nuisance}
        self._liked: list[tuple[Phrase, float, str]] = []
        self._opposed = {a.opposes: a.name for a in taxonomy.attributes if a.opposes}
        self._types_of_property(preferences.property_types)
        for text in preferences.must_have_features:
            self._must_have("must_have_features", text, "must have", 1.0)
        for text in preferences.deal_breakers:
            self._deal_breaker("deal_breakers", text, "deal breaker")
        self._styles(preferences.style_preferences)
        self._places = tuple(place_of(text, taxonomy) for text in preferences.preferred_locations)
        for place, insight in enumerate(insights):
            self._insight(f"insights[{place}]", insight)

    def wishes(self, residence: str | None) -> Wishes:
        return Wishes(
            types=frozenset(self._types),
            places=self._places,
            residence=place_of(residence, self._taxonomy) if residence else None,
            must_haves=tuple(self._must_haves),
            breaks=self._breaks,
            break_together=tuple(self._break_together),
            liked=tuple(self._liked),
        )

    def _read(self, where: str, text: str) -> Iterator[tuple[str, Sign]]:
        reading = self._taxonomy.read(text)
        if not reading.understood:
            self.unrecognized.append((where, text))
        yield from reading.signs.items()

    def _types_of_property(self, texts: tuple[str, ...]) -> None:
        types = {a.name for a in self._taxonomy.attributes if a.type}
        for text in texts:
            for attribute, sign in self._read("property_types", text):
                if attribute not in types:
                    self.shifts.append(Shift(attribute, f"wants: {text}", sign * self._sizes["type_taste"]))
                elif sign > 0:
                    self._types.add(attribute)
                else:
                    # "no apartment" among the kinds that are looked for.
                    self._breaks.setdefault((attribute, 1), text)

    def _must_have(self, where: str, text: str, because: str, weight: float) -> None:
        for attribute, sign in self._read(where, text):
            if attribute in self._must_haves:
                continue
            self._prefer(attribute, sign, f"{because}: {text}", weight * self._sizes["must_have"])
            if sign > 0:
                self._must_haves.append(attribute)
                expected = weight * self._sizes["must_have_expected"]
                self.expectations.append(Constant(f"expects: {text}", expected))

    def _prefer(self, attribute: str, sign: Sign, because: str, size: float) -> None:
        """A taste for a thing, and the opposite one for what is its contrary: quiet and noise."""
        self.shifts.append(Shift(attribute, because, sign * size))
        contrary = self._opposed.get(attribute)
        if contrary is not None and sign > 0:
            self.shifts.append(Shift(contrary, because, -self._sizes["contrary"] * size))

    def _deal_breaker(self, where: str, text: str, because: str) -> None:
        """A nuisance breaks by itself, other things as they are named together: "shared pool" is not any pool."""
        signs = list(self._read(where, text))
        alone = [each for each in signs if each[0] in self._nuisances and each[1] > 0]
        if len(signs) > 1 and not alone:
            self._break_together.append((frozenset(signs), text))
        for each in alone or signs[: len(signs) == 1]:
            self._breaks.setdefault(each, text)
        for attribute, sign in signs:
            if sign < 0:
                self.shifts.append(Shift(attribute, f"{because}: {text}", self._sizes["absence_breaks"]))

    def _styles(self, texts: tuple[str, ...]) -> None:
        liked = {attribute: text for text in texts for attribute, s in self._read("style_preferences", text) if s > 0}
        for attribute, text in liked.items():
            self.shifts.append(Shift(attribute, f"style: {text}", self._sizes["style"]))
            opposed = self._opposed.get(attribute)
            if opposed is not None and opposed not in liked:
                self.shifts.append(Shift(opposed, f"style: {text}", self._sizes["opposed_style"]))

    # What was learnt

    def _insight(self, where: str, insight: Insight) -> None:
        weight, text = insight.confidence, insight.text
        match insight.kind:
            case "must_have":
                self._must_have(where, text, "learnt, must have", weight)
            case "deal_breaker" if weight >= self._sizes["believed"]:
                self._deal_breaker(where, text, "learnt, deal breaker")
            case "deal_breaker":
                self._taste(where, text, "learnt, deal breaker", -weight * self._sizes["must_have"])
            case "likes":
                self._taste(where, text, "learnt, likes", weight * self._sizes["like"])
            case "dislikes":
                self._taste(where, text, "learnt, dislikes", -weight * self._sizes["like"])
            case "trait":
                self._trait(where, text, weight)

    def _taste(self, where: str, text: str, because: str, size: float) -> None:
        """A taste for a thing or for a place; what is disliked is not the contrary of what is liked."""
        reading = self._taxonomy.read(text)
        if not reading.understood and self._taxonomy.places.meanings(text):
            self._liked.append((place_of(text, self._taxonomy), size, f"{because}: {text}"))
            return
        for attribute, sign in self._read(where, text):
            if size > 0:
                self._prefer(attribute, sign, f"{because}: {text}", size)
            else:
                self.shifts.append(Shift(attribute, f"{because}: {text}", sign * size))

    def _trait(self, where: str, text: str, weight: float) -> None:
        named = self._groups_of(text)
        if not named:
            side = -1.0 if _AVERSE.intersection(words_of(text)) else 1.0
            self._taste(where, text, "learnt, trait", side * weight * self._sizes["like"])
        self.traits.extend((f"learnt, trait: {name}", group, weight) for name, group in named)
