"""From a persona's fields to tastes: what each field shifts, and by how much. Pure.

The sizes are assumptions, kept in `data/<domain>/tastes.toml`. Every shift remembers the field that caused it, so that
a utility can be taken apart again.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from typing import Any

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.focus_group.wishes import Constant, Shift, Wishes, WishReader
from dramatis_simulation_engine.people import Respondent, age_of, net_worth_of
from dramatis_simulation_engine.taxonomy import Lexicon, Phrase, Taxonomy, load_taxonomy, words_of

_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_CHILD = {"child", "kid", "son", "daughter", "baby", "infant", "toddler", "teenager", "teen", "boy", "girl"}
Table = Mapping[str, Any]
Weighted = tuple[str, Table, float]
"""(because, a group of people that a persona belongs to, how much of its effect counts)."""


@dataclass(frozen=True, slots=True)
class Household:
    """How many live there, as far as it is known."""

    adults: int
    children: int

    @property
    def people(self) -> int:
        return self.adults + self.children


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


_GROUPS = ("family", "occupation", "decision_making", "communication_style", "character")
_TRAITS = ("decision_making", "communication_style", "character")
"""The groups that a trait which was learnt may name."""


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
    wished = WishReader(
        person.preferences,
        person.insights,
        assumptions.taxonomy,
        assumptions.preference,
        lambda text: _groups_named(text, assumptions),
    )
    groups = [*_weighted_groups(described, assumptions), *wished.traits]
    return Tastes(
        shifts=tuple(
            chain(
                _numeric_shifts(person, assumptions),
                (Shift(a, because, w * v) for because, group, w in groups for a, v in group["tastes"].items()),
                wished.shifts,
            )
        ),
        constants=(*_urgency(person, assumptions), *_group_constants(groups)),
        expectations=tuple(wished.expectations),
        wishes=wished.wishes(person.demographics.primary_residence),
        noise=math.prod(group.get("noise", 1.0) ** weight for _, group, weight in groups),
        price=_price_coefficient(person, assumptions)
        * math.prod(group.get("price", 1.0) ** weight for _, group, weight in groups),
        comfortable_price=_comfortable_price(person, assumptions),
        household=_household(person.demographics.family_status, described["family"]),
        unrecognized=(*_unread_groups(person, described), *wished.unrecognized),
    )


def _weighted_groups(described: Mapping[str, tuple[str, ...]], assumptions: Assumptions) -> Iterator[Weighted]:
    for group, names in described.items():
        for name in names:
            yield f"{group}: {name}", assumptions.groups[group][name], 1.0


def _groups_named(text: str, assumptions: Assumptions) -> list[tuple[str, Table]]:
    """The groups of people that a trait names: `"bargain hunter"`, `"data driven"`. "Not analytical" names none."""
    return [
        (name, assumptions.groups[group][name])
        for group in _TRAITS
        for name in assumptions.lexicons[group].affirmed(text)
    ]


def _texts(person: Respondent) -> dict[str, str | None]:
    return {
        "family": person.demographics.family_status,
        "occupation": person.demographics.occupation,
        "decision_making": person.traits.decision_making,
        "communication_style": person.traits.communication_style,
    }


def _described_groups(person: Respondent, assumptions: Assumptions) -> dict[str, tuple[str, ...]]:
    return {field: assumptions.lexicons[field].affirmed(text) if text else () for field, text in _texts(person).items()}


def _unread_groups(person: Respondent, described: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for field, text in _texts(person).items():
        if text and not described[field]:
            yield {"family": "family_status"}.get(field, field), text


def _numeric_shifts(person: Respondent, assumptions: Assumptions) -> Iterator[Shift]:
    if (age := age_of(person.demographics.age_range)) is not None:
        decades = (age - assumptions.age["reference"]) / 10
        for attribute, slope in assumptions.age["per_decade"].items():
            yield Shift(attribute, "age", slope * decades)
    if (doublings := _doublings(person, assumptions)) is not None:
        for attribute, slope in assumptions.wealth["per_doubling"].items():
            yield Shift(attribute, "net worth", slope * doublings)
    if level := person.traits.risk_tolerance:
        for attribute, value in assumptions.levels["risk_tolerance"][_level(level)].items():
            yield Shift(attribute, f"risk tolerance: {_level(level)}", value)


def _level(level: str) -> str:
    return "moderate" if level == "medium" else level


def _urgency(person: Respondent, assumptions: Assumptions) -> Iterator[Constant]:
    if level := person.traits.buying_urgency:
        yield Constant(f"buying urgency: {_level(level)}", assumptions.levels["buying_urgency"][_level(level)])


def _group_constants(groups: list[Weighted]) -> Iterator[Constant]:
    for because, group, weight in groups:
        if "interest" in group:
            yield Constant(because, weight * group["interest"])


def _price_coefficient(person: Respondent, assumptions: Assumptions) -> float:
    """Who has more minds the same ratio of prices less."""
    level = _level(person.traits.price_sensitivity or "moderate")
    plain = float(assumptions.choice["price"] * assumptions.levels["price_sensitivity"][level])
    doublings = _doublings(person, assumptions)
    return plain if doublings is None else plain * float(assumptions.wealth["price_per_doubling"]) ** doublings


def _comfortable_price(person: Respondent, assumptions: Assumptions) -> float | None:
    worth = net_worth_of(person.demographics.net_worth_range)
    return None if worth is None else worth * float(assumptions.choice["budget_share"])


def _doublings(person: Respondent, assumptions: Assumptions) -> float | None:
    """How often the reference net worth is doubled, cut to ±4; None where the net worth is not known."""
    worth = net_worth_of(person.demographics.net_worth_range)
    return None if worth is None else max(-4.0, min(4.0, math.log2(worth / assumptions.wealth["reference"])))


def _household(family_status: str | None, meanings: tuple[str, ...]) -> Household | None:
    if family_status is None or not meanings:
        return None
    words = words_of(family_status)
    adults = 2 if "couple" in meanings else 1
    if "child" not in meanings:
        return Household(adults, 0)
    if (together := _family_of(words)) is not None:
        return Household(min(2, together), max(0, together - 2))
    return Household(adults, _children(words))


def _family_of(words: Phrase) -> int | None:
    """`"family of five"` → 5."""
    at = next((i for i in range(len(words) - 2) if words[i : i + 2] == ("family", "of")), None)
    return None if at is None else _number(words[at + 2])


def _children(words: Phrase) -> int:
    """`"2 sons and a daughter"` → 3; the first number where none stands before a child, 1 where there is none."""
    counted = [_number(word) for word, then in pairwise(words) if then in _CHILD]
    if known := [number for number in counted if number is not None]:
        return min(12, sum(known))
    if {"twin", "triplet"} & set(words):
        return 3 if "triplet" in words else 2
    return min(12, next(filter(None, map(_number, words)), 1))


def _number(word: str) -> int | None:
    if word in _NUMBERS:
        return _NUMBERS[word]
    return int(word) if word.isdecimal() and len(word) < 4 else None
