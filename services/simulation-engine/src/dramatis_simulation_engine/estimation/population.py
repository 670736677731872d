"""How tastes are spread over people: β = g(b + L·ξ) with ξ standard normal, and g = id, exp or −exp. Pure.

K columns, D of them spread. A column that is not spread has a row of zeros in L.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from dramatis_contracts.tastes.v1 import Distribution
from dramatis_simulation_engine.estimation.choices import ChoiceSets, InvalidChoices
from dramatis_simulation_engine.seeds import Floats

_SIGNS: Mapping[Distribution, float] = {"log_normal": 1.0, "negative_log_normal": -1.0, "normal": 0.0, "fixed": 0.0}
_LARGEST_EXPONENT = 50.0


@dataclass(frozen=True)
class Shape:
    """Which columns are spread, how, and whether together. The parameters are b, then the entries of L by rows."""

    distributions: tuple[Distribution, ...]
    correlated: bool

    @property
    def spread(self) -> NDArray[np.int64]:
        """(D,): the columns whose tastes differ between people."""
        return np.array([k for k, d in enumerate(self.distributions) if d != "fixed"], dtype=np.int64)

    @property
    def signs(self) -> Floats:
        """(K,): ±1 for log-normal tastes, 0 for others."""
        return np.array([_SIGNS[d] for d in self.distributions])

    @property
    def places(self) -> list[tuple[int, int]]:
        """For every entry of L the column and the dimension of ξ."""
        spread = self.spread
        if self.correlated:
            return [(int(spread[i]), j) for i in range(len(spread)) for j in range(i + 1)]
        return [(int(k), i) for i, k in enumerate(spread)]

    @property
    def parameters(self) -> int:
        return len(self.distributions) + len(self.places)

    def split(self, parameters: Floats) -> tuple[Floats, Floats]:
        """b (K,) and L (K, D)."""
        columns = len(self.distributions)
        spreads = np.zeros((columns, len(self.spread)))
        for value, (k, d) in zip(parameters[columns:], self.places, strict=True):
            spreads[k, d] = value
        return parameters[:columns], spreads


def shape_of(sets: ChoiceSets, wanted: Mapping[str, Distribution], *, correlated: bool) -> Shape:
    """The shape that a request asks for. Raises `InvalidChoices` for a distribution of something that is not there."""
    for name in wanted:
        if name not in sets.names:
            raise InvalidChoices(
                f"model.distributions.{name}", f"no column has this name; there are {', '.join(sets.names)}"
            )
    return Shape(
        tuple(
            wanted.get(name, "normal" if varies else "fixed")
            for name, varies in zip(sets.names, sets.varying, strict=True)
        ),
        correlated,
    )


@dataclass(frozen=True)
class Population:
    """A distribution of tastes over people, in the units of the columns."""

    names: tuple[str, ...]
    shape: Shape
    location: Floats
    """b, (K,)"""
    spreads: Floats
    """L, (K, D)"""

    def latent(self, normal: Floats) -> Floats:
        """b + L·ξ, shape (n, K, R), for ξ (n, D, R)."""
        return np.asarray(self.location[None, :, None] + self.spreads @ normal)

    def tastes(self, normal: Floats) -> Floats:
        """β, shape (n, K, R), for ξ (n, D, R)."""
        return transformed(self.latent(normal), self.shape.signs)

    @property
    def deviations(self) -> Floats:
        """(K,): standard deviations of b + L·ξ."""
        return np.asarray(np.sqrt((self.spreads**2).sum(axis=1)))

    @property
    def means(self) -> Floats:
        """(K,): mean tastes."""
        signs = self.shape.signs
        growth = np.exp(np.minimum(self.location + self.deviations**2 / 2, _LARGEST_EXPONENT))
        return np.asarray(np.where(signs == 0, self.location, signs * growth))

    @property
    def standard_deviations(self) -> Floats:
        """(K,): standard deviations of the tastes between people."""
        variance = np.minimum(self.deviations**2, _LARGEST_EXPONENT)
        return np.asarray(
            np.where(self.shape.signs == 0, self.deviations, np.abs(self.means) * np.sqrt(np.expm1(variance)))
        )

    @property
    def shares_positive(self) -> Floats:
        """(K,): the share of people who like more of it."""
        deviations = self.deviations
        ratio = np.divide(self.location, deviations, out=np.sign(self.location) * np.inf, where=deviations > 0)
        return np.asarray(np.where(self.shape.signs == 0, ndtr(ratio), (self.shape.signs + 1) / 2))


def transformed(latent: Floats, signs: Floats) -> Floats:
    """g of (n, K, R) latent tastes."""
    if not signs.any():
        return latent
    sides = signs[None, :, None]
    return np.where(sides == 0, latent, sides * np.exp(np.minimum(latent, _LARGEST_EXPONENT)))


def normal_draws(people: int, dimensions: int, draws: int, seed: int) -> Floats:
    """ξ for every person, shape (people, dimensions, draws). `draws` is a power of two.

    Consecutive pieces of one scrambled Sobol sequence: each person's draws are a net by themselves, and the errors of
    different people partly cancel (Bhat 2001 does so with Halton's).
    """
    if not dimensions:
        return np.zeros((people, 0, draws))
    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    points = sequence.random_base2(max(0, (people * draws - 1).bit_length()))[: people * draws]
    np.clip(points, 2.0**-53, 1 - 2.0**-53, out=points)
    return np.ascontiguousarray(ndtri(points).reshape(people, draws, dimensions).transpose(0, 2, 1))
