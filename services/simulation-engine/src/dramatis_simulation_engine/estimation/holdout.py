"""How well a model foretells choices that it has not seen: the mean log score per choice, with intervals. Pure."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dramatis_simulation_engine.estimation.choices import ChoiceSets, Integers
from dramatis_simulation_engine.seeds import Floats, seed_of

LEVEL = 0.95
_RESAMPLES = 2000
_FEWEST = 20
"""Choices that are needed to learn from before whole people are set aside."""


@dataclass(frozen=True)
class Split:
    """Places of the choices that are learnt from, and of those that are foretold."""

    known: Integers
    unknown: Integers
    by: Literal["last choices of each person", "every fifth person"]


@dataclass(frozen=True)
class Score:
    """Mean log score in nats per choice (0 is perfect) with a bootstrap interval over people."""

    value: float
    low: float | None
    high: float | None


def split(sets: ChoiceSets, last: int | None) -> Split | None:
    """Set aside the last choices of each person: `last` of them, a quarter (at least one) if None.

    At least one choice of a person stays known. Where nobody chose twice, every fifth person is set aside. None where
    nothing can be.
    """
    if last == 0:
        return None
    order = np.argsort(sets.person, kind="stable")
    people = sets.person[order]
    _, counts = np.unique(people, return_counts=True)
    if counts.max(initial=0) < 2:
        return _people_aside(sets)
    backwards = np.concatenate([np.arange(count)[::-1] for count in counts])
    wanted = np.maximum(1, counts // 4) if last is None else np.full(len(counts), last)
    aside = backwards < np.repeat(np.minimum(wanted, counts - 1), counts)
    return Split(np.sort(order[~aside]), np.sort(order[aside]), "last choices of each person")


def _people_aside(sets: ChoiceSets) -> Split | None:
    if len(sets) < _FEWEST:
        return None
    aside = np.array([seed_of("holdout", person) % 5 == 0 for person in sets.people])[sets.person]
    if aside.all() or not aside.any():
        return None
    return Split(np.flatnonzero(~aside), np.flatnonzero(aside), "every fifth person")


def score(logarithms: Floats, person: Integers, seed: int) -> Score:
    """The mean of log scores (T,), resampled by person (T,). One person alone gives no interval."""
    _, places = np.unique(person, return_inverse=True)
    sums = np.bincount(places, weights=logarithms)
    counts = np.bincount(places).astype(np.float64)
    value = float(logarithms.mean())
    if len(sums) < 2:
        return Score(value, None, None)
    generator = np.random.default_rng(seed)
    times = generator.multinomial(len(sums), np.full(len(sums), 1.0 / len(sums)), size=_RESAMPLES)
    low, high = np.quantile((times @ sums) / (times @ counts), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Score(value, float(low), float(high))
