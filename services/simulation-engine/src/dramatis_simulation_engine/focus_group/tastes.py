"""From a persona's fields to tastes: what each field shifts, and by how much. Pure.

The sizes are assumptions, kept in `data/<domain>/tastes.toml`. Every shift remembers the field that caused it, so that
a utility can be taken apart again.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from dramatis_contracts.persona.v1 import Preferences
from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.people import Respondent, age_of, net_worth_of
from dramatis_simulation_engine.taxonomy import (
    Lexicon,
    Phrase,
    Sign,
    Taxonomy,
    load_taxonomy,
    words_of,
)

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
Table = Mapping[str, Any]


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
class Household:
    """How many live there, as far as it is known."""

    adults: int
    children: int

    @property
    def people(self) -> int:
        return self.adults + self.children


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a persona's preferences say about a property as a whole."""

    types: frozenset[str] = frozenset()
    places: tuple[Phrase, ...] = ()
    residence: Phrase | None = None
    must_haves: tuple[str, ...] = ()
    breaks: Mapping[tuple[str, Sign], str] | None = None


@dataclass(frozen=True, slots=True)
class Tastes:
    """The mean tastes of a persona, and what its deal breakers remove.

    `constants` belong to the person whatever is asked, `expectations` only to a property as a whole.
    `noise` multiplies the random part of utility, `price` is the coefficient of ln(price / asking price), above 0.
    `comfortable_price` is in US dollars, None when the net worth is not known.
    """

    shifts: tuple[Shift, ...]
    constants: tuple[Constant, ...]
    expectations: tuple[Constant, ...]
    wishes: Wishes
    noise: float
    price: float
    comfortable_price: float | None
    household: Household | None
    unrecognized: tuple[tuple[str, str], ...]
    """(field, text) of every text that has no meaning here."""


@dataclass(frozen=True)
class Assumptions:
    """The sizes of all effects in one domain, and the words that lead to them."""

    taxonomy: Taxonomy
    choice: Table
    price_research: Table
    preference: Table
    household: Table
    market: Mapping[str, float]
    age: Table
    wealth: Table
    levels: Table
    groups: Mapping[str, Mapping[str, Table]]
    lexicons: Mapping[str, Lexicon]
    version: str


_GROUPS = ("family", "occupation", "decision_making", "communication_style")


@cache
def load_assumptions(domain: str = "real_estate") -> Assumptions:
    """The assumptions of a domain; read once per process."""
    raw = load_toml(domain, "tastes")
    return Assumptions(
        taxonomy=load_taxonomy(domain),
        choice=raw["choice"],
        price_research=raw["price_research"],
        preference=raw["preference"],
        household=raw["household"],
        market=raw["market"],
        age=raw["age"],
        wealth=raw["wealth"],
        levels={name: raw[name] for name in ("risk_tolerance", "buying_urgency", "price_sensitivity")},
        groups={group: raw[group] for group in _GROUPS},
        lexicons={g: Lexicon.of({k: fields["words"] for k, fields in raw[g].items()}) for g in _GROUPS},
        version=raw["version"],
    )


def tastes_of(person: Respondent, assumptions: Assumptions) -> Tastes:
    """The tastes that a person's fields imply. An absent field shifts nothing; an unknown word is reported."""
    described = _described_groups(person, assumptions)
    groups = [(field, name, assumptions.groups[field][name]) for field, names in described.items() for name in names]
    wished = _Wished(person.preferences, assumptions)
    worth = net_worth_of(person.demographics.net_worth_range)
    return Tastes(
        shifts=tuple(
            chain(
                _numeric_shifts(person, assumptions),
                (Shift(a, f"{f}: {name}", v) for f, name, group in groups for a, v in group["tastes"].items()),
                wished.shifts,
            )
        ),
        constants=(*_urgency(person, assumptions), *_group_constants(groups)),
        expectations=tuple(wished.expectations),
        wishes=wished.wishes(person.demographics.primary_residence),
        noise=math.prod(group.get("noise", 1.0) for _, _, group in groups),
        price=_price_coefficient(person, assumptions) * math.prod(group.get("price", 1.0) for _, _, group in groups),
        comfortable_price=None if worth is None else worth * assumptions.choice["budget_share"],
        household=_household(person.demographics.family_status, described["family"]),
        unrecognized=(*_unread_groups(person, described), *wished.unrecognized),
    )


def _texts(person: Respondent) -> dict[str, str | None]:
    return {
        "family": person.demographics.family_status,
        "occupation": person.demographics.occupation,
        "decision_making": person.traits.decision_making,
        "communication_style": person.traits.communication_style,
    }


def _described_groups(person: Respondent, assumptions: Assumptions) -> dict[str, tuple[str, ...]]:
    return {field: assumptions.lexicons[field].meanings(text) if text else () for field, text in _texts(person).items()}


def _unread_groups(person: Respondent, described: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for field, text in _texts(person).items():
        if text and not described[field]:
            yield {"family": "family_status"}.get(field, field), text


def _numeric_shifts(person: Respondent, assumptions: Assumptions) -> Iterator[Shift]:
    if (age := age_of(person.demographics.age_range)) is not None:
        decades = (age - assumptions.age["reference"]) / 10
        for attribute, slope in assumptions.age["per_decade"].items():
            yield Shift(attribute, "age", slope * decades)
    if (worth := net_worth_of(person.demographics.net_worth_range)) is not None:
        doublings = math.log2(worth / assumptions.wealth["reference"])
        for attribute, slope in assumptions.wealth["per_doubling"].items():
            yield Shift(attribute, "net worth", slope * max(-4.0, min(4.0, doublings)))
    if level := person.traits.risk_tolerance:
        for attribute, value in assumptions.levels["risk_tolerance"][_level(level)].items():
            yield Shift(attribute, f"risk tolerance: {_level(level)}", value)


def _level(level: str) -> str:
    return "moderate" if level == "medium" else level


def _urgency(person: Respondent, assumptions: Assumptions) -> Iterator[Constant]:
    if level := person.traits.buying_urgency:
        yield Constant(f"buying urgency: {_level(level)}", assumptions.levels["buying_urgency"][_level(level)])


def _group_constants(groups: list[tuple[str, str, Table]]) -> Iterator[Constant]:
    for field, name, group in groups:
        if "interest" in group:
            yield Constant(f"{field}: {name}", group["interest"])


def _price_coefficient(person: Respondent, assumptions: Assumptions) -> float:
    level = _level(person.traits.price_sensitivity or "moderate")
    return float(assumptions.choice["price"] * assumptions.levels["price_sensitivity"][level])


def _household(family_status: str | None, meanings: tuple[str, ...]) -> Household | None:
    if family_status is None or not meanings:
        return None
    children = _children(words_of(family_status)) if "child" in meanings else 0
    return Household(adults=2 if "couple" in meanings else 1, children=children)


def _children(words: Phrase) -> int:
    for word in words:
        if word in _NUMBERS or word.isdigit():
            return min(12, _NUMBERS.get(word) or int(word))
    return 1


class _Wished:
    """Reads the preferences once and collects what follows from them."""

    def __init__(self, preferences: Preferences, assumptions: Assumptions) -> None:
        self._taxonomy = assumptions.taxonomy
        self._sizes = assumptions.preference
        self.shifts: list[Shift] = []
        self.expectations: list[Constant] = []
        self.unrecognized: list[tuple[str, str]] = []
        self._types: set[str] = set()
        self._must_haves: list[str] = []
        self._breaks: dict[tuple[str, Sign], str] = {}
        self._types_of_property(preferences.property_types)
        self._features(preferences.must_have_features)
        self._deal_breakers(preferences.deal_breakers)
        self._styles(preferences.style_preferences)
        self._places = tuple(place_of(text, self._taxonomy) for text in preferences.preferred_locations)

    def wishes(self, residence: str | None) -> Wishes:
        return Wishes(
            types=frozenset(self._types),
            places=self._places,
            residence=place_of(residence, self._taxonomy) if residence else None,
            must_haves=tuple(self._must_haves),
            breaks=self._breaks,
        )

    def _read(self, field: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str, Sign]]:
        for text in texts:
            reading = self._taxonomy.read(text)
            if not reading.understood:
                self.unrecognized.append((field, text))
            for attribute, sign in reading.signs.items():
                yield text, attribute, sign

    def _types_of_property(self, texts: tuple[str, ...]) -> None:
        types = {a.name for a in self._taxonomy.attributes if a.type}
        for text, attribute, sign in self._read("property_types", texts):
            if attribute in types:
                self._types.add(attribute)
            else:
                self.shifts.append(Shift(attribute, f"wants: {text}", sign * self._sizes["type_taste"]))

    def _features(self, texts: tuple[str, ...]) -> None:
        for text, attribute, sign in self._read("must_have_features", texts):
            if attribute in self._must_haves:
                continue
            self.shifts.append(Shift(attribute, f"must have: {text}", sign * self._sizes["must_have"]))
            if sign > 0:
                self._must_haves.append(attribute)
                self.expectations.append(Constant(f"expects: {text}", self._sizes["must_have_expected"]))

    def _deal_breakers(self, texts: tuple[str, ...]) -> None:
        for text, attribute, sign in self._read("deal_breakers", texts):
            self._breaks.setdefault((attribute, sign), text)
            if sign < 0:
                self.shifts.append(Shift(attribute, f"deal breaker: {text}", self._sizes["absence_breaks"]))

    def _styles(self, texts: tuple[str, ...]) -> None:
        opposes = {a.name: a.opposes for a in self._taxonomy.attributes}
        liked = {attribute: text for text, attribute, sign in self._read("style_preferences", texts) if sign > 0}
        for attribute, text in liked.items():
            self.shifts.append(Shift(attribute, f"style: {text}", self._sizes["style"]))
            opposed = opposes[attribute]
            if opposed and opposed not in liked:
                self.shifts.append(Shift(opposed, f"style: {text}", self._sizes["opposed_style"]))


def place_of(text: str, taxonomy: Taxonomy) -> Phrase:
    """A known place as `("manhattan",)`; any other text as its words."""
    known = taxonomy.places.meanings(text)
    return (known[0],) if known else words_of(text)
