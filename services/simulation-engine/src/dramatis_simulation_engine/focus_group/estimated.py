"""Estimated tastes in place of assumed ones: whose they are, and what they change. Pure.

An attribute that was estimated takes its mean and its spread from the estimates, whatever the persona's fields say;
all others stay as assumed. Deal breakers stay deal breakers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.common import Calibration, TasteSet
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.questions import Question
from dramatis_simulation_engine.focus_group.tastes import Assumptions, Tastes
from dramatis_simulation_engine.focus_group.wishes import Shift
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats, normals

PRICE = "price"
ASSUMED = "Tastes are assumed, not measured: read these numbers as what such people would do if the assumptions hold."


@dataclass(frozen=True)
class Estimates:
    """The taste set of each person, None where its tastes are assumed. In the order of the people."""

    sets: tuple[TasteSet | None, ...] = ()

    @classmethod
    def of(cls, people: Sequence[Respondent], known: Sequence[TasteSet]) -> "Estimates":
        """Invited personas are found by id, drawn people by their segment."""
        personas = {name: one for one in known for name in one.personas}
        segments = {name: one for one in known for name in one.segments}
        return cls(
            tuple(personas.get(p.id) if p.origin == "specific" else segments.get(p.segment or "") for p in people)
        )

    def calibration(self, questions: Iterable[Question]) -> Calibration:
        """The weakest of what these questions turn on: one person with one assumed taste makes it `assumed`."""
        varied = varied_in(questions)
        if not varied or not self.sets:
            return "assumed"
        if not all(one is not None and varied <= covered(one) for one in self.sets):
            return "assumed"
        return "fitted" if all(one is not None and one.calibration == "fitted" for one in self.sets) else "elicited"

    @property
    def used(self) -> dict[str, list[TasteSet]]:
        """Those that are used, once for each person, by id."""
        found: dict[str, list[TasteSet]] = {}
        for one in self.sets:
            if one is not None:
                found.setdefault(one.id, []).append(one)
        return found

    def described(self, questions: Iterable[Question]) -> dict[str, Any]:
        """How many people have tastes of which kind, from where, and what stayed assumed for someone."""
        kinds = [one.calibration if one else "assumed" for one in self.sets]
        asked = varied_in(questions)
        return {
            "people": {kind: kinds.count(kind) for kind in ("assumed", "elicited", "fitted")},
            "sets": [
                {
                    "id": name,
                    "calibration": several[0].calibration,
                    "people": len(several),
                    "attributes": sorted(frozenset[str]().union(*map(covered, several))),
                    "evidence": several[0].evidence,
                }
                for name, several in sorted(self.used.items())
            ],
            "assumed_attributes": sorted(
                a for a in asked if any(one is None or a not in covered(one) for one in self.sets)
            ),
        }

    def statement(self, questions: Iterable[Question]) -> str:
        """What a reader has to know about where the tastes come from, in a sentence."""
        estimated = [one for one in self.sets if one is not None]
        if not estimated:
            return ASSUMED
        kinds = " and ".join(sorted({one.calibration for one in estimated}))
        people = f"{len(estimated)} of {len(self.sets)} respondents have {kinds} tastes"
        left = self.described(questions)["assumed_attributes"]
        rest = f"; assumed for some or all of them: {findings.listed(left)}" if left else ""
        return f"{people} (from {findings.listed(sorted({one.evidence for one in estimated})[:3])}){rest}."


def covered(one: TasteSet) -> frozenset[str]:
    """The attributes that a set has estimates of, price included."""
    return frozenset(one.means) | ({PRICE} if one.price is not None else frozenset())


def varied_in(questions: Iterable[Question]) -> frozenset[str]:
    """The attributes on which answers to these questions turn."""
    found: set[str] = set()
    for question in questions:
        found.update(a for alternative in question.alternatives for a, level in alternative.changes.items() if level)
        if any(alternative.price != question.listing.price for alternative in question.alternatives):
            found.add(PRICE)
    return frozenset(found)


def with_estimates(tastes: Tastes, one: TasteSet | None, assumptions: Assumptions) -> Tastes:
    """Mean tastes with the estimated ones in place of the market's and the persona's own."""
    if one is None:
        return tastes
    known = [name for name in one.means if name in assumptions.market]
    because = f"{one.calibration}: {one.evidence}"
    kept = tuple(shift for shift in tastes.shifts if shift.attribute not in known)
    return replace(
        tastes,
        shifts=(*kept, *(Shift(name, because, one.means[name] - assumptions.market[name]) for name in known)),
        price=tastes.price if one.price is None else one.price,
        # The scale of fitted tastes is that of the people's own randomness already.
        noise=1.0 if one.calibration == "fitted" else tastes.noise,
    )


def set_deviations(
    personal: Floats, one: TasteSet | None, index: Mapping[str, int], scale: float, *named: object
) -> None:
    """In place: a person's lasting deviations (attributes,), as widely spread as the estimates say."""
    if one is None or not one.deviations:
        return
    if one.loadings:
        drawn = _correlated(one, named)
    else:
        independent = normals(len(index), *named, "taste")
        drawn = {name: one.deviations[name] * independent[index[name]] for name in one.deviations if name in index}
    for name, value in drawn.items():
        if name in index:
            personal[index[name]] = scale * value


def price_deviation(one: TasteSet | None, otherwise: float, *named: object) -> float:
    """The deviation of the logarithm of a person's price coefficient; `otherwise` where it was not estimated."""
    if one is None or one.price is None or one.price_spread is None:
        return otherwise
    if PRICE in one.loadings:
        return _correlated(one, named)[PRICE]
    return float(one.price_spread * normals(1, *named, "price")[0])


def _correlated(one: TasteSet, named: tuple[object, ...]) -> dict[str, float]:
    dimensions = max(map(len, one.loadings.values()))
    normal = normals(dimensions, *named, "estimated tastes")
    return {name: float(np.dot(row, normal[: len(row)])) for name, row in one.loadings.items()}
