"""What a change is worth to a person in US dollars, from answers alone. Pure.

A person's willingness to pay for a change is the rise in price that leaves it as interested as it is without the
change: the compensating variation of a discrete choice (Small and Rosen 1981), which is the ratio of the change in
utility to the price coefficient where utility is linear in the price (Train 2009, section 3.1). Here it is not
linear: the person's own interest at several prices says what a price costs it. Assumed: the change adds the same log
odds at every price.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import binom

from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import LEVEL

LADDER = (0.6, 0.85, 1.2, 1.7)
"""The prices at which the property is asked about as it is, as multiples of the asking price, which is asked anyway.
They are few because a language model is paid for each."""
METHOD = "median over people of the compensating price change; distribution-free interval from order statistics"
ASSUMES = "a change adds the same log odds of interest at every price"
_CERTAIN = 1e-12


@dataclass(frozen=True)
class Worth:
    """What changes are worth, US dollars, shape (people, changes); not a number for people who never consider buying.

    A worth is cut at the ends of the prices asked: `beyond` says which ones are at least (or at most) as stated.
    """

    values: Floats
    beyond: NDArray[np.bool_]

    def median(self, change: int) -> tuple[float | None, tuple[float | None, float | None], int]:
        """The median, its 95 % interval, and the number of people behind it; None for what is not known."""
        known = np.sort(self.values[np.isfinite(self.values[:, change]), change])
        if len(known) == 0:
            return None, (None, None), 0
        return float(np.median(known)), median_interval(known), len(known)


def worth_of(as_is: Floats, factors: Floats, changed: Floats, asking_price: float) -> Worth:
    """`as_is` (people, prices): interest at rising `factors` of the asking price, 1 among them. `changed` (people,
    changes): interest in each changed version at the asking price."""
    odds, logs = _log_odds(as_is), np.log(factors)
    at_asking = odds[:, [int(np.argmin(np.abs(logs)))]]
    wanted = 2 * at_asking - _log_odds(changed)
    falling = np.asarray((np.diff(odds, axis=1) < 0).all(axis=1))
    moved = np.full(changed.shape, np.nan)
    for person in np.flatnonzero(falling):
        moved[person] = np.interp(wanted[person], odds[person, ::-1], logs[::-1])
    beyond = falling[:, None] & ((wanted < odds[:, [-1]]) | (wanted > odds[:, [0]]))
    return Worth(asking_price * np.expm1(moved), beyond)


def _log_odds(probabilities: Floats) -> Floats:
    return np.asarray(logit(np.clip(probabilities, _CERTAIN, 1 - _CERTAIN)))


def median_interval(ordered: Floats) -> tuple[float | None, float | None]:
    """A 95 % interval of the median for any distribution (Conover 1999): order statistics; none below six values."""
    n = len(ordered)
    rank = int(binom.ppf((1 - LEVEL) / 2, n, 0.5))
    # The k-th smallest and the k-th largest enclose the median unless fewer than k values lie on one side of it.
    if rank < 1:
        return None, None
    return float(ordered[rank - 1]), float(ordered[n - rank])
