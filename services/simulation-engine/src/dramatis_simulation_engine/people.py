"""Who answers: a respondent and how its free-form fields are read as numbers. Pure."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from dramatis_contracts.persona.v1 import BehavioralTraits, Demographics, Insight, Preferences

_MONEY = re.compile(r"(\d+(?:\.\d+)?)([kmb]?)", re.IGNORECASE)
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
_OPEN_END = 1.25
"""What "$100M+" is read as, relative to the bound; "<$100M" is its reciprocal. Assumed."""


@dataclass(frozen=True, slots=True)
class Respondent:
    """One person who takes part: a persona at a version, or one drawn from a segment."""

    id: str
    origin: Literal["specific", "generated"]
    demographics: Demographics
    preferences: Preferences
    traits: BehavioralTraits
    segment: str | None = None
    version: int | None = None
    insights: tuple[Insight, ...] = ()
    replicate: int | None = None
    """Of those drawn from a segment: which independent replicate of the draws it belongs to."""


def age_of(age_range: str | None) -> float | None:
    """`"45-55"` → 50.0, `"65+"` → 70.0, in years."""
    if age_range is None:
        return None
    if age_range.endswith("+"):
        return float(age_range[:-1]) + 5
    low, _, high = age_range.partition("-")
    return (float(low) + float(high or low)) / 2


def net_worth_of(net_worth_range: str | None) -> float | None:
    """`"$50M-$100M"` → the geometric mean, in US dollars. A bound without a unit takes its neighbour's."""
    if net_worth_range is None:
        return None
    bounds = _MONEY.findall(net_worth_range)
    if not bounds:
        return None
    unit = bounds[-1][1]
    values = [float(number) * _UNITS[(own or unit).lower()] for number, own in bounds]
    if min(values) <= 0:
        return None
    middle = math.exp(sum(map(math.log, values)) / len(values))
    if net_worth_range.endswith("+") or net_worth_range.startswith(">"):
        return middle * _OPEN_END
    return middle / _OPEN_END if net_worth_range.startswith("<") else middle
