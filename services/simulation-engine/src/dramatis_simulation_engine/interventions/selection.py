"""Which of the compared sequences to recommend. Pure.

The sequence with the highest rate among many looks better than it is. So another sequence replaces the client's own
only where its gain is larger than what the best of all would gain by chance: when every independent unit of people
(`statistics.Design`) turns the sign of all its gains by lot (max-t randomisation test, Nichols and Holmes 2002; exact
for any number of people when gains are symmetric). Fewer than six units can never show a gain.
"""

from dataclasses import dataclass

import numpy as np

from dramatis_simulation_engine.interventions.design import Compared
from dramatis_simulation_engine.seeds import Floats, seed_of
from dramatis_simulation_engine.statistics import LEVEL, RESAMPLES, Design, Evidence, best_of

_EQUAL = 1e-9
_SMALLEST = 1e-24
"""A variance below this is rounding."""
SIMULTANEOUS = f"simultaneous {LEVEL * 100:.0f} % bounds over all sequences compared (max-t, signs drawn by lot)"


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
    """Bounds for the mean of every column of (people, columns) at once; None for one unit alone."""
    if design.units < 2:
        return None
    parts = np.zeros((design.units, gains.shape[1]))
    np.add.at(parts, design.unit_of, gains / len(gains))
    spread = _spread(parts.sum(axis=0), parts)
    reach = spread * _critical(parts, seed)
    means = gains.mean(axis=0)
    return means - reach, means + reach


def _spread(sums: Floats, parts: Floats) -> Floats:
    """Standard errors of sums of independent parts, (…, columns). Their squares do not change with their signs."""
    units = len(parts)
    squares = (parts**2).sum(axis=0) - sums**2 / units
    return np.asarray(np.sqrt(np.maximum(squares * units / (units - 1), _SMALLEST)))


def _critical(parts: Floats, seed: int) -> float:
    """How many standard errors the largest of all means reaches by chance in 5 of 100 draws of signs."""
    generator = np.random.default_rng(seed_of(seed, "simultaneous"))
    signs = 2.0 * generator.integers(0, 2, size=(RESAMPLES, len(parts)), dtype=np.int8) - 1.0
    turned = signs @ parts
    largest = np.abs(turned / _spread(turned, parts)).max(axis=1)
    # What was observed is one more draw: that makes the test exact.
    own = parts.sum(axis=0)
    observed = np.abs(own / _spread(own, parts)).max()
    return float(np.quantile(np.append(largest, observed), LEVEL, method="higher"))
