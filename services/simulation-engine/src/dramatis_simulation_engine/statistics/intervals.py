"""Intervals for shares, differences of shares and other means. Pure.

Wilson's and Jeffreys's are for counts of sampled choices. A mean of people's probabilities has a Student t interval,
for a share on the scale of the log-odds: shares of few people are skewed, and a symmetric interval is too short on the
side away from 0 or 1.
"""

import math

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri

from dramatis_simulation_engine.seeds import Floats

LEVEL = 0.95
UPPER = (1 + LEVEL) / 2
_FARTHEST = 3.0
"""On the scale of the log-odds: twenty times the odds."""


def wilson(successes: float, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """The score interval of a probability (Wilson 1927)."""
    _check(successes, n)
    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (successes + z2 / 2) / (n + z2)
    reach = math.sqrt(z2 * (successes * (n - successes) / n + z2 / 4)) / (n + z2)
    low, high = centre - reach, centre + reach
    return (0.0 if successes == 0 else max(0.0, low)), (1.0 if successes == n else min(1.0, high))


def jeffreys(successes: float, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Equal tails of the posterior under Jeffreys's prior, ended at 0 and 1 (Brown, Cai and DasGupta 2001)."""
    _check(successes, n)
    tail = (1 - level) / 2
    yes, no = successes + 0.5, n - successes + 0.5
    low = 0.0 if successes == 0 else float(betaincinv(yes, no, tail))
    high = 1.0 if successes == n else float(betaincinv(yes, no, 1 - tail))
    return low, high


def _check(successes: float, n: int) -> None:
    if n < 1 or not 0 <= successes <= n:
        raise ValueError("successes must be between 0 and n, and n at least 1")


def mean_bounds(means: Floats, reaches: Floats) -> tuple[Floats, Floats]:
    """`reaches`: Student's quantile times the standard error, for each mean."""
    return means - reaches, means + reaches


def share_bounds(means: Floats, reaches: Floats) -> tuple[Floats, Floats]:
    """Bounds of shares, on the scale of the log-odds (delta method). A mean of exactly 0 or 1 bounds itself."""
    inner = (means > 0) & (means < 1)
    low, high = moved_share(means, -reaches), moved_share(means, reaches)
    return np.where(inner, low, means), np.where(inner, high, means)


def moved_share(shares: Floats, errors: Floats) -> Floats:
    """Shares moved by errors that are given as differences, on the scale of the log-odds (delta method).

    The delta method is not followed far out, where one person's 0.001 would be moved to 0.9: the plain sum is there.
    A share of 0 or 1 is moved like 0.5: leave it out before.
    """
    inside = np.where((shares > 0) & (shares < 1), shares, 0.5)
    steps = errors / (inside * (1 - inside))
    near, plain = expit(logit(inside) + np.clip(steps, -_FARTHEST, _FARTHEST)), np.clip(inside + errors, 0.0, 1.0)
    up, down = np.maximum(near, plain), np.minimum(near, plain)
    return np.asarray(np.where(steps > _FARTHEST, up, np.where(steps < -_FARTHEST, down, near)))


def difference_bounds(
    means: tuple[Floats, Floats], lows: tuple[Floats, Floats], highs: tuple[Floats, Floats], correlation: Floats
) -> tuple[Floats, Floats]:
    """Bounds of a difference of two correlated shares from the bounds of each: "square and add".

    Newcombe (1998, paired differences); Zou and Donner (2008).
    """
    (one, other), (low_one, low_other), (high_one, high_other) = means, lows, highs
    down = _add(one - low_one, high_other - other, correlation)
    up = _add(high_one - one, other - low_other, correlation)
    return one - other - down, one - other + up


def _add(a: Floats, b: Floats, correlation: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(0.0, a**2 - 2 * correlation * a * b + b**2)))
