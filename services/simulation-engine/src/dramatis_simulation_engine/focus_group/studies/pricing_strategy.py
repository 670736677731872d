"""How does demand fall with the price? Gabor–Granger: every price alone, yes or no. Pure.

Gabor and Granger (1966). Demand is made to fall by isotonic regression; what counts is price × demand. The best price
is looked for among the prices that were asked about. Between them, never beyond, demand is also interpolated: it lies
between its neighbours because it falls, and the curve through their log odds is monotone (Fritsch and Carlson 1980).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import expit, logit

from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, PricingStrategy, Recommendation
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Answers, Question
from dramatis_simulation_engine.focus_group.studies.named_prices import LADDER, PriceSensitivity, named_prices
from dramatis_simulation_engine.focus_group.studies.study import StudyResult, estimate_json, impact_of, key_of
from dramatis_simulation_engine.focus_group.tastes import Assumptions
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import (
    BOOTSTRAP,
    Evidence,
    best_of,
    demand_curve,
    interval,
    rounded,
)

QUESTION = "Would you ask to view the property at this price?"
CAVEAT = "Interest means asking for a viewing: price × interest ranks the prices and is no forecast of a sale."
Edge = Literal["lowest", "highest"]
_STEPS = 201
"""Prices between the lowest and the highest asked at which interpolated demand is looked at."""
_NOBODY, _EVERYBODY = 1e-300, 1 - 1e-16
"""Where log odds end."""
_HARDLY_ANYBODY = 0.005
"""Demand that is below 1 % in words: there, which price is the best says nothing."""


@dataclass(frozen=True)
class PricingStudy:
    """Acceptance of each price, and what each price would bring per person asked.

    Willingness to pay is divided by the hypothetical bias: a person accepts a price as if it were so much higher.
    """

    scenario: PricingStrategy
    listing: Listing
    assumptions: Assumptions
    section: str = "pricing_sensitivity"

    @property
    def hypothetical_bias(self) -> float:
        stated = self.scenario.hypothetical_bias
        return float(self.assumptions.choice["hypothetical_bias"] if stated is None else stated)

    @property
    def purchase_intent(self) -> Sequence[float]:
        return self.scenario.purchase_intent or self.assumptions.price_research["purchase_intent"]

    @cached_property
    def questions(self) -> Sequence[Question]:
        asked = self._question("prices", np.array(self.scenario.price_points))
        return (asked, self._question("price-ladder", self.ladder)) if self.scenario.methods else (asked,)

    @property
    def ladder(self) -> Floats:
        """The prices from which each person's four prices are derived."""
        return self.listing.price * LADDER

    def _question(self, kind: str, prices: Floats) -> Question:
        shown = (prices * self.hypothetical_bias).tolist()
        alternatives = tuple(Alternative(f"{price:.15g}", {}, self.listing.signs, price) for price in shown)
        return Question(key_of(kind, alternatives), QUESTION, "each", alternatives, "property", self.listing)

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        return ()

    def analyse(self, answers: Sequence[Answers], evidence: Evidence, threshold: float) -> StudyResult:  # noqa: ARG002  (nothing to agree on)
        named = self._price_sensitivity(answers[1], evidence) if self.scenario.methods else None
        return _Analysis(self, answers[0], evidence, named).result()

    def _price_sensitivity(self, answers: Answers, evidence: Evidence) -> PriceSensitivity:
        research = self.assumptions.price_research
        return PriceSensitivity(answers.probabilities, self.ladder, research, self.purchase_intent, evidence)

    def response(self, answers: Sequence[Answers], person: int) -> dict[str, Any]:
        accepted = demand_curve(answers[0].probabilities[person])
        points = zip(self.scenario.price_points, accepted.tolist(), strict=True)
        response: dict[str, Any] = {"acceptance": [{"price": p, "probability": round(a, 4)} for p, a in points]}
        if self.scenario.methods:
            curve = answers[1].probabilities[person : person + 1]
            (named,) = named_prices(curve, self.ladder, self.assumptions.price_research).matrix.tolist()
            names = ("too_cheap", "cheap", "expensive", "too_expensive")
            response["named_prices"] = {n: rounded(p) if p == p else None for n, p in zip(names, named, strict=True)}
        return response

    def explained(self, answers: Sequence[Answers], person: int) -> tuple[Question, int] | None:  # noqa: ARG002  (the same for everyone)
        nearest = min(range(len(self.scenario.price_points)), key=self._distance_from_asking)
        return answers[0].question, nearest

    def _distance_from_asking(self, point: int) -> float:
        return abs(self.scenario.price_points[point] - self.listing.price)


class _Analysis:
    """The answers to one set of prices."""

    def __init__(
        self, study: PricingStudy, answers: Answers, evidence: Evidence, named: PriceSensitivity | None
    ) -> None:
        self._study, self._evidence, self._named = study, evidence, named
        self._prices = np.array(study.scenario.price_points)
        self._curve = demand_curve(answers.probabilities.mean(axis=0))
        cloud = evidence.cloud(answers.probabilities)
        self._curves = None if cloud is None else demand_curve(cloud)
        self._revenues = None if self._curves is None else self._curves * self._prices
        self._demand = [
            evidence.estimate(float(d), None if self._curves is None else self._curves[:, j], low=0.0, high=1.0)
            for j, d in enumerate(self._curve)
        ]
        self._revenue = [
            evidence.estimate(float(r), None if self._revenues is None else self._revenues[:, j], low=0.0, high=np.inf)
            for j, r in enumerate(self._curve * self._prices)
        ]
        self._best = int(np.argmax(self._curve * self._prices))
        self._probabilities = best_of(self._revenues, len(self._prices))
        self._elasticity = self._arc_elasticity(0, -1)

    def result(self) -> StudyResult:
        return StudyResult(
            detail=self._detail(),
            findings=tuple(self._sentences()),
            recommendations=(self._recommendation(),) if self._accepted else (),
            headlines=tuple(
                Headline(
                    name=f"pricing_strategy.{price:.15g}.demand",
                    estimate=demand,
                    unit="probability",
                    statement=f"A person like those asked asks to view the property at {findings.money(price)}.",
                )
                for price, demand in zip(self._study.scenario.price_points, self._demand, strict=True)
            ),
        )

    @property
    def _accepted(self) -> bool:
        """Whether more than hardly anybody accepts any of the prices: else none of them is the best."""
        return bool(self._curve[0] >= _HARDLY_ANYBODY)

    def _detail(self) -> dict[str, Any]:
        interpolated = self._interpolated_optimum()
        detail: dict[str, Any] = {
            "question": QUESTION,
            "method": "Gabor-Granger, isotonic demand",
            "price_points": [self._point(j) for j in range(len(self._prices))],
            "best_price": estimate_json(self._best_price()) if self._accepted else None,
            "best_price_at_edge": self._edge if self._accepted else None,
            "probability_best": self._probabilities[self._best] if self._accepted else None,
            "interpolated_optimum": None if interpolated is None else estimate_json(interpolated),
            "price_elasticity": estimate_json(self._elasticity),
            "hypothetical_bias": self._study.hypothetical_bias,
            "asking_price": self._study.listing.price,
        }
        if self._named is not None:
            detail |= self._named.sections(self._study.scenario.methods)
        return detail

    def _point(self, j: int) -> dict[str, Any]:
        last = j == len(self._prices) - 1
        return {
            "price": float(self._prices[j]),
            "demand": estimate_json(self._demand[j]),
            "expected_revenue_per_person_asked": estimate_json(self._revenue[j]),
            "probability_best": self._probabilities[j],
            "elasticity_to_next": None if last else estimate_json(self._arc_elasticity(j, j + 1)),
        }

    def _best_price(self) -> Estimate:
        bounds = (None, None) if self._revenues is None else interval(self._prices[self._revenues.argmax(axis=1)])
        return self._evidence.stated(
            float(self._prices[self._best]), bounds, f"argmax of price × demand among the prices asked; {BOOTSTRAP}"
        )

    def _interpolated_optimum(self) -> Estimate | None:
        """Only where the best price asked has asked neighbours on both sides."""
        if self._edge is not None or not self._accepted:
            return None
        method = f"argmax of price × demand, log odds interpolated by monotone cubics in ln price; {BOOTSTRAP}"
        bounds = (None, None) if self._curves is None else interval(self._optimum_of(self._curves))
        return self._evidence.stated(float(self._optimum_of(self._curve[None, :])[0]), bounds, method)

    def _optimum_of(self, curves: Floats) -> Floats:
        """The price with the highest price × interpolated demand, for each curve (curves, prices)."""
        between = np.geomspace(self._prices[0], self._prices[-1], _STEPS)
        odds = logit(np.clip(curves, _NOBODY, _EVERYBODY))
        demand = expit(PchipInterpolator(np.log(self._prices), odds, axis=1)(np.log(between)))
        return np.asarray(between[np.argmax(demand * between, axis=1)])

    def _arc_elasticity(self, low: int, high: int) -> Estimate:
        """Δ ln demand / Δ ln price between two of the prices asked; unknown where nobody accepts one of them."""
        step = float(np.log(self._prices[high]) - np.log(self._prices[low]))
        method = f"arc elasticity, ratio of log differences; {BOOTSTRAP}"
        if min(self._curve[low], self._curve[high]) <= 0:
            return self._evidence.stated(None, (None, None), method)
        value = float(np.log(self._curve[high] / self._curve[low])) / step
        return self._evidence.stated(value, self._elasticity_bounds(low, high, step), method)

    def _elasticity_bounds(self, low: int, high: int, step: float) -> tuple[float | None, float | None]:
        if self._curves is None:
            return None, None
        known = (self._curves[:, low] > 0) & (self._curves[:, high] > 0)
        if known.mean() < 0.99:
            return None, None
        return interval(np.log(self._curves[known, high] / self._curves[known, low]) / step)

    @property
    def _edge(self) -> Edge | None:
        if self._best == 0:
            return "lowest"
        return "highest" if self._best == len(self._prices) - 1 else None

    def _gain(self) -> float:
        """Price × demand at the best price relative to the price nearest the asking price, less 1."""
        asking = int(np.argmin(np.abs(self._prices - self._study.listing.price)))
        base = self._revenue[asking].value or 0.0
        return (self._revenue[self._best].value or 0.0) / base - 1 if base > 0 else 0.0

    def _recommendation(self) -> Recommendation:
        price = findings.money(self._prices[self._best])
        further = {None: "", "lowest": "; test lower prices too", "highest": "; test higher prices too"}
        return Recommendation(
            action=f"Ask {price}, where price × interest is highest{further[self._edge]}",
            impact=impact_of(self._gain(), high=0.05, medium=0.01),
            confidence=self._probabilities[self._best],
        )

    # In words

    def _sentences(self) -> list[str]:
        curve = "; ".join(
            f"at {findings.money(p)} {findings.bounded(d, findings.percent)}"
            for p, d in zip(self._prices, self._demand, strict=True)
        )
        people = findings.people(self._evidence.n)
        said = [
            f"Would ask to view (95 % intervals, n = {people}): {curve}." if self._curves is not None else self._alone()
        ]
        if not self._accepted:
            nobody = "Nobody" if self._curve[0] <= 0 else "Hardly anybody"
            return [*said, f"{nobody} asked would view the property at any of these prices: none of them is the best."]
        said += [*self._elasticity_sentence(), self._best_sentence(), CAVEAT]
        named = self._named.sentences(self._study.scenario.methods) if self._named else []
        return [*said, *named, *filter(None, [findings.hypothetical(self._study.hypothetical_bias)])]

    def _alone(self) -> str:
        curve = "; ".join(
            f"at {findings.money(p)} {findings.percent(float(d))}"
            for p, d in zip(self._prices, self._curve, strict=True)
        )
        return f"Would ask to view: {curve} (no interval can be given, n = {findings.people(self._evidence.n)})."

    def _elasticity_sentence(self) -> list[str]:
        if self._elasticity.value is None:
            return []
        elasticities = (self._elasticity.value, self._elasticity.high, self._elasticity.low)
        value, low, high = (None if x is None else 100 * (1 - 1.01**x) for x in elasticities)
        loss = self._elasticity.model_copy(update={"value": value, "low": low, "high": high})
        over = f"{findings.money(self._prices[0])} to {findings.money(self._prices[-1])}"
        return [
            f"From {over}, each 1 % more in price goes with {findings.bounded(loss, findings.fewer)} less interest."
        ]

    def _best_sentence(self) -> str:
        price = findings.money(self._prices[self._best])
        chance = findings.probability(self._probabilities[self._best])
        stated = f"Of the prices asked, price × interest is highest at {price} (probability that it is: {chance})."
        if self._edge is not None:
            side = "lower" if self._edge == "lowest" else "higher"
            return f"{stated} That is at the edge of the grid: {side} prices were not asked about and may do better."
        between = self._interpolated_optimum()
        if between is None:
            return stated
        return (
            f"{stated} Interpolated between them, the optimum is {findings.bounded(between, findings.rounded_money)}."
        )
