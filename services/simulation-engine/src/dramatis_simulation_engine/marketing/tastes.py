"""From a person's fields to tastes for messages and channels, each shift with the field that caused it. Pure.

The sizes are assumptions, kept in `data/marketing/tastes.toml`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.marketing import DOMAIN
from dramatis_simulation_engine.marketing.messages import Reader, load_reader
from dramatis_simulation_engine.people import Respondent, age_of, net_worth_of
from dramatis_simulation_engine.taxonomy import Lexicon, Phrase, Sign, words_of

Table = Mapping[str, Any]
_GROUPS = ("family", "occupation", "decision_making", "communication_style")


@dataclass(frozen=True, slots=True)
class Shift:
    """The person differs from everybody in its taste for `attribute` by `value`."""

    attribute: str
    because: str
    value: float


@dataclass(frozen=True, slots=True)
class Constant:
    """What moves every response of the person. `weight`: which column of the stages' table says how much at each."""

    because: str
    value: float
    weight: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a persona's preferences name, in the terms in which messages are read."""

    topics: frozenset[str]
    types: frozenset[str]
    features: frozenset[tuple[str, Sign]]
    styles: frozenset[str]
    opposed: frozenset[str]
    places: frozenset[Phrase]
    residence: Phrase | None
    breaks: Mapping[tuple[str, Sign], str]


@dataclass(frozen=True, slots=True)
class Tastes:
    """What follows from a person's fields. `age` in years, None when it is not known."""

    shifts: tuple[Shift, ...]
    constants: tuple[Constant, ...]
    wanted: Wanted
    rhythm: tuple[str, ...]
    """The groups whose hours the person keeps."""
    age: float | None
    noise: float
    unrecognized: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Assumptions:
    """The sizes of all effects, and the words that lead to them."""

    reader: Reader
    choice: Table
    average: Mapping[str, float]
    stages: Mapping[str, Mapping[str, float]]
    market: Mapping[str, float]
    hooks: Table
    age: Table
    wealth: Table
    relevance: Table
    days: Mapping[str, float]
    parts: Mapping[str, Table]
    rhythm: Mapping[str, Mapping[str, float]]
    levels: Table
    groups: Mapping[str, Mapping[str, Table]]
    lexicons: Mapping[str, Lexicon]

    def decades(self, tastes: Tastes, reference: float | None = None) -> float:
        """Age beyond a reference in tens of years; 0 when it is not known."""
        return 0.0 if tastes.age is None else (tastes.age - (reference or self.age["reference"])) / 10

    @property
    def names(self) -> tuple[str, ...]:
        return self.reader.taxonomy.names


@cache
def load_assumptions() -> Assumptions:
    """The assumptions; read once per process."""
    raw = load_toml(DOMAIN, "tastes")
    plain = ("choice", "average", "stages", "market", "hooks", "age", "wealth", "relevance", "days", "parts", "rhythm")
    return Assumptions(
        reader=load_reader(),
        levels={name: raw[name] for name in ("urgency", "price_sensitivity", "risk_tolerance")},
        groups={group: raw[group] for group in _GROUPS},
        lexicons={g: Lexicon.of({k: fields["words"] for k, fields in raw[g].items()}) for g in _GROUPS},
        **{name: raw[name] for name in plain},
    )


def tastes_of(person: Respondent, assumptions: Assumptions) -> Tastes:
    """The tastes that a person's fields imply. An absent field shifts nothing; an unknown word is reported."""
    texts = _texts(person)
    described = {g: assumptions.lexicons[g].affirmed(text) if text else () for g, text in texts.items()}
    groups = [(field, name, assumptions.groups[field][name]) for field, names in described.items() for name in names]
    age = age_of(person.demographics.age_range)
    wishes = _Wishes(person, assumptions)
    unread = ((_FIELD.get(g, g), text) for g, text in texts.items() if text and not described[g])
    return Tastes(
        shifts=(
            *_numeric_shifts(person, age, assumptions),
            *(Shift(a, f"{_field(f)}: {name}", v) for f, name, group in groups for a, v in group["tastes"].items()),
            *wishes.shifts,
        ),
        constants=(*_urgency(person, assumptions), *_interest(groups)),
        wanted=wishes.wanted,
        rhythm=tuple(name for name in described["occupation"] if name in assumptions.rhythm),
        age=age,
        noise=math.prod(group.get("noise", 1.0) for _, _, group in groups),
        unrecognized=(*unread, *wishes.unrecognized),
    )


_FIELD = {"family": "family_status"}


def _field(group: str) -> str:
    return _FIELD.get(group, group).replace("_", " ")


def _texts(person: Respondent) -> dict[str, str | None]:
    return {
        "family": person.demographics.family_status,
        "occupation": person.demographics.occupation,
        "decision_making": person.traits.decision_making,
        "communication_style": person.traits.communication_style,
    }


def _numeric_shifts(person: Respondent, age: float | None, assumptions: Assumptions) -> Iterator[Shift]:
    if age is not None:
        for attribute, slope in assumptions.age["per_decade"].items():
            yield Shift(attribute, "age", slope * (age - assumptions.age["reference"]) / 10)
    if (worth := net_worth_of(person.demographics.net_worth_range)) is not None:
        most = assumptions.wealth["most"]
        doublings = max(-most, min(most, math.log2(worth / assumptions.wealth["reference"])))
        for attribute, slope in assumptions.wealth["per_doubling"].items():
            yield Shift(attribute, "net worth", slope * doublings)
    for trait in ("price_sensitivity", "risk_tolerance"):
        if level := getattr(person.traits, trait):
            for attribute, value in assumptions.levels[trait][_level(level)].items():
                yield Shift(attribute, f"{trait.replace('_', ' ')}: {_level(level)}", value)


def _level(level: str) -> str:
    return "moderate" if level == "medium" else level


def _urgency(person: Respondent, assumptions: Assumptions) -> Iterator[Constant]:
    if level := person.traits.buying_urgency:
        yield Constant(f"buying urgency: {_level(level)}", assumptions.levels["urgency"][_level(level)], "urgency")


def _interest(groups: list[tuple[str, str, Table]]) -> Iterator[Constant]:
    for field, name, group in groups:
        if "interest" in group:
            yield Constant(f"{_field(field)}: {name}", group["interest"], "interest")


class _Wishes:
    """Reads the preferences and what follows from them."""

    def __init__(self, person: Respondent, assumptions: Assumptions) -> None:
        self._homes = assumptions.reader.homes
        self._topics = assumptions.reader.topics
        self.unrecognized: list[tuple[str, str]] = []
        preferences, sizes = person.preferences, assumptions.relevance
        types = self._signs("property_types", preferences.property_types)
        features = self._signs("must_have_features", preferences.must_have_features)
        styles = self._signs("style_preferences", preferences.style_preferences)
        self._breaks = self._signs("deal_breakers", preferences.deal_breakers)
        opposes = {a.name: a.opposes for a in self._homes.attributes}
        liked = frozenset(attribute for attribute, sign in styles if sign > 0)
        residence = person.demographics.primary_residence
        self.wanted = Wanted(
            topics=frozenset(topic for text in preferences.style_preferences for topic in self._topics.meanings(text)),
            types=frozenset(attribute for attribute, sign in types if sign > 0),
            features=frozenset(features),
            styles=liked,
            opposed=frozenset(o for name in liked if (o := opposes.get(name)) and o not in liked),
            places=frozenset(map(self._place, preferences.preferred_locations)),
            residence=self._place(residence) if residence else None,
            breaks=self._breaks,
        )
        self.shifts = tuple(self._private(sizes))

    def _signs(self, field: str, texts: tuple[str, ...]) -> dict[tuple[str, Sign], str]:
        found: dict[tuple[str, Sign], str] = {}
        for text in texts:
            reading = self._homes.read(text)
            for entry in reading.signs.items():
                found.setdefault(entry, text)
            if not reading.understood and not self._topics.meanings(text):
                self.unrecognized.append((field, text))
        return found

    def _private(self, sizes: Table) -> Iterator[Shift]:
        """Somebody for whom a lack of privacy ends everything does not want to be seen either."""
        for (attribute, sign), text in self._breaks.items():
            if (attribute, sign) in (("privacy", -1), ("exposure", 1)):
                yield Shift("public", f"deal breaker: {text}", sizes["no_privacy_public"])
                yield Shift("exclusivity", f"deal breaker: {text}", sizes["absence_breaks"])

    def _place(self, text: str) -> Phrase:
        known = self._homes.places.meanings(text)
        return (known[0],) if known else words_of(text)
