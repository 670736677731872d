"""Intervals and probabilities over people. Pure.

The unit of evidence is the person: 20 people who answer 100 times are n = 20. Everything about one study comes from one
set of resamples of its people, so that statements about several of its numbers agree with one another.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import ndtri, stdtrit

from dramatis_contracts.simulation_engine.v1 import Calibration, Estimate
from dramatis_simulation_engine.seeds import Floats, seed_of

LEVEL = 0.95
RESAMPLES = 2000
BOOTSTRAP = f"cluster bootstrap over people, {RESAMPLES} resamples, percentile, widened for small n"
JACKKNIFE = "Kendall's W with ties, jackknife over people"


class Evidence:
    """Resamples of the people of one study, and what is stated from them.

    The spread of each resampled mean around the observed one is multiplied by √(n/(n−1))·t/z, because the plain
    percentile interval is too narrow for few people (Hesterberg 2015, "expanded percentile"). One person alone gives
    no interval.
    """

    def __init__(self, n: int, *, seed: int, model_version: str, calibration: Calibration = "assumed") -> None:
        self.n = n
        self.model_version = model_version
        self.calibration = calibration
        self._weights = _resample(n, seed_of(seed, "bootstrap")) if n > 1 else None
        self._widening = _widening(n) if n > 1 else 1.0

    def cloud(self, values: Floats) -> Floats | None:
        """Resampled means of `values` (people, quantities) → (resamples, quantities); None for one person."""
        if self._weights is None:
            return None
        mean = values.mean(axis=0)
        resampled = np.einsum("bn,nm->bm", self._weights, values)
        return np.asarray(mean + self._widening * (resampled - mean))

    def estimate(self, value: float, cloud: Floats | None, *, low: float, high: float) -> Estimate:
        """A number with the interval of its resamples (resamples,), both kept within [low, high]."""
        bounds = (None, None) if cloud is None else interval(np.clip(cloud, low, high))
        return self.stated(min(high, max(low, value)), bounds, BOOTSTRAP)

    def stated(self, value: float | None, bounds: tuple[float | None, float | None], method: str) -> Estimate:
        """An estimate in the terms of this study. A bound that is not known is None."""
        low, high = (None if bound is None else rounded(bound) for bound in bounds)
        return Estimate(
            value=None if value is None else rounded(value),
            low=low,
            high=high,
            level=LEVEL,
            n=self.n,
            method=method,
            model_version=self.model_version,
            calibration=self.calibration,
        )

    def mean_estimates(self, values: Floats, *, low: float, high: float) -> list[Estimate]:
        """One estimate for the mean of each column of `values` (people, quantities)."""
        cloud = self.cloud(values)
        means = values.mean(axis=0)
        columns = [None] * len(means) if cloud is None else list(cloud.T)
        return [self.estimate(float(m), c, low=low, high=high) for m, c in zip(means, columns, strict=True)]


def _resample(n: int, seed: int) -> Floats:
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES)
    return np.asarray(counts / n)


def _widening(n: int) -> float:
    upper = (1 + LEVEL) / 2
    return float(np.sqrt(n / (n - 1)) * stdtrit(n - 1, upper) / ndtri(upper))


def rounded(value: float) -> float:
    """Six significant digits: what a reader can use, and the same on every machine."""
    return float(f"{value:.6g}") + 0.0


def interval(cloud: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled values."""
    low, high = np.quantile(cloud, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def best_of(cloud: Floats | None, columns: int) -> list[float | None]:
    """How often each column is the highest; ties are shared. None for each when one person alone was asked.

    One more resample, shared by all, is added: what never happened in 2000 resamples is rare, not impossible.
    """
    if cloud is None:
        return [None] * columns
    highest = cloud == cloud.max(axis=1, keepdims=True)
    times = (highest / highest.sum(axis=1, keepdims=True)).sum(axis=0)
    return [_proportion(float(t), 1 / columns) for t in times]


def _proportion(times: float, more: float) -> float:
    return round((times + more) / (RESAMPLES + 1), 4)


def demand_curve(accepted: Floats) -> Floats:
    """Demand at rising prices, made to fall (pool adjacent violators). Shape (…, prices)."""
    curves = np.atleast_2d(np.clip(accepted, 0.0, 1.0))
    rising = np.flatnonzero(np.any(np.diff(curves, axis=1) > 0, axis=1))
    for row in rising:
        curves[row] = isotonic_regression(curves[row], increasing=False).x
    return np.asarray(curves if accepted.ndim > 1 else curves[0])


def ranks_of(scores: Floats) -> Floats:
    """Rank 1 for the highest score of each row; equal scores share the mean rank."""
    higher = (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    equal = (scores[:, None, :] == scores[:, :, None]).sum(axis=2)
    return np.asarray(1.0 + higher + (equal - 1) / 2)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kendall's W from 0 (no agreement on the ranking) to 1 (the same ranking), with a jackknife interval."""

    value: float | None
    low: float | None
    high: float | None


def kendalls_w(scores: Floats) -> Agreement:
    """Agreement of people (rows) on the ranking of options (columns), corrected for ties (Kendall 1948)."""
    ranks = ranks_of(scores)
    people, options = ranks.shape
    ties = np.array([_tie_correction(row) for row in ranks])
    value = _w(ranks.sum(axis=0), people, options, float(ties.sum()))
    if value is None or people < 3:
        return Agreement(value, None, None)
    without = [
        _w(ranks.sum(axis=0) - row, people - 1, options, float(ties.sum() - t))
        for row, t in zip(ranks, ties, strict=True)
    ]
    if any(w is None for w in without):
        return Agreement(value, None, None)
    return Agreement(value, *_jackknife(value, np.array(without, dtype=np.float64)))


def _w(rank_sums: Floats, people: int, options: int, ties: float) -> float | None:
    spread = float(((rank_sums - rank_sums.mean()) ** 2).sum())
    largest = people**2 * (options**3 - options) - people * ties
    return None if largest <= 0 else min(1.0, 12 * spread / largest)


def _tie_correction(ranks: Floats) -> float:
    _, counts = np.unique(ranks, return_counts=True)
    return float((counts**3 - counts).sum())


def _jackknife(value: float, without: Floats) -> tuple[float, float]:
    people = len(without)
    error = np.sqrt((people - 1) / people * ((without - without.mean()) ** 2).sum())
    reach = float(stdtrit(people - 1, (1 + LEVEL) / 2) * error)
    return max(0.0, value - reach), min(1.0, value + reach)


Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Consensus:
    """Whether most people agree: the probability that the leading share reaches the threshold."""

    threshold: float
    probability: float | None
    reached_in: Mask | None
    """For each resample; lets several questions be asked about jointly."""

    @property
    def reached(self) -> bool:
        return self.probability is not None and self.probability >= LEVEL

    def as_json(self) -> dict[str, Any]:
        """Without the resamples."""
        return {"reached": self.reached, "probability": self.probability, "threshold": self.threshold}


def consensus(leading: Floats | None, threshold: float) -> Consensus:
    """From the resamples of the leading share; unknown when one person alone was asked."""
    if leading is None:
        return Consensus(threshold, None, None)
    reached = leading >= threshold
    return Consensus(threshold, _proportion(float(reached.sum()), 0.5), reached)


def joint_consensus(parts: list[Consensus]) -> tuple[bool, float | None]:
    """Consensus on every question at once, and its probability."""
    masks = [part.reached_in for part in parts if part.reached_in is not None]
    if not masks or len(masks) < len(parts):
        return False, None
    probability = _proportion(float(np.logical_and.reduce(masks).sum()), 0.5)
    return probability >= LEVEL, probability
