"""The conditional logit (McFadden 1974) by maximum likelihood, with analytic gradient and Hessian. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dramatis_simulation_engine.estimation.choices import ChoiceSets, Contrasts, Integers
from dramatis_simulation_engine.estimation.identification import check_finite, check_identified, scale_of
from dramatis_simulation_engine.estimation.search import descend
from dramatis_simulation_engine.seeds import Floats

Square = NDArray[np.float64]

_GRADIENT = 1e-6
"""Converged where no scaled coefficient changes the log-likelihood by more, relative to the number of choices."""


@dataclass(frozen=True)
class PlainLogit:
    """One taste for everyone. K coefficients, in the units of their columns."""

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Square
    """(K, K), inverse of the information."""
    robust_covariance: Square
    """(K, K), clustered by person (Huber and White)."""
    log_likelihood: float
    null_log_likelihood: float
    """Of equal probabilities."""
    constants_log_likelihood: float | None
    """Of the share that each option name was chosen with; None where options have no names in common."""
    choices: int
    people: int
    converged: bool
    iterations: int

    @property
    def mcfadden_r2(self) -> float:
        return 1.0 - self.log_likelihood / self.null_log_likelihood

    @property
    def aic(self) -> float:
        return 2.0 * len(self.names) - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        return math.log(self.choices) * len(self.names) - 2.0 * self.log_likelihood


@dataclass(frozen=True)
class _Fitted:
    """The maximum on scaled columns."""

    coefficients: Floats
    hessian: Square
    scores: Floats
    """(T, K): each choice's part of the gradient."""
    log_likelihood: float
    converged: bool
    iterations: int


def fit_plain(sets: ChoiceSets, constants_log_likelihood: float | None = None) -> PlainLogit:
    """The maximum-likelihood estimate. Raises `InvalidChoices` where none exists."""
    check_identified(sets)
    check_finite(sets)
    scale = scale_of(sets)
    contrasts = Contrasts.of(sets.scaled(scale))
    fitted = _maximise(contrasts)
    covariance = np.linalg.inv(fitted.hessian)
    clusters = _by_person(fitted.scores, sets.person, len(sets.people))
    active = len(np.unique(sets.person))
    robust = covariance @ (clusters.T @ clusters) @ covariance * (active / max(1, active - 1))
    units = np.outer(scale, scale)
    return PlainLogit(
        names=sets.names,
        coefficients=fitted.coefficients / scale,
        covariance=covariance / units,
        robust_covariance=robust / units,
        log_likelihood=fitted.log_likelihood,
        null_log_likelihood=null_log_likelihood(sets),
        constants_log_likelihood=constants_log_likelihood,
        choices=len(sets),
        people=active,
        converged=fitted.converged,
        iterations=fitted.iterations,
    )


def null_log_likelihood(sets: ChoiceSets) -> float:
    """Of choosing at random."""
    return float(-np.log(sets.available.sum(axis=1)).sum())


def log_probabilities(coefficients: Floats, sets: ChoiceSets) -> Floats:
    """ln of the probability of what was chosen, shape (T,)."""
    contrasts = Contrasts.of(sets)
    return _terms(contrasts, coefficients)[1]


def _terms(contrasts: Contrasts, coefficients: Floats) -> tuple[Floats, Floats]:
    """Probabilities of the options not chosen (T, J−1), and ln of that of the chosen one (T,)."""
    utilities = np.where(contrasts.real, contrasts.levels @ coefficients, -np.inf)
    top = np.maximum(utilities.max(axis=1, initial=-np.inf), 0.0)
    weights = np.exp(utilities - top[:, None])
    total = weights.sum(axis=1) + np.exp(-top)
    return weights / total[:, None], -(top + np.log(total))


def _maximise(contrasts: Contrasts) -> _Fitted:
    count, _, columns = contrasts.levels.shape
    found, steps = descend(
        _loss(contrasts),
        lambda b: _information(contrasts, b) / count,
        np.zeros(columns),
        gradient=_GRADIENT,
        steps=200,
        radius=(1.0, 100.0),
    )
    coefficients = _polish(contrasts, found)
    probabilities, chosen = _terms(contrasts, coefficients)
    scores = -np.einsum("tj,tjk->tk", probabilities, contrasts.levels)
    return _Fitted(
        coefficients=coefficients,
        hessian=_information(contrasts, coefficients),
        scores=scores,
        log_likelihood=float(chosen.sum()),
        converged=bool(np.abs(scores.sum(axis=0)).max() <= 10 * _GRADIENT * count),
        iterations=steps,
    )


def _polish(contrasts: Contrasts, coefficients: Floats) -> Floats:
    """One step of Newton from the end of the search: the estimate to nearly full precision."""
    probabilities, before = _terms(contrasts, coefficients)
    gradient = np.einsum("tj,tjk->k", probabilities, contrasts.levels)
    step = np.linalg.lstsq(_information(contrasts, coefficients), gradient, rcond=None)[0]
    after = _terms(contrasts, coefficients - step)[1]
    return coefficients - step if after.sum() > before.sum() else coefficients


def _loss(contrasts: Contrasts) -> Callable[[Floats], tuple[float, Floats]]:
    """Minus the mean log-likelihood and its gradient."""
    count = len(contrasts.levels)

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        probabilities, chosen = _terms(contrasts, coefficients)
        gradient = np.einsum("tj,tjk->k", probabilities, contrasts.levels)
        return -float(chosen.sum()) / count, gradient / count

    return loss


def _information(contrasts: Contrasts, coefficients: Floats) -> Square:
    """Minus the Hessian of the log-likelihood, shape (K, K)."""
    probabilities, _ = _terms(contrasts, coefficients)
    weighted = probabilities[:, :, None] * contrasts.levels
    means = weighted.sum(axis=1)
    columns = contrasts.levels.shape[2]
    return np.asarray(weighted.reshape(-1, columns).T @ contrasts.levels.reshape(-1, columns) - means.T @ means)


def _by_person(scores: Floats, person: Integers, people: int) -> Floats:
    """Scores added up over each person's choices, shape (people, K)."""
    totals = np.zeros((people, scores.shape[1]))
    np.add.at(totals, person, scores)
    return totals
