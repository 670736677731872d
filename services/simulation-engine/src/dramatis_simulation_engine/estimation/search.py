"""The search for a maximum: Newton's method with a trust region (Nocedal and Wright 2006, section 4.3). Pure."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

from dramatis_simulation_engine.seeds import Floats


def descend(
    loss: Callable[[Floats], tuple[float, Floats]],
    curvature: Callable[[Floats], Floats],
    start: Floats,
    *,
    gradient: float,
    steps: int,
    radius: tuple[float, float],
    note: Callable[[Floats], None] | None = None,
) -> tuple[Floats, int]:
    """Where `loss` (value and gradient) is least, and the number of steps.

    Ends where the gradient's norm is below `gradient`. `radius` is that of the trust region, first and largest.
    """
    first, largest = radius
    options: Any = {"gtol": gradient, "maxiter": steps, "initial_trust_radius": first, "max_trust_radius": largest}
    callables: Any = {"hess": curvature, "callback": note}
    found: Any = minimize(loss, start, jac=True, method="trust-exact", options=options, **callables)
    return np.asarray(found.x, dtype=np.float64), int(found.nit)
