"""Demand curves. Pure."""

import numpy as np
from scipy.optimize import isotonic_regression

from dramatis_simulation_engine.seeds import Floats


def demand_curve(accepted: Floats) -> Floats:
    """Demand at rising prices, made to fall (pool adjacent violators). Shape (…, prices)."""
    curves = np.atleast_2d(np.clip(accepted, 0.0, 1.0))
    rising = np.flatnonzero(np.any(np.diff(curves, axis=1) > 0, axis=1))
    for row in rising:
        curves[row] = isotonic_regression(curves[row], increasing=False).x
    return np.asarray(curves if accepted.ndim > 1 else curves[0])
