"""Intervals that hold at every look at running results, however often one looks and whenever one stops. Pure.

An interval for a fixed n is wrong more often than it says when one looks again and again. A confidence sequence is
wrong at any time at all with probability at most 1 − level (Howard, Ramdas, McAuliffe and Sekhon 2021). Observations
lie in [0, 1] and come in an order that has nothing to do with what they are.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln

from dramatis_simulation_engine.seeds import Floats

_TINY = 1e-12
_BOLD = 0.75
"""A bet risks at most this part of the capital."""
_GRID = 1001


def beta_binomial_sequence(successes: float, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """For a probability, from `successes` times yes out of `n`.

    Outside are the probabilities under which the observations are 1/(1 − level) times less likely than under the
    uniform mixture (Robbins 1970; Howard et al. 2021). Valid for any observations in [0, 1], `successes` being their
    sum, though then wider than `betting_sequence`.
    """
    if not 0 <= successes <= n:
        raise ValueError("successes must be between 0 and n")
    mixture = float(betaln(successes + 1, n - successes + 1)) + math.log(1 - level)

    def against(p: float) -> float:
        return mixture - successes * math.log(p) - (n - successes) * math.log1p(-p)

    return _crossings(against, successes / n if n else 0.5)


def _crossings(against: Callable[[float], float], middle: float) -> tuple[float, float]:
    """Where a function that is negative around `middle` and rises to both sides crosses 0; the ends of [0, 1] else."""
    middle = min(1 - _TINY, max(_TINY, middle))
    low = 0.0 if against(_TINY) <= 0 else float(brentq(against, _TINY, middle))
    high = 1.0 if against(1 - _TINY) <= 0 else float(brentq(against, middle, 1 - _TINY))
    return low, high


def empirical_bernstein_sequence(values: Floats, *, level: float = 0.95) -> Floats:
    """For the mean of bounded values, after each of them: (n,) → (n, 2).

    Predictable plug-in (Waudby-Smith and Ramdas 2023, theorem 2): adapts to the variance, in closed form.
    """
    limit = math.log(2 / (1 - level))
    means, bets = _plug_in(values, limit)
    bets = np.minimum(bets, 0.5)
    before = np.concatenate([[0.5], means[:-1]])
    cost = 4 * (values - before) ** 2 * (-np.log1p(-bets) - bets) / 4
    weight = np.cumsum(bets)
    centre = np.cumsum(bets * values) / weight
    reach = (limit + np.cumsum(cost)) / weight
    return _running(centre - reach, centre + reach)


def betting_sequence(values: Floats, *, level: float = 0.95) -> Floats:
    """For the mean of bounded values, after each of them: (n,) → (n, 2). The tightest of the three.

    The hedged capital of Waudby-Smith and Ramdas (2023), theorem 3: a gambler who bets half on every mean being too
    low and half on its being too high becomes rich where it is wrong. Means are tried on a grid of 1001.
    """
    _, bets = _plug_in(values, math.log(2 / (1 - level)))
    grid = np.linspace(0, 1, _GRID)
    rich = np.log(2 / (1 - level))
    capital = np.maximum(_capital(values, bets, grid, +1), _capital(values, bets, grid, -1))
    inside = capital < rich
    known = inside.any(axis=1)
    step = 1 / (_GRID - 1)
    low = np.where(known, grid[inside.argmax(axis=1)] - step, 0.0)
    high = np.where(known, grid[_GRID - 1 - inside[:, ::-1].argmax(axis=1)] + step, 1.0)
    return _running(low, high)


def _capital(values: Floats, bets: Floats, means: Floats, side: int) -> Floats:
    """ln of what a gambler has who bets that the mean is higher (+1) or lower (−1), shape (n, means)."""
    room = means if side > 0 else 1 - means
    stakes = np.minimum(bets[:, None], _BOLD / np.maximum(room, _TINY))
    return np.asarray(np.cumsum(np.log1p(side * stakes * (values[:, None] - means)), axis=0))


def _plug_in(values: Floats, limit: float) -> tuple[Floats, Floats]:
    """Running means, and the bet before each value from the variance of those before it."""
    times = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (times + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (times + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    return means, np.sqrt(2 * limit / (before * times * np.log1p(times)))


def _running(low: Floats, high: Floats) -> Floats:
    """What was excluded once stays excluded."""
    lows = np.maximum.accumulate(np.clip(low, 0, 1))
    highs = np.minimum.accumulate(np.clip(high, 0, 1))
    return np.stack([lows, np.maximum(lows, highs)], axis=1)


def evidence_above(values: Floats, bound: float) -> Floats:
    """ln of the evidence, after each value, that the mean exceeds `bound`: an e-process, shape (n,).

    If the mean is at most `bound`, this ever exceeds ln(1/a) with probability at most a (Ville 1939). The bets
    maximise growth by what was seen before (aGRAPA; Waudby-Smith and Ramdas 2023).
    """
    times = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (times + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (times + 1)
    mean = np.concatenate([[0.5], means[:-1]])
    variance = np.concatenate([[0.25], variances[:-1]])
    edge = mean - bound
    bets = np.clip(edge / (variance + edge**2), 0, _BOLD / max(bound, _TINY))
    return np.asarray(np.cumsum(np.log1p(bets * (values - bound))))


def time_uniform_factor(n: int, first: int, *, level: float = 0.95) -> float:
    """How much wider an interval for a fixed `n` becomes that holds at every look from the `first` person on.

    Gaussian mixture boundary, tightest at `first` (asymptotic confidence sequence; Waudby-Smith, Arbour, Sinha,
    Kennedy and Ramdas 2024, theorem 2.2 and section B.2), relative to the normal quantile.
    """
    miss = 1 - level
    rho = (-2 * math.log(miss) + math.log(-2 * math.log(miss) + 1)) / first
    reach = math.sqrt((n * rho + 1) / rho * math.log((n * rho + 1) / miss**2) / n)
    return reach / 1.959963984540054
