"""The reviewed numbers that predictions assume, and the intervals that several of them need. Pure."""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Any

from scipy.special import betaincinv, stdtrit

from dramatis_contracts.simulation_engine.common import Estimate

LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2


@cache
def assumed(section: str) -> dict[str, Any]:
    """One table of `data/assumptions.toml`."""
    found: dict[str, Any] = tomllib.loads(_read("assumptions").decode())[section]
    return found


@cache
def model_version() -> str:
    """Names the rules and, by a digest, their data: other assumptions are another model."""
    digest = hashlib.sha256(_read("assumptions") + _read("vocabulary")).hexdigest()
    return f"analytics-1-{digest[:8]}"


def _read(name: str) -> bytes:
    return (files(__package__) / "data" / f"{name}.toml").read_bytes()


def estimate(
    value: float | None, low: float | None, high: float | None, *, n: int, method: str, level: float = LEVEL
) -> Estimate:
    """None where an end is open."""
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        method=method,
        model_version=model_version(),
        calibration="assumed",
    )


def mean_of_unit_values(n: int, total: float, squares: float, method: str) -> Estimate:
    """The mean of `n` ≥ 1 values of 0 to 1, from their sum and the sum of their squares."""
    prior = assumed("interest")
    mean = total / n
    deviations = max(0.0, squares - n * mean * mean)
    freedom = n - 1 + prior["weight"]
    variance = (deviations + prior["weight"] * prior["deviation"] ** 2) / freedom
    half = float(stdtrit(freedom, 1 - _TAIL)) * sqrt(variance / n)
    return estimate(mean, max(0.0, mean - half), min(1.0, mean + half), n=n, method=method)


def beta_interval(a: float, b: float) -> tuple[float, float]:
    """The middle 95 % of a beta distribution."""
    return float(betaincinv(a, b, _TAIL)), float(betaincinv(a, b, 1 - _TAIL))
