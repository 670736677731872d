"""Where each person's tastes most likely are, given its choices: draws are worth their while around there. Pure.

In the space of ξ, where the population is standard normal: N people, D dimensions.
"""

import math
from dataclasses import dataclass

import numpy as np

from dramatis_simulation_engine.estimation.choices import ChoiceSets
from dramatis_simulation_engine.estimation.panel import Piece, pieces
from dramatis_simulation_engine.estimation.population import Population
from dramatis_simulation_engine.seeds import Floats

_STEPS = 50
_ENOUGH = 1e-6
_STAY = 0.25
"""The share of draws that are taken from the population itself."""
_WIDER = 1.25
"""Proposals are this much wider than the normal approximation: posteriors of few choices are skewed."""


@dataclass(frozen=True)
class Modes:
    """A normal distribution around each person's mode."""

    centres: Floats
    """(N, D); 0 for who chose nothing."""
    factors: Floats
    """(N, D, D): lower triangular, factor · factorᵀ is the covariance."""

    def proposals(self, normal: Floats) -> tuple[Floats, Floats]:
        """Draws ξ (N, D, R) from standard normal ones, and ln of prior over proposal (N, R).

        Some draws stay where they are: a mixture with the prior bounds every weight (Hesterberg 1995).
        """
        count = normal.shape[2]
        stay = max(1, round(_STAY * count))
        drawn = self.centres[:, :, None] + self.factors @ normal
        drawn[:, :, :stay] = normal[:, :, :stay]
        inverse = np.linalg.inv(self.factors)
        standard = inverse @ (drawn - self.centres[:, :, None])
        volumes = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        prior = -0.5 * (drawn**2).sum(axis=1)
        around = -0.5 * (standard**2).sum(axis=1) - volumes[:, None]
        share = stay / count
        return drawn, prior - np.logaddexp(math.log(share) + prior, math.log1p(-share) + around)


def modes_of(population: Population, sets: ChoiceSets) -> Modes:
    """The mode of every person's posterior by Fisher scoring, and the curvature there."""
    people, dimensions = len(sets.people), len(population.shape.spread)
    centres = np.zeros((people, dimensions))
    factors = np.tile(np.eye(dimensions), (people, 1, 1))
    for piece in pieces(sets, 1):
        centres[piece.people], information = _climbed(population, piece)
        factors[piece.people] = _WIDER * np.linalg.cholesky(np.linalg.inv(information))
    return Modes(centres, factors)


def _climbed(population: Population, piece: Piece) -> tuple[Floats, Floats]:
    at = np.zeros((len(piece.people), len(population.shape.spread)))
    height, gradient, information = _at(population, piece, at)
    for _ in range(_STEPS):
        step = np.asarray(np.linalg.solve(information, gradient[:, :, None])[:, :, 0], dtype=np.float64)
        if np.abs(step).max(initial=0.0) < _ENOUGH:
            break
        at = _advanced(population, piece, at, step, height)
        height, gradient, information = _at(population, piece, at)
    return at, information


def _advanced(population: Population, piece: Piece, at: Floats, step: Floats, height: Floats) -> Floats:
    """Each person's step, halved until it leads upwards; none where it never does."""
    length = np.ones(len(at))
    for _ in range(20):
        worse = _at(population, piece, at + length[:, None] * step)[0] < height
        if not worse.any():
            return at + length[:, None] * step
        length[worse] /= 2
    return at + np.where(worse, 0.0, length)[:, None] * step


def _at(population: Population, piece: Piece, at: Floats) -> tuple[Floats, Floats, Floats]:
    """ln posterior up to a constant (n,), its gradient (n, D) and the information (n, D, D)."""
    tastes = population.tastes(at[:, :, None])
    odds = piece.odds(tastes)[..., 0]
    totals = 1.0 + odds.sum(axis=2)
    shares = odds / totals[:, :, None]
    gains = np.where(population.shape.signs == 0, 1.0, tastes[:, :, 0])
    loadings = gains[:, :, None] * population.spreads[None, :, :]
    felt = (piece.levels @ loadings).reshape(*shares.shape, -1)
    means = np.einsum("ntj,ntjd->ntd", shares, felt)
    height = -np.log(totals).sum(axis=1) - 0.5 * (at**2).sum(axis=1)
    information = np.einsum("ntj,ntjd,ntje->nde", shares, felt, felt, optimize=True)
    information -= np.einsum("ntd,nte->nde", means, means, optimize=True)
    return height, -means.sum(axis=1) - at, information + np.eye(at.shape[1])
