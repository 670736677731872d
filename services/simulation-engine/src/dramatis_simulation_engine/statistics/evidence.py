"""What is stated from the answers of the people of one study, each number with its interval. Pure.

The unit of evidence is the person, or a replicate of people who were drawn together (`design.py`): 20 people who answer
100 times are n = 20. Everything about one study comes from one set of resamples, so that statements about several of
its numbers agree with one another.
"""

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from dramatis_contracts.simulation_engine.v1 import Calibration, Estimate
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats, by_lot, seed_of
from dramatis_simulation_engine.statistics.confidence_sequences import time_uniform_factor
from dramatis_simulation_engine.statistics.design import Design
from dramatis_simulation_engine.statistics.intervals import (
    LEVEL,
    UPPER,
    difference_bounds,
    jeffreys,
    mean_bounds,
    moved_share,
    share_bounds,
)

RESAMPLES = 2000
FIRST_LOOK = 20
"""People who are asked before results are looked at for the first time, where asking may stop early."""
BOOTSTRAP = f"multiplier bootstrap over independent people or replicates, {RESAMPLES} resamples, percentile"
STUDENT = "Student t over independent people or replicates, stratified by segment"
SHARE = f"{STUDENT}, log-odds"
DIFFERENCE = f"{STUDENT}, log-odds of gains and losses"
UNANIMOUS = "Jeffreys interval, all answers alike"
SEQUENTIAL = "time-uniform (asymptotic confidence sequence)"


class Evidence:
    """The errors of one study's numbers, from how its people were chosen.

    Without a `design` everyone was chosen independently. `looked_at`: people were asked in this order and results were
    looked at meanwhile, first after `FIRST_LOOK` people; then every interval holds at all looks together. One person
    alone gives no interval.
    """

    def __init__(
        self,
        n: int,
        *,
        seed: int,
        model_version: str,
        calibration: Calibration = "assumed",
        design: Design | None = None,
        looked_at: Sequence[int] | None = None,
    ) -> None:
        self.n = n
        self.model_version = model_version
        self.calibration = calibration
        self._seed = seed
        self._design = Design.independent(n) if design is None else design
        self._known = self._design.units > 1
        self.looked_at = looked_at
        self._looks = 1.0 if looked_at is None else time_uniform_factor(n, FIRST_LOOK, level=LEVEL)
        self._suffix = "" if looked_at is None else f"; {SEQUENTIAL}"

    def calibrated(self, calibration: Calibration) -> "Evidence":
        """The same evidence for numbers that rest on tastes of this calibration."""
        if calibration == self.calibration:
            return self
        other = copy(self)
        other.calibration = calibration
        return other

    @classmethod
    def of(
        cls,
        people: Sequence[Respondent],
        *,
        seed: int,
        model_version: str,
        calibration: Calibration = "assumed",
        stops_early: bool = False,
    ) -> "Evidence":
        """For the people of a study, from how each came to take part.

        When asking may stop early, the order by lot mixes the strata: everyone counts as chosen from all of them.
        """
        return cls(
            len(people),
            seed=seed,
            model_version=model_version,
            calibration=calibration,
            design=None if stops_early else Design.of(people),
            looked_at=by_lot([p.id for p in people], seed) if stops_early else None,
        )

    # Resamples

    @cached_property
    def _multipliers(self) -> Floats:
        shape = (RESAMPLES, self._design.units)
        return np.random.default_rng(seed_of(self._seed, "bootstrap")).standard_normal(shape)

    def cloud(self, values: Floats) -> Floats | None:
        """Resampled means of `values` (people, quantities) → (resamples, quantities); None for one person.

        Errors are normal multiples of what each unit contributes (multiplier bootstrap), as wide as Student's t.
        Those of values within [0, 1] are taken on the scale of the log-odds.
        """
        if not self._known:
            return None
        means, errors = values.mean(axis=0), self._design.errors(values)
        widening = self._student(errors) / ndtri(UPPER)
        deviations = np.einsum("bu,uq->bq", self._multipliers, errors) * widening
        inner = (values.min() >= 0) and (values.max() <= 1) and (means > 0) & (means < 1)
        return np.asarray(np.where(inner, moved_share(means, deviations), means + deviations))

    def _student(self, errors: Floats) -> Floats:
        return self._design.student(errors, UPPER) * self._looks

    def signs(self, draw: int) -> Floats:
        """Signs of a randomisation test over people, shape (resamples, people); `draw` names one of many."""
        generator = np.random.default_rng(seed_of(self._seed, "signs", draw))
        return np.asarray(2.0 * generator.integers(0, 2, size=(RESAMPLES, self.n), dtype=np.int8) - 1.0)

    # Estimates

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
            method=f"{method}{self._suffix}",
            model_version=self.model_version,
            calibration=self.calibration,
        )

    def mean_estimates(self, values: Floats, *, low: float, high: float) -> list[Estimate]:
        """One estimate for the mean of each column of `values` (people, quantities), which lie within [low, high].

        Within [0, 1] they are shares, within [−1, 1] differences of shares.
        """
        means = values.mean(axis=0)
        if not self._known:
            return [self.stated(float(mean), (None, None), STUDENT) for mean in means]
        if low >= 0 and high <= 1:
            return self._shares(values)
        bounds, method = (
            (self._difference_bounds(values), DIFFERENCE)
            if low >= -1 and high <= 1
            else (mean_bounds(means, self._reaches(values)), STUDENT)
        )
        lows, highs = np.clip(bounds[0], low, high), np.clip(bounds[1], low, high)
        return [self.stated(float(m), (float(a), float(b)), method) for m, a, b in zip(means, lows, highs, strict=True)]

    def _shares(self, values: Floats) -> list[Estimate]:
        means = values.mean(axis=0)
        lows, highs = share_bounds(means, self._reaches(values))
        return [
            self._share(float(mean), float(low), float(high))
            for mean, low, high in zip(means, lows, highs, strict=True)
        ]

    def _share(self, mean: float, low: float, high: float) -> Estimate:
        if 0 < mean < 1:
            return self.stated(mean, (low, high), SHARE)
        return self.stated(mean, jeffreys(mean * self.n, self.n), UNANIMOUS)

    def _difference_bounds(self, values: Floats) -> tuple[Floats, Floats]:
        """Gains and losses are two shares, each near 0 and skewed."""
        gains, losses = np.maximum(values, 0), np.maximum(-values, 0)
        means = gains.mean(axis=0), losses.mean(axis=0)
        bounds = [share_bounds(m, self._reaches(v)) for m, v in zip(means, (gains, losses), strict=True)]
        (low_gain, high_gain), (low_loss, high_loss) = bounds
        correlation = self._correlation(gains, losses)
        return difference_bounds(means, (low_gain, low_loss), (high_gain, high_loss), correlation)

    def _reaches(self, values: Floats) -> Floats:
        errors = self._design.errors(values)
        return np.asarray(self._student(errors) * np.sqrt((errors**2).sum(axis=0)))

    def _correlation(self, one: Floats, other: Floats) -> Floats:
        first, second = self._design.errors(one), self._design.errors(other)
        scale = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
        return np.asarray(np.divide((first * second).sum(axis=0), scale, out=np.zeros_like(scale), where=scale > 0))


def rounded(value: float) -> float:
    """Six significant digits: what a reader can use, and the same on every machine."""
    return float(f"{value:.6g}") + 0.0


def interval(cloud: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled values."""
    low, high = np.quantile(cloud, [1 - UPPER, UPPER])
    return float(low), float(high)


def best_of(cloud: Floats | None, columns: int) -> list[float | None]:
    """How often each column is the highest; ties are shared. None for each when one person alone was asked.

    One more resample, shared by all, is added: what never happened in 2000 resamples is rare, not impossible.
    """
    if cloud is None:
        return [None] * columns
    highest = cloud >= cloud.max(axis=1, keepdims=True) - 1e-12
    times = (highest / highest.sum(axis=1, keepdims=True)).sum(axis=0)
    return [proportion(float(t), 1 / columns) for t in times]


def proportion(times: float, more: float) -> float:
    """`times` of all resamples, with one more of which `more` is added."""
    return round((times + more) / (RESAMPLES + 1), 4)
