"""The prices that simulated people would name, and what Van Westendorp's method says of them. Pure.

A person's acceptance at each price of a wide ladder is a curve that falls. From it, by levels that are assumed
(`price_research` in the domain's `tastes.toml`): the price is *cheap* where so many of its choices accept it that it
is a bargain, *expensive* and *too expensive* where few do. Nothing in a utility says when a price becomes suspicious:
*too cheap* is an assumed share of the cheap price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.studies.price_sensitivity import (
    POINTS,
    FourPrices,
    calibrated,
    each_at,
    excesses,
    shares_at,
    trial,
    van_westendorp,
    where_crossed,
)
from dramatis_simulation_engine.focus_group.studies.study import estimate_json
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import BOOTSTRAP, Evidence, demand_curve, interval, rounded

LADDER = np.geomspace(1 / 8, 8, 31)
"""The prices at which people are asked, as multiples of the asking price."""
_MOST_PRICES = 200
"""Prices at which resampled curves are kept."""
_SHOWN = 25
_CERTAIN = 1e-9
FROM = (
    "each person's acceptance curve: cheap where {cheap:.0%} of its choices accept the price, expensive at "
    "{expensive:.0%}, too expensive at {too_expensive:.0%}; too cheap is assumed at {quality_doubt:.0%} of cheap"
)


def price_at(acceptance: Floats, prices: Floats, level: float) -> Floats:
    """The price at which each falling curve reaches a level; linear in ln price and log odds between two prices.

    `acceptance` (people, prices) → (people,); not a number where the curve does not pass the level on this ladder.
    """
    odds = logit(np.clip(acceptance, _CERTAIN, 1 - _CERTAIN))
    below = acceptance <= level
    after = below.argmax(axis=1)
    passed = below.any(axis=1) & (after > 0)
    row, before = np.arange(len(acceptance)), np.maximum(after - 1, 0)
    fall = odds[row, before] - odds[row, after]
    share = np.where(fall > 0, (odds[row, before] - logit(level)) / np.where(fall > 0, fall, 1.0), 1.0)
    logs = np.log(prices)
    return np.where(passed, np.exp(logs[before] + share * (logs[after] - logs[before])), np.nan)


def named_prices(acceptance: Floats, prices: Floats, research: Mapping[str, Any]) -> FourPrices:
    """The four prices of each person, from acceptance (people, prices) at rising prices."""
    falling = demand_curve(acceptance)
    cheap, expensive, too_expensive = (
        price_at(falling, prices, research[name]) for name in ("cheap", "expensive", "too_expensive")
    )
    return FourPrices(research["quality_doubt"] * cheap, cheap, expensive, too_expensive)


@dataclass(frozen=True)
class PriceSensitivity:
    """What the four prices of each person say, with intervals. `asked_at` are the prices as the client sees them."""

    acceptance: Floats
    asked_at: Floats
    research: Mapping[str, Any]
    purchase_intent: Sequence[float]
    evidence: Evidence

    @cached_property
    def answers(self) -> FourPrices:
        return named_prices(self.acceptance, self.asked_at, self.research)

    @cached_property
    def valid(self) -> int:
        return int(self.answers.valid.sum())

    def sections(self, methods: Sequence[str]) -> dict[str, Any]:
        """The section of each method that was asked for, by its name."""
        sections = {"van_westendorp": self.van_westendorp, "newton_miller_smith": self.newton_miller_smith}
        return {method: sections[method]() for method in methods}

    # Van Westendorp

    def van_westendorp(self) -> dict[str, Any]:
        """The section of the results."""
        return {
            "named_prices_from": FROM.format(**self.research),
            "valid": self.valid,
            "left_out": self._left_out(),
            "points": {name: {"name": POINTS[name], **estimate_json(e)} for name, e in self.points.items()},
            "curves": self._curves(),
        }

    @cached_property
    def points(self) -> Mapping[str, Estimate]:
        """The four points; unknown when nobody's answer is valid."""
        if not self.valid:
            return {name: self._of_valid(None, None, f"Van Westendorp, {name}") for name in POINTS}
        values, prices = van_westendorp(self.answers), self.answers.prices(at_most=_MOST_PRICES)
        return {
            name: self._of_valid(values[name], self._resampled(excess, prices), f"Van Westendorp; {BOOTSTRAP}")
            for name, excess in excesses(each_at(self.answers, prices)).items()
        }

    def _resampled(self, excess: Floats, prices: Floats) -> Floats | None:
        cloud = self.evidence.cloud(excess)
        return None if cloud is None or self.valid < 2 else where_crossed(cloud, prices)

    def _of_valid(self, value: float | None, resampled: Floats | None, method: str) -> Estimate:
        """An estimate whose n is the people with valid answers; no bound where too many resamples have no value."""
        bounds: tuple[float | None, float | None] = (None, None)
        if resampled is not None and np.isfinite(resampled).mean() >= 0.99:
            bounds = interval(resampled[np.isfinite(resampled)])
        known = value if value is not None and np.isfinite(value) else None
        return self.evidence.stated(known, bounds, method).model_copy(update={"n": self.valid})

    def _left_out(self) -> dict[str, int]:
        refuse = (self.acceptance <= 0).all(axis=1)
        beyond = ~refuse & ~self.answers.complete
        return {
            "at_no_price": int(refuse.sum()),
            "beyond_the_prices_asked": int(beyond.sum()),
            "not_in_order": int((self.answers.complete & ~self.answers.valid).sum()),
        }

    def _curves(self) -> list[dict[str, float]]:
        if not self.valid:
            return []
        prices = self.answers.prices(at_most=_SHOWN)
        shares = shares_at(self.answers, prices)
        return [
            {"price": rounded(price), **{name: round(float(share[j]), 4) for name, share in shares.items()}}
            for j, price in enumerate(prices.tolist())
        ]

    # Newton, Miller and Smith

    def newton_miller_smith(self) -> dict[str, Any]:
        """The section of the results."""
        best = self.best_prices
        return {
            "purchase_intent": list(self.purchase_intent),
            "valid": self.valid,
            "best_price_for_reach": estimate_json(best["reach"]),
            "best_price_for_revenue": estimate_json(best["revenue"]),
            "reach": self._reach(),
        }

    @cached_property
    def _trial(self) -> tuple[Floats, Floats]:
        """Prices, and each person's probability of a purchase at each of them."""
        prices = self.answers.prices(at_most=_MOST_PRICES)
        intent = [self._intent(self.research[name]) for name in ("cheap", "expensive")]
        at_cheap, at_expensive = (calibrated(i, self.purchase_intent) for i in intent)
        return prices, trial(self.answers, at_cheap, at_expensive, prices)

    def _intent(self, level: float) -> NDArray[np.int64]:
        """An acceptance as an answer on a scale of five: a fifth of all choices is one step."""
        return np.full(len(self.acceptance), min(5, 1 + int(5 * level + _CERTAIN)), dtype=np.int64)

    @cached_property
    def best_prices(self) -> Mapping[str, Estimate]:
        """The prices named at which most would buy, and at which price × share is highest."""
        method = f"Newton, Miller and Smith; argmax among the prices named; {BOOTSTRAP}"
        if not self.valid:
            return dict.fromkeys(("reach", "revenue"), self._of_valid(None, None, method))
        prices, buys = self._trial
        mean, cloud = buys.mean(axis=0), self.evidence.cloud(buys) if self.valid > 1 else None
        return {
            name: self._of_valid(
                float(prices[np.argmax(mean * weight)]),
                None if cloud is None else prices[np.argmax(cloud * weight, axis=1)],
                method,
            )
            for name, weight in (("reach", np.ones_like(prices)), ("revenue", prices))
        }

    def _reach(self) -> list[dict[str, float]]:
        """The share of people with valid answers that would buy at some of the prices."""
        if not self.valid:
            return []
        prices, buys = self._trial
        share = buys.sum(axis=0) / self.valid
        shown = np.unique(np.linspace(0, len(prices) - 1, min(_SHOWN, len(prices))).round().astype(int))
        return [{"price": rounded(float(prices[j])), "share": round(float(share[j]), 4)} for j in shown]

    # In words

    def sentences(self, methods: Sequence[str]) -> list[str]:
        """What the methods that were asked for say."""
        if not self.valid:
            return ["Nobody asked names four prices in order: nothing can be said of an acceptable range."]
        said = {"van_westendorp": self._acceptable_range, "newton_miller_smith": self._most_buyers}
        return [said[method]() for method in methods]

    def _acceptable_range(self) -> str:
        point = {name: findings.bounded(e, findings.rounded_money) for name, e in self.points.items()}
        return (
            f"Acceptable prices by Van Westendorp's method ({self._who()}) run from {point['pmc']} to {point['pme']}; "
            f"fewest object at {point['opp']}, and as many call {point['idp']} cheap as call it expensive."
        )

    def _most_buyers(self) -> str:
        reach, revenue = (findings.bounded(e, findings.rounded_money) for e in self.best_prices.values())
        return (
            f"By purchase intent (Newton, Miller and Smith; {self._who()}) most would buy at {reach}; "
            f"price × buyers is highest at {revenue}."
        )

    def _who(self) -> str:
        """Of all people only those count whose four prices rise."""
        everyone = len(self.acceptance)
        who = f"n = {findings.people(self.valid)}" + (f" of {everyone}" if self.valid < everyone else "")
        return f"95 % intervals, {who}" if self.points["opp"].low is not None else who
