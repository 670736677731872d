"""From answers at each stage to rates of those whom the message reached, calibrated where rates were observed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, expit, logit

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_simulation_engine.marketing.questions import Answers, Exposure
from dramatis_simulation_engine.marketing.respondents import COLDEST, levels_of
from dramatis_simulation_engine.marketing.tastes import Assumptions
from dramatis_simulation_engine.seeds import Floats, normals, uniforms
from dramatis_simulation_engine.statistics import RESAMPLES, Consensus, Evidence, best_of, consensus_on, interval

_TINY = 1e-12
_OBSERVED = "level from observed rates"
_SKEWED = "widened for skewed rates"
_TOWARDS_LOG_NORMAL, _WIDEST = 1 / 2, 2.0
"""How far the spread goes from that of the answers to that of a log-normal distribution with their log variance, and
how much wider an interval may become. Chosen so that intervals hold in simulated studies (README)."""
_FAR = 60.0


@dataclass(frozen=True)
class Observed:
    """Measured rates of those whom earlier messages reached, by stage; `sent` is None where it was not told."""

    rates: Mapping[str, float]
    sent: int | None


@dataclass(frozen=True)
class Funnel:
    """What came of the exposures of one study.

    `reached` (stages, people, exposures): the probability that a person comes to each stage; it falls down the funnel.
    `groups`: for each exposure the name of its channel; `observed`: by that name.
    """

    stages: tuple[str, ...]
    exposures: Sequence[Exposure]
    groups: Sequence[str]
    reached: Floats
    observed: Mapping[str, Observed]
    evidence: Evidence
    assumptions: Assumptions
    temperature: float
    seed: int
    modelled: bool
    """Whether the answers rest on the sizes of the data files; a language model's do not."""

    @classmethod
    def of(
        cls,
        answers: Sequence[Answers],
        evidence: Evidence,
        assumptions: Assumptions,
        *,
        temperature: float,
        seed: int,
        modelled: bool,
        groups: Sequence[str] = (),
        observed: Mapping[str, Observed] | None = None,
    ) -> "Funnel":
        """From the answers to the questions of all stages, which are conditional on all steps before."""
        question = answers[-1].question
        named = groups or [exposure.place.name for exposure in question.alternatives]
        steps = np.stack([a.probabilities for a in answers])
        measured = observed or {}
        for name, rates in measured.items():
            columns = [j for j, group in enumerate(named) if group == name]
            if columns:
                steps[:, :, columns] = calibrated(steps[:, :, columns], question.stages, rates)
        return cls(
            question.stages,
            question.alternatives,
            named,
            np.asarray(np.cumprod(steps, axis=0), dtype=np.float64),
            measured,
            evidence,
            assumptions,
            temperature,
            seed,
            modelled,
        )

    # Rates

    def rate(self, stage: str) -> list[Estimate]:
        """The rate of a stage for each exposure, of those whom the message reached."""
        s = self.stages.index(stage)
        estimates = self.evidence.mean_estimates(self.reached[s], low=0.0, high=1.0)
        factors = self._widening(self.reached[s])
        widened = [_widened(e, float(factor)) for e, factor in zip(estimates, factors, strict=True)]
        return [self._with_observed(e, s, j) for j, e in enumerate(widened)]

    def _widening(self, rates: Floats) -> Floats:
        """How much wider the interval of the mean of each column (people, q) has to be.

        A few people seldom include one of those from whom most responses come, and so show too little of how much
        people differ.
        """
        if not self.modelled or len(rates) < 2 or rates.min() <= _TINY:
            return np.ones(rates.shape[1])
        seen = rates.std(axis=0, ddof=1) / rates.mean(axis=0)
        log_normal = np.sqrt(np.expm1(np.minimum(_FAR, np.log(rates).var(axis=0, ddof=1))))
        ratio = np.divide(log_normal, seen, out=np.ones_like(seen), where=seen > _TINY)
        return np.asarray(np.clip(ratio, 1.0, _WIDEST) ** _TOWARDS_LOG_NORMAL)

    def means(self, stage: str) -> Floats:
        """(exposures,)"""
        return np.asarray(self.reached[self.stages.index(stage)].mean(axis=0))

    def _with_observed(self, estimate: Estimate, stage: int, exposure: int) -> Estimate:
        """Where its level was observed, the error of that observation stands in place of that of the people's level."""
        observed = self.observed.get(self.groups[exposure])
        if observed is None or self._anchor(observed, stage) is None:
            return estimate
        cloud = self.clouds[stage]
        low, high = (None, None) if cloud is None else interval(np.asarray(cloud[:, exposure]))
        bounded = (
            (None, None) if low is None else (min(low, estimate.value or 0.0), max(high or 0.0, estimate.value or 0.0))
        )
        sent = "an unknown number of" if observed.sent is None else f"{observed.sent}"
        method = f"bootstrap of the differences between messages, {_OBSERVED} on {sent} messages sent (Jeffreys)"
        stated = self.evidence.stated(estimate.value, bounded, method)
        exactly = self.stages[stage] in observed.rates
        return stated.model_copy(update={"calibration": "calibrated" if exactly else stated.calibration})

    def _anchor(self, observed: Observed, stage: int) -> int | None:
        """The deepest observed stage down to this one."""
        known = [s for s, name in enumerate(self.stages[: stage + 1]) if name in observed.rates]
        return known[-1] if known else None

    # Resamples

    @cached_property
    def clouds(self) -> Sequence[Floats | None]:
        """For each stage, resampled rates (resamples, exposures); None for one person alone."""
        return [self._cloud(s) for s in range(len(self.stages))]

    def _cloud(self, stage: int) -> Floats | None:
        moved = self._resampled(self.reached[stage])
        if moved is None:
            return None
        for name, observed in self.observed.items():
            columns = [j for j, group in enumerate(self.groups) if group == name]
            anchor = self._anchor(observed, stage)
            if columns and anchor is not None:
                moved[:, columns] += self._level(name, observed, anchor, columns)[:, None]
        return np.asarray(np.minimum(1.0, np.exp(moved)))

    def _resampled(self, rates: Floats) -> Floats | None:
        """Logarithms of resampled means of rates (people, q); None for one person alone."""
        cloud = self.evidence.cloud(rates)
        if cloud is None:
            return None
        centre = np.log(np.maximum(_TINY, rates.mean(axis=0)))
        return np.asarray(centre + self._widening(rates) * (np.log(np.maximum(_TINY, cloud)) - centre))

    def _level(self, name: str, observed: Observed, anchor: int, columns: list[int]) -> Floats:
        """What brings the mean of a channel to its observed rate in each resample, as a logarithm."""
        mean = self._resampled(self.reached[anchor][:, columns].mean(axis=1)[:, None])
        rate = observed.rates[self.stages[anchor]]
        measured = np.full(RESAMPLES, rate)
        if observed.sent is not None:
            points = uniforms(RESAMPLES, self.seed, "observed", name, anchor)
            yes = rate * observed.sent
            measured = np.asarray(betaincinv(yes + 0.5, observed.sent - yes + 0.5, points))
        level = np.log(np.full(RESAMPLES, max(_TINY, rate))) if mean is None else mean[:, 0]
        return np.asarray(np.log(np.maximum(_TINY, measured)) - level)

    def doubted(self, stage: str, *, levels: bool = True) -> Floats | None:
        """Resampled rates that also contain how wrong the assumed sizes may be, and with `levels` the reference rates.

        An error of one size moves everything that has the attribute, on the scale of the logarithm.
        """
        s = self.stages.index(stage)
        cloud = self.clouds[s]
        if cloud is None or not self.modelled:
            return cloud
        moved = np.log(np.maximum(_TINY, cloud)) + self._size_errors(s)
        if levels:
            moved += self._reference_errors(s)
        return np.asarray(np.minimum(1.0, np.exp(moved)))

    def _size_errors(self, stage: int) -> Floats:
        names = self.assumptions.names
        errors = np.stack([normals(RESAMPLES, self.seed, "size", name) for name in names], axis=1)
        sizes = self.assumptions.choice["size_error"] * errors @ self._sensitivity(stage).T
        return np.asarray(sizes + self._time_errors())

    def _time_errors(self) -> Floats:
        """Days and parts of the day act on the first stage only, and so on all rates alike."""
        weight = self.assumptions.stages[self.stages[0]]["timing"] / max(COLDEST, self.temperature)
        refused = 1.0 - self.reached[0].mean(axis=0)
        errors = np.zeros((RESAMPLES, len(self.exposures)))
        for j, exposure in enumerate(self.exposures):
            for time in filter(None, (exposure.day, exposure.part)):
                errors[:, j] += weight * refused[j] * normals(RESAMPLES, self.seed, "time", time)
        return np.asarray(self.assumptions.choice["time_error"] * errors)

    def _sensitivity(self, stage: int) -> Floats:
        """d ln(rate) / d(size of an attribute), shape (exposures, attributes)."""
        before = np.concatenate([np.ones_like(self.reached[:1]), self.reached[:-1]])
        index = {name: k for k, name in enumerate(self.assumptions.names)}
        found = np.zeros((len(self.exposures), len(index)))
        for s in range(stage + 1):
            weights = self.assumptions.stages[self.stages[s]]
            refused = 1.0 - self.reached[s].mean(axis=0) / np.maximum(_TINY, before[s].mean(axis=0))
            for j, exposure in enumerate(self.exposures):
                for attribute, level in levels_of(exposure.parts, weights).items():
                    found[j, index[attribute]] += refused[j] * level / max(COLDEST, self.temperature)
        return found

    def _reference_errors(self, stage: int) -> Floats:
        size = self.assumptions.choice["reference_error"]
        errors = np.zeros((RESAMPLES, len(self.exposures)))
        for j, exposure in enumerate(self.exposures):
            observed = self.observed.get(self.groups[j])
            if observed is None or self._anchor(observed, stage) is None:
                errors[:, j] = size * normals(RESAMPLES, self.seed, "reference", exposure.place.name)
        return errors

    # Comparisons

    def probability_best(self, stage: str) -> list[float | None]:
        """How probable it is that each exposure has the highest rate; ties are shared."""
        return best_of(self.doubted(stage), len(self.exposures))

    def separated(self, stage: str) -> Consensus:
        """Whether the people tell the leading exposure from every other one: its lead survives random signs."""
        return consensus_on(self.reached[self.stages.index(stage)], self.evidence, 0.0)

    def difference(self, stage: str, one: int, other: int) -> Estimate:
        """The rate of one exposure less that of another, for the same people."""
        values = self.reached[self.stages.index(stage)]
        return self.evidence.mean_estimates((values[:, one] - values[:, other])[:, None], low=-1.0, high=1.0)[0]


def _widened(estimate: Estimate, factor: float) -> Estimate:
    """An interval that reaches further by a factor on the scale of the log-odds."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if factor == 1.0 or value is None or low is None or high is None or not 0.0 < low < value < high < 1.0:
        return estimate
    middle = logit(value)
    bounds = [float(f"{expit(middle + factor * (logit(bound) - middle)):.6g}") for bound in (low, high)]
    return estimate.model_copy(update={"low": bounds[0], "high": bounds[1], "method": f"{estimate.method}, {_SKEWED}"})


def calibrated(steps: Floats, stages: Sequence[str], observed: Observed) -> Floats:
    """Move the log-odds of steps (stages, people, exposures) so that the mean rates of observed stages are as observed.

    A stage that was not observed moves with the next deeper one that was. Observed rates must fall.
    """
    moved = np.array(steps)
    first, so_far = 0, np.ones_like(steps[0])
    for s, stage in enumerate(stages):
        if stage not in observed.rates:
            continue
        block = logit(np.clip(moved[first : s + 1], _TINY, 1 - _TINY))
        rate = _kept_apart(observed.rates[stage], observed.sent)

        def excess(shift: float, block: Floats = block, so_far: Floats = so_far, rate: float = rate) -> float:
            return float((so_far * expit(block + shift).prod(axis=0)).mean()) - rate

        shift = brentq(excess, -_FAR, _FAR) if excess(_FAR) > 0 else _FAR
        moved[first : s + 1] = expit(block + shift)
        so_far = so_far * moved[first : s + 1].prod(axis=0)
        first = s + 1
    return moved


def _kept_apart(rate: float, sent: int | None) -> float:
    """A rate of 0 or 1 among `sent` as the mean of its Jeffreys posterior."""
    return (rate * sent + 0.5) / (sent + 1) if sent is not None and rate in (0.0, 1.0) else rate
