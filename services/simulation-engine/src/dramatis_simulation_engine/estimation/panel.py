"""Choices grouped by person and cut into pieces that fit the processor's cache, for likelihoods over many draws. Pure.

n people in a piece, T choices of the busiest of them, J options that were not chosen, K columns, R draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dramatis_simulation_engine.estimation.choices import Bools, ChoiceSets, Contrasts, Integers
from dramatis_simulation_engine.seeds import Floats

_CELLS = 400_000
_LARGEST = 600.0
"""Differences of utility are cut here: e⁶⁰⁰ is a number still, and a choice against such odds decides everything."""


@dataclass(frozen=True)
class Piece:
    """Some people with all their choices; who chose less often than T has empty choices at the end."""

    people: Integers
    """(n,)"""
    sets: Integers
    """(n, T): the place of each choice, −1 for an empty one."""
    levels: Floats
    """(n, T·J, K): option minus chosen option."""
    absent: Floats
    """(n, T·J, 1): 0, or −∞ where there is no option."""

    def odds(self, tastes: Floats) -> Floats:
        """exp(V_j − V_chosen), shape (n, T, J, R), for `tastes` (n, K, R)."""
        odds = self.levels @ tastes
        odds += self.absent
        np.minimum(odds, _LARGEST, out=odds)
        np.exp(odds, out=odds)
        people, choices = self.sets.shape
        return odds.reshape(people, choices, -1, tastes.shape[2])

    def probabilities(self, tastes: Floats) -> Floats:
        """Of what was chosen, shape (n, T, R); 1 for an empty choice."""
        return np.asarray(1.0 / (1.0 + self.odds(tastes).sum(axis=2)))


def pieces(sets: ChoiceSets, draws: int) -> Iterator[Piece]:
    """All people who chose something. People with equally many choices stand together, so that little is empty."""
    contrasts = Contrasts.of(sets)
    order = np.argsort(sets.person, kind="stable")
    people, starts, counts = np.unique(sets.person[order], return_index=True, return_counts=True)
    by_count = np.argsort(-counts, kind="stable")
    at = 0
    while at < len(by_count):
        longest = int(counts[by_count[at]])
        size = max(1, _CELLS // (longest * contrasts.levels.shape[1] * draws))
        several = by_count[at : at + size]
        places = np.arange(longest)[None, :]
        filled = places < counts[several, None]
        tasks = np.where(filled, order[np.minimum(starts[several, None] + places, len(order) - 1)], -1)
        yield _piece(contrasts, people[several], tasks, filled)
        at += size


def _piece(contrasts: Contrasts, people: Integers, tasks: Integers, filled: Bools) -> Piece:
    count = len(people)
    columns = contrasts.levels.shape[2]
    real = contrasts.real[tasks] & filled[:, :, None]
    levels = np.where(real[..., None], contrasts.levels[tasks], 0.0)
    absent = np.where(real, 0.0, -np.inf)
    return Piece(people, tasks, levels.reshape(count, -1, columns), absent.reshape(count, -1, 1))
