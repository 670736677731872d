"""Whether choices tell tastes at all: columns vary, are independent and do not foretell every choice. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import linprog

from dramatis_simulation_engine.estimation.choices import ChoiceSets, Contrasts, InvalidChoices
from dramatis_simulation_engine.seeds import Floats

_DEPENDENT = 1e-7
"""A singular value below this, relative to the largest one, is none: columns are scaled to length 1 before."""
_SEPARATING = 1e-6
_PATIENCE: Any = {"time_limit": 5.0}
"""Seconds. A program so large that it takes longer is not solved; the search then tells that it does not converge."""


def scale_of(sets: ChoiceSets) -> Floats:
    """The size of each column's differences within choice sets, shape (K,); 1 where there is none."""
    differences = _differences(sets)
    largest = np.abs(differences).max(axis=0, initial=0.0)
    safe = np.where(largest > 0, largest, 1.0)
    size = safe * np.sqrt(np.mean((differences / safe) ** 2, axis=0)) if len(differences) else safe
    return np.asarray(np.where(largest > 0, size, 1.0))


def check_identified(sets: ChoiceSets) -> None:
    """Raises `InvalidChoices` for a column that no choice can tell anything about."""
    differences = _differences(sets)
    size = np.abs(sets.levels).max(axis=(0, 1), initial=0.0)
    if not sets.names:
        raise InvalidChoices("choices", "the options have no attributes, and no constants are asked for")
    for name, spread, largest in zip(sets.names, np.abs(differences).max(axis=0, initial=0.0), size, strict=True):
        if spread <= 1e-12 * largest:
            raise InvalidChoices("choices", f"'{name}' is the same for all options of every choice")
    scaled = differences / np.sqrt(np.sum(differences**2, axis=0))
    _, values, directions = np.linalg.svd(scaled, full_matrices=len(scaled) < len(sets.names))
    if len(values) < len(sets.names) or values[-1] < _DEPENDENT * values[0]:
        raise InvalidChoices(
            "choices", f"{_listed(sets.names, directions[-1])} cannot be told apart: they are collinear"
        )


def check_finite(sets: ChoiceSets) -> None:
    """Raises `InvalidChoices` where the likelihood has no finite maximum (Albert and Anderson 1984).

    A linear program looks for a combination of columns in which no chosen option is worse than another one.
    """
    contrasts = Contrasts.of(sets.scaled(scale_of(sets)))
    worse = contrasts.levels[contrasts.real]
    found = linprog(
        worse.sum(axis=0), A_ub=worse, b_ub=np.zeros(len(worse)), bounds=(-1, 1), method="highs", options=_PATIENCE
    )
    if found.status == 0 and found.fun < -_SEPARATING * max(1.0, np.abs(worse).max()):
        names = _listed(sets.names, np.asarray(found.x))
        raise InvalidChoices("choices", f"{names} foretells choices without exception: no finite estimate exists")


def _differences(sets: ChoiceSets) -> Floats:
    """Every option against the mean of its choice set, shape (options in all, K)."""
    weights = sets.available[:, :, None] / sets.available.sum(axis=1)[:, None, None]
    centred = sets.levels - (sets.levels * weights).sum(axis=1, keepdims=True)
    return np.asarray(centred[sets.available])


def _listed(names: Sequence[str], direction: Floats) -> str:
    """The columns that take part in a direction, the heaviest ones."""
    share = np.abs(direction) / np.abs(direction).max()
    return ", ".join(f"'{names[k]}'" for k in np.argsort(-share, kind="stable") if share[k] > 0.05)
