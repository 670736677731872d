"""How does demand fall with the price? Gabor–Granger: every price alone, yes or no. Pure.

Gabor and Granger (1966). Demand is made to fall by isotonic regression; expected revenue at a price is price × demand.
The best price is looked for among the prices that were asked about, never between or beyond them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Headline, PricingStrategy, Recommendation
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Answers, Question
from dramatis_simulation_engine.focus_group.studies.study import StudyResult, estimate_json, impact_of, key_of
from dramatis_simulation_engine.statistics import (
    BOOTSTRAP,
    Evidence,
    best_of,
    demand_curve,
    interval,
)

QUESTION = "Would you ask to view the property at this price?"
Edge = Literal["lowest", "highest"]


@dataclass(frozen=True)
class PricingStudy:
    """Acceptance of each price, and what each price would bring per person asked."""

    scenario: PricingStrategy
    listing: Listing
    hypothetical_bias: float
    section: str = "pricing_sensitivity"

    @cached_property
    def questions(self) -> Sequence[Question]:
        alternatives = tuple(
            Alternative(f"{price:.0f}", {}, self.listing.signs, price * self.hypothetical_bias)
            for price in self.scenario.price_points
        )
        key = key_of("prices", alternatives)
        return (Question(key, QUESTION, "each", alternatives, "property", self.listing),)

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        return ()

    def analyse(self, answers: Sequence[Answers], evidence: Evidence, threshold: float) -> StudyResult:  # noqa: ARG002  (nothing to agree on)
        return _Analysis(self, answers[0], evidence).result()

    def response(self, answers: Sequence[Answers], person: int) -> dict[str, Any]:
        accepted = demand_curve(answers[0].probabilities[person])
        points = zip(self.scenario.price_points, accepted.tolist(), strict=True)
        return {"acceptance": [{"price": price, "probability": round(p, 4)} for price, p in points]}

    def explained(self, answers: Sequence[Answers], person: int) -> tuple[Question, int] | None:  # noqa: ARG002  (the same for everyone)
        nearest = min(range(len(self.scenario.price_points)), key=self._distance_from_asking)
        return answers[0].question, nearest

    def _distance_from_asking(self, point: int) -> float:
        return abs(self.scenario.price_points[point] - self.listing.price)


class _Analysis:
    """The answers to one set of prices."""

    def __init__(self, study: PricingStudy, answers: Answers, evidence: Evidence) -> None:
        self._study, self._evidence = study, evidence
        self._prices = np.array(study.scenario.price_points)
        demand = demand_curve(answers.probabilities.mean(axis=0))
        cloud = evidence.cloud(answers.probabilities)
        demands = None if cloud is None else demand_curve(cloud)
        self._revenues = None if demands is None else demands * self._prices
        self._demand = [
            evidence.estimate(float(d), None if demands is None else demands[:, j], low=0.0, high=1.0)
            for j, d in enumerate(demand)
        ]
        self._revenue = [
            evidence.estimate(float(r), None if self._revenues is None else self._revenues[:, j], low=0.0, high=np.inf)
            for j, r in enumerate(demand * self._prices)
        ]
        self._best = int(np.argmax(demand * self._prices))
        self._probabilities = best_of(self._revenues, len(self._prices))

    def result(self) -> StudyResult:
        best = self._best
        return StudyResult(
            detail=self._detail(),
            findings=tuple(self._sentences()),
            recommendations=(
                Recommendation(
                    action=f"Ask {findings.money(self._prices[best])}",
                    impact=impact_of(self._gain(), high=0.05, medium=0.01),
                    confidence=self._probabilities[best],
                ),
            ),
            headlines=tuple(
                Headline(name=f"pricing_strategy.{price:.0f}.demand", estimate=demand)
                for price, demand in zip(self._study.scenario.price_points, self._demand, strict=True)
            ),
        )

    def _detail(self) -> dict[str, Any]:
        return {
            "question": QUESTION,
            "method": "Gabor-Granger, isotonic demand",
            "price_points": [self._point(j) for j in range(len(self._prices))],
            "best_price": estimate_json(self._best_price()),
            "best_price_at_edge": self._edge,
            "probability_best": self._probabilities[self._best],
            "hypothetical_bias": self._study.hypothetical_bias,
            "asking_price": self._study.listing.price,
        }

    def _point(self, j: int) -> dict[str, Any]:
        return {
            "price": float(self._prices[j]),
            "demand": estimate_json(self._demand[j]),
            "expected_revenue_per_person_asked": estimate_json(self._revenue[j]),
            "probability_best": self._probabilities[j],
        }

    def _best_price(self) -> Any:
        bounds = (None, None) if self._revenues is None else interval(self._prices[self._revenues.argmax(axis=1)])
        return self._evidence.stated(
            float(self._prices[self._best]), bounds, f"argmax of expected revenue; {BOOTSTRAP}"
        )

    @property
    def _edge(self) -> Edge | None:
        if self._best == 0:
            return "lowest"
        return "highest" if self._best == len(self._prices) - 1 else None

    def _gain(self) -> float:
        """Expected revenue at the best price relative to the price nearest the asking price, less 1."""
        asking = int(np.argmin(np.abs(self._prices - self._study.listing.price)))
        base = self._revenue[asking].value or 0.0
        return (self._revenue[self._best].value or 0.0) / base - 1 if base > 0 else 0.0

    def _sentences(self) -> list[str]:
        curve = "; ".join(
            f"at {findings.money(p)} {findings.share(d)}" for p, d in zip(self._prices, self._demand, strict=True)
        )
        return [f"Would ask to view: {curve}.", self._best_sentence()]

    def _best_sentence(self) -> str:
        price = findings.money(self._prices[self._best])
        chance = findings.probability(self._probabilities[self._best])
        stated = (
            f"Expected revenue is highest at {price} (probability that it is the best of the prices asked: {chance})"
        )
        if self._edge is None:
            return f"{stated}."
        side = "lower" if self._edge == "lowest" else "higher"
        return (
            f"{stated}. That is at the edge of the grid: the best price may be {side} still, and was not asked about."
        )
