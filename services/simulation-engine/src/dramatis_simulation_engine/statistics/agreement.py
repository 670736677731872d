"""How far people agree with one another: Kendall's W and Krippendorff's alpha. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, stdtrit

from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics.intervals import UPPER

JACKKNIFE = "Kendall's W with ties, jackknife over people"
ALPHA = "Krippendorff's alpha (ordinal), jackknife over people"
_GROUPS = 60
Level = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient of agreement with a jackknife interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


def ranks_of(scores: Floats) -> Floats:
    """Rank 1 for the highest score of each row; equal scores share the mean rank."""
    higher = (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    equal = (scores[:, None, :] == scores[:, :, None]).sum(axis=2)
    return np.asarray(1.0 + higher + (equal - 1) / 2)


# Kendall's W


def kendalls_w(scores: Floats) -> Agreement:
    """Agreement of people (rows) on the ranking of options (columns), corrected for ties (Kendall 1948).

    From 0 (no agreement) to 1 (the same ranking).
    """
    ranks = ranks_of(scores)
    people, options = ranks.shape
    ties = _ties(ranks)
    value = _w(ranks.sum(axis=0), people, options, float(ties.sum()))
    if value is None or people < 3:
        return Agreement(value, None, None)
    sums, pairs = ranks.sum(axis=0), zip(ranks, ties, strict=True)
    without = [_w(sums - row, people - 1, options, float(ties.sum() - t)) for row, t in pairs]
    if any(w is None for w in without):
        return Agreement(value, None, None)
    low, high = jackknife(value, np.array(without, dtype=np.float64))
    return Agreement(value, max(0.0, min(low, _if_some_dissent(value, people))), min(1.0, high))


def kendalls_w_p(scores: Floats) -> float | None:
    """The probability of so large a W when everyone ranks at random: χ² = n(k − 1)W (Friedman 1937).

    An approximation for few people: with n·k below some 20 it is too large.
    """
    people, options = scores.shape
    value = kendalls_w(scores).value
    return None if value is None else float(chdtrc(options - 1, people * (options - 1) * value))


def _w(rank_sums: Floats, people: int, options: int, ties: float) -> float | None:
    spread = float(((rank_sums - rank_sums.mean()) ** 2).sum())
    largest = people**2 * (options**3 - options) - people * ties
    return None if largest <= 0 else min(1.0, 12 * spread / largest)


def _ties(ranks: Floats) -> Floats:
    """Σ (t³ − t) over the groups of equal ranks of each person, shape (people,)."""
    group = (ranks[:, None, :] == ranks[:, :, None]).sum(axis=2)
    return np.asarray((group**2.0 - 1.0).sum(axis=1))


def _if_some_dissent(value: float, people: int) -> float:
    """The W of a population in which as many rank at random as can have been missed by chance.

    With probability 0.975 none of n is met only if they are fewer than 1 − 0.025^(1/n) (exact binomial bound): people
    who all agree have an interval too.
    """
    return value * float((1 - UPPER) ** (2 / people)) if value >= 1.0 else value


# Krippendorff's alpha


def krippendorffs_alpha(ratings: Floats, level: Level = "nominal") -> float | None:
    """Agreement of raters (rows) on units (columns), NaN where a rating is missing (Krippendorff 2004, chapter 11).

    1 is perfect agreement, 0 what chance gives. None when fewer than two ratings can be paired or all are equal.
    """
    values, codes = np.unique(ratings[~np.isnan(ratings)], return_inverse=True)
    coded = np.full(ratings.shape, -1)
    coded[~np.isnan(ratings)] = codes
    counts = np.stack([np.count_nonzero(coded == v, axis=0) for v in range(len(values))], axis=1).astype(float)
    counts = counts[counts.sum(axis=1) > 1] if len(values) else np.zeros((0, 0))
    totals = counts.sum(axis=0)
    if totals.sum() == 0:
        return None
    distances = _DISTANCES[level](values, totals)
    within = np.einsum("uc,uk,ck->u", counts, counts, distances) / (counts.sum(axis=1) - 1)
    by_chance = float(np.einsum("c,k,ck->", totals, totals, distances)) / (totals.sum() - 1)
    return None if by_chance == 0 else 1.0 - float(within.sum()) / by_chance


def _nominal(values: Floats, totals: Floats) -> Floats:  # noqa: ARG001  (all distances have one signature)
    return 1.0 - np.eye(len(values))


def _interval(values: Floats, totals: Floats) -> Floats:  # noqa: ARG001  (all distances have one signature)
    return np.asarray((values[:, None] - values[None, :]) ** 2)


def _ordinal(values: Floats, totals: Floats) -> Floats:  # noqa: ARG001  (only the order of the values counts)
    middles = np.cumsum(totals) - totals / 2
    return np.asarray((middles[:, None] - middles[None, :]) ** 2)


_DISTANCES: dict[Level, Callable[[Floats, Floats], Floats]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
}


def rank_alpha(scores: Floats) -> Agreement:
    """Krippendorff's ordinal alpha of people's rankings of options, with a jackknife interval over people.

    Raters are the people, units the options; the value belongs to a pair of people, whatever their number.
    """
    ranks = ranks_of(scores)
    people = len(ranks)
    if people < 2 or ranks.shape[1] < 2:
        return Agreement(None, None, None)
    value = krippendorffs_alpha(ranks, "ordinal")
    if value is None or people < 3:
        return Agreement(value, None, None)
    without = [krippendorffs_alpha(ranks[kept], "ordinal") for kept in leaving_out(people)]
    if any(a is None for a in without):
        return Agreement(value, None, None)
    low, high = jackknife(value, np.array(without, dtype=np.float64))
    return Agreement(value, max(-1.0, min(low, _if_some_dissent(value, people))), min(1.0, high))


def leaving_out(people: int) -> Iterator[NDArray[np.bool_]]:
    """Masks that leave out one person after another, or one of 60 groups of many people."""
    groups = min(people, _GROUPS)
    for group in range(groups):
        yield np.arange(people) % groups != group


def jackknife(value: float, without: Floats) -> tuple[float, float]:
    """The interval of a statistic from its values without each person, or group, in turn (Tukey 1958)."""
    parts = len(without)
    error = np.sqrt((parts - 1) / parts * ((without - without.mean()) ** 2).sum())
    reach = float(stdtrit(parts - 1, UPPER) * error)
    return value - reach, value + reach
