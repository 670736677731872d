"""Which of the compared sequences to recommend. Pure.

The sequence with the highest rate among many looks better than it is. So another sequence replaces the client's own
only where the difference stays above 0 in simultaneous 95 % bounds over all sequences compared (max-t from multipliers
over the units of the design, Hothorn, Bretz and Westfall 2008; critical values taken to Student's t for few people).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from dramatis_simulation_engine.interventions.design import Compared
from dramatis_simulation_engine.seeds import Floats, seed_of
from dramatis_simulation_engine.statistics import LEVEL, RESAMPLES, Design, Evidence, best_of

_EQUAL = 1e-9
SIMULTANEOUS = f"simultaneous {LEVEL * 100:.0f} % bounds over all sequences compared (max-t)"


@dataclass(frozen=True)
class Selection:
    """`chosen` is what to do: another sequence than the client's own only where the evidence separates it."""

    chosen: int
    leading: int
    probability_best: tuple[float | None, ...]
    bounds: tuple[tuple[float, float], ...] | None
    """Simultaneous bounds of each sequence's difference to the client's own; None for one person alone."""

    @property
    def separated(self) -> bool:
        return self.chosen != 0


def select(compared: Compared, evidence: Evidence, design: Design, seed: int) -> Selection:
    """The sequence to recommend, and how probable it is for each to be the best."""
    best = best_of(_tied(evidence.cloud(compared.rates)), compared.rates.shape[1])
    gains = compared.rates - compared.rates[:, :1]
    bounds = simultaneous(gains, design, seed)
    better = [] if bounds is None else np.flatnonzero(bounds[0] > _EQUAL).tolist()
    chosen = compared.simplest(better) if better else 0
    pairs = None if bounds is None else tuple(zip(bounds[0].tolist(), bounds[1].tolist(), strict=True))
    return Selection(chosen, compared.leading, tuple(best), pairs)


def _tied(cloud: Floats | None) -> Floats | None:
    """Sequences that differ by rounding only are equal."""
    return None if cloud is None else np.round(cloud, 9)


def simultaneous(gains: Floats, design: Design, seed: int) -> tuple[Floats, Floats] | None:
    """Bounds that hold for the mean of every column at once; None where nothing is known about the spread."""
    free = design.degrees_of_freedom
    if design.units < 2 or free < 1:
        return None
    errors = design.errors(gains)
    spread = np.sqrt((errors**2).sum(axis=0))
    varied = spread > _EQUAL
    reach = np.zeros(len(spread))
    if varied.any():
        reach[varied] = spread[varied] * _critical(errors[:, varied] / spread[varied], free, seed)
    means = gains.mean(axis=0)
    return means - reach, means + reach


def _critical(standardised: Floats, free: int, seed: int) -> float:
    """The reach, in standard errors, that covers all columns with probability 0.95."""
    shape = (RESAMPLES, len(standardised))
    multipliers = np.random.default_rng(seed_of(seed, "simultaneous")).standard_normal(shape)
    largest = np.abs(multipliers @ standardised).max(axis=1)
    normal = float(np.quantile(largest, LEVEL))
    return float(stdtrit(free, ndtr(normal)))
