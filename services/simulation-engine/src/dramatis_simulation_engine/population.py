"""People drawn from segments: correlated traits from Sobol points, as varied as the study asks. Pure.

Within a segment people belong in turn to one of 16 replicates of the Sobol points, each shifted at random. Replicates
are independent of one another, so that the error of what people say can be estimated; the people of one replicate cover
the segment more evenly than chance (randomised quasi-Monte Carlo; L'Ecuyer, Nakayama, Owen and Tuffin 2023).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtri

from dramatis_contracts.persona.v1 import BehavioralTraits, Demographics, Preferences
from dramatis_contracts.simulation_engine.v1 import DiversityParameters
from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.people import Respondent, age_of, net_worth_of
from dramatis_simulation_engine.seeds import Floats, seed_of, shifted, sobol

_TRAITS = ("age", "wealth", "risk", "urgency", "price")
_CUTS = (-1.5, -0.5, 0.5, 1.5)
_LEVELS = ("very_low", "low", "moderate", "high", "very_high")
REPLICATES = 16
"""Of the draws of one segment. Fewer leave the error badly known, more leave the draws less even."""
_QUARTILES = (-0.6744897501960817, 0.0, 0.6744897501960817)


@dataclass(frozen=True)
class Segment:
    """A group of people by its distributions; see `data/<domain>/segments.toml` for their meaning."""

    name: str
    title: str
    description: str
    age: Mapping[str, float]
    net_worth: Mapping[str, float]
    leanings: Mapping[str, float]
    shares: Mapping[str, Mapping[str, float]]
    chances: Mapping[str, Mapping[str, float]]

    @property
    def dimensions(self) -> int:
        """How many numbers make one person."""
        return len(_TRAITS) + len(self.shares) + sum(map(len, self.chances.values()))


@dataclass(frozen=True)
class Segments:
    """All segments of a domain, and how traits go together in every one of them."""

    by_name: Mapping[str, Segment]
    root: Floats
    """Lower triangular: independent normals times this have the stated correlations."""
    version: str


@cache
def load_segments(domain: str = "real_estate") -> Segments:
    """The segments of a domain; read once per process."""
    raw = load_toml(domain, "segments")
    by_name = {name: Segment(name=name, **fields) for name, fields in sorted(raw["segments"].items())}
    return Segments(by_name=by_name, root=_root(raw["correlations"]), version=raw["version"])


def _root(pairs: Mapping[str, float]) -> Floats:
    matrix = np.eye(len(_TRAITS))
    for pair, value in pairs.items():
        one, other = map(_TRAITS.index, pair.split("_"))
        matrix[one, other] = matrix[other, one] = value
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def draw_people(
    names: Sequence[str], count: int, diversity: DiversityParameters, segments: Segments, seed: int
) -> tuple[Respondent, ...]:
    """`count` people, the same number from each segment or one more. The first people do not depend on `count`."""
    ordered = sorted(names)
    drawn: list[Respondent] = []
    for position, name in enumerate(ordered):
        share = (count - position + len(ordered) - 1) // len(ordered)
        drawn.extend(_draw_segment(segments.by_name[name], share, diversity, segments.root, seed))
    return tuple(drawn)


def _draw_segment(
    segment: Segment, count: int, diversity: DiversityParameters, root: Floats, seed: int
) -> Iterator[Respondent]:
    if count <= 0:
        return
    net = sobol(segment.dimensions, -(-count // REPLICATES), seed_of(seed, "people", segment.name))
    for number in range(count):
        replicate = number % REPLICATES
        point = shifted(net[number // REPLICATES], seed, "people", segment.name, replicate)
        yield _person(f"{segment.name}-{number + 1:04d}", replicate, segment, point, root, diversity)


def _person(
    person_id: str, replicate: int, segment: Segment, point: Floats, root: Floats, diversity: DiversityParameters
) -> Respondent:
    spread = diversity.preference_diversity
    trait = root @ ndtri(point[: len(_TRAITS)])
    rest = iter(point[len(_TRAITS) :].tolist())
    one = {field: _pick(shares, next(rest), spread) for field, shares in sorted(segment.shares.items())}
    several = {
        field: tuple(word for word, chance in sorted(words.items()) if next(rest) < sharpened(chance, spread))
        for field, words in sorted(segment.chances.items())
    }
    age, wealth = trait[0] * diversity.age_diversity, trait[1] * diversity.wealth_diversity
    levels = {name: _level(segment.leanings[name] + spread * trait[_TRAITS.index(name)]) for name in _TRAITS[2:]}
    return Respondent(
        id=person_id,
        origin="generated",
        segment=segment.name,
        replicate=replicate,
        demographics=Demographics(
            age_range=str(_age(segment, float(age))),
            net_worth_range=_net_worth(segment, float(wealth)),
            occupation=one["occupation"],
            primary_residence=one["primary_residence"],
            family_status=one["family_status"],
        ),
        preferences=Preferences(**several),
        traits=BehavioralTraits(
            decision_making=one["decision_making"],
            communication_style=one["communication_style"],
            risk_tolerance=levels["risk"],
            buying_urgency=levels["urgency"],
            price_sensitivity=levels["price"],
        ),
    )


def _pick(shares: Mapping[str, float], point: float, spread: float) -> str:
    """A category by its share raised to 1/spread: spread 1 keeps the shares, spread 0 takes the commonest."""
    names = sorted(shares, key=lambda name: (-shares[name], name))
    if spread == 0:
        return names[0]
    top = shares[names[0]]
    weights = np.array([(shares[name] / top) ** (1 / spread) for name in names])
    return names[min(len(names) - 1, int(np.searchsorted(np.cumsum(weights) / weights.sum(), point)))]


def sharpened(chance: float, spread: float) -> float:
    """The chance of yes when the odds are raised to 1/spread."""
    if spread == 0:
        return float(chance > 0.5)
    yes, no = chance ** (1 / spread), (1 - chance) ** (1 / spread)
    return float(yes / (yes + no))


def _level(value: float) -> Any:
    return _LEVELS[int(np.searchsorted(_CUTS, value))]


def _age(segment: Segment, z: float) -> int:
    return round(min(segment.age["high"], max(segment.age["low"], segment.age["mean"] + segment.age["sd"] * z)))


def _net_worth(segment: Segment, z: float) -> str:
    return f"${segment.net_worth['median'] * np.exp(segment.net_worth['sigma'] * z) / 1e6:.2f}M"


def describe_population(people: Sequence[Respondent], segments: Segments) -> dict[str, Any]:
    """Who took part, and how much of their segments the drawn people cover."""
    drawn = [p for p in people if p.segment]
    ages = [age for p in people if (age := age_of(p.demographics.age_range)) is not None]
    worths = [worth for p in people if (worth := net_worth_of(p.demographics.net_worth_range)) is not None]
    return {
        "n": len(people),
        "specific": len(people) - len(drawn),
        "generated": {name: sum(p.segment == name for p in drawn) for name in sorted({p.segment or "" for p in drawn})},
        "age": _spread(ages),
        "net_worth": _spread(worths),
        "coverage": _coverage(drawn, segments),
    }


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    low, middle, high = (float(f"{value:.6g}") for value in (min(values), np.median(values), max(values)))
    return {"min": low, "median": middle, "max": high, "known_for": len(values)}


def _coverage(drawn: Sequence[Respondent], segments: Segments) -> dict[str, Any] | None:
    """How many of the 16 cells of age quartile × net-worth quartile of their segments the people reach."""
    if not drawn:
        return None
    cells = {_cell(person, segments.by_name[person.segment or ""]) for person in drawn}
    names = {name for name, _, _ in cells}
    return {
        "cells_reached": len(cells),
        "cells": 16 * len(names),
        "cell": "age quartile × net-worth quartile × segment",
    }


def _cell(person: Respondent, segment: Segment) -> tuple[str, int, int]:
    age = ((age_of(person.demographics.age_range) or 0) - segment.age["mean"]) / segment.age["sd"]
    worth = net_worth_of(person.demographics.net_worth_range) or segment.net_worth["median"]
    wealth = np.log(worth / segment.net_worth["median"]) / segment.net_worth["sigma"]
    return segment.name, int(np.searchsorted(_QUARTILES, age)), int(np.searchsorted(_QUARTILES, wealth))
