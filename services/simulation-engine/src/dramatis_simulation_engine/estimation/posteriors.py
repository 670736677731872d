"""What one person's choices tell about its own tastes, given how tastes are spread (Train 2009, chapter 11). Pure."""

from dataclasses import dataclass

import numpy as np

from dramatis_simulation_engine.estimation.choices import ChoiceSets
from dramatis_simulation_engine.estimation.mixed_logit import affordable_draws
from dramatis_simulation_engine.estimation.modes import modes_of
from dramatis_simulation_engine.estimation.panel import pieces
from dramatis_simulation_engine.estimation.population import Population, normal_draws
from dramatis_simulation_engine.seeds import Floats

POSTERIOR_DRAWS = 512


@dataclass(frozen=True)
class Posteriors:
    """The tastes of each person in `ChoiceSets.people`; who chose nothing has the population's."""

    means: Floats
    """(N, K)"""
    covariances: Floats
    """(N, K, K)"""
    effective_draws: Floats
    """(N,): how many draws carry the weight."""


def posteriors_of(population: Population, sets: ChoiceSets, seed: int, draws: int = POSTERIOR_DRAWS) -> Posteriors:
    """Mean and covariance of every person's tastes, conditional on what it chose."""
    people, columns = len(sets.people), len(sets.names)
    means, covariances = np.zeros((people, columns)), np.zeros((people, columns, columns))
    effective = np.zeros(people)
    weights, drawn = _weighted(population, sets, seed, draws)
    for start in range(0, people, 256):
        rows = slice(start, start + 256)
        tastes, weight = population.tastes(drawn[rows]), weights[rows]
        means[rows] = np.einsum("nkr,nr->nk", tastes, weight)
        centred = tastes - means[rows][:, :, None]
        covariances[rows] = (centred * weight[:, None, :]) @ centred.transpose(0, 2, 1)
        effective[rows] = 1.0 / (weight**2).sum(axis=1)
    return Posteriors(means, covariances, effective)


def predictive_scores(
    population: Population, known: ChoiceSets, unknown: ChoiceSets, seed: int, draws: int = POSTERIOR_DRAWS
) -> tuple[Floats, Floats]:
    """ln of the probability of each unknown choice: by the person's own posterior, and by the population alone.

    Both choice sets are of the same people. Shapes (T,).
    """
    weights, drawn = _weighted(population, known, seed, draws)
    count = drawn.shape[2]
    unconditional = normal_draws(len(known.people), drawn.shape[1], count, seed)
    personal, general = np.zeros(len(unknown)), np.zeros(len(unknown))
    for piece in pieces(unknown, count):
        real = piece.sets >= 0
        own = piece.probabilities(population.tastes(drawn[piece.people]))
        personal[piece.sets[real]] = np.log(np.einsum("ntr,nr->nt", own, weights[piece.people])[real])
        anyone = piece.probabilities(population.tastes(unconditional[piece.people]))
        general[piece.sets[real]] = np.log(anyone.mean(axis=2)[real])
    return personal, general


def _weighted(population: Population, sets: ChoiceSets, seed: int, draws: int) -> tuple[Floats, Floats]:
    """Weights of the draws (N, R) and the draws themselves (N, D, R): importance sampling around each person's mode."""
    dimensions = len(population.shape.spread)
    count = affordable_draws(len(sets.people), dimensions, draws)
    drawn, logarithms = modes_of(population, sets).proposals(normal_draws(len(sets.people), dimensions, count, seed))
    for piece in pieces(sets, count):
        probabilities = piece.probabilities(population.tastes(drawn[piece.people]))
        logarithms[piece.people] += np.log(probabilities).sum(axis=1)
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights, drawn
