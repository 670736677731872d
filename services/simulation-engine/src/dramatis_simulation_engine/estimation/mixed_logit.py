"""The mixed logit (Revelt and Train 1998) by maximum simulated likelihood over panels of choices. Pure.

A person's probability is the mean, over draws of its tastes, of the product over its choices. Gradient and Hessian are
analytic; the search is a Newton method with a trust region on columns of equal size, first with few draws.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dramatis_contracts.tastes.v1 import Distribution
from dramatis_simulation_engine.estimation.choices import ChoiceSets, InvalidChoices
from dramatis_simulation_engine.estimation.identification import scale_of
from dramatis_simulation_engine.estimation.logit import PlainLogit, Square
from dramatis_simulation_engine.estimation.modes import modes_of
from dramatis_simulation_engine.estimation.panel import Piece, pieces
from dramatis_simulation_engine.estimation.population import (
    Population,
    Shape,
    normal_draws,
    shape_of,
    transformed,
)
from dramatis_simulation_engine.estimation.search import descend
from dramatis_simulation_engine.seeds import Floats

_FEW_DRAWS = 64
_GRADIENT = 1e-5
"""Converged where no parameter on scaled columns changes the log-likelihood by more, per person."""
_NUMBERS = 20_000_000
"""People × dimensions × draws that are kept in memory at most: 160 MB."""
_ROUNDS = 4
_SETTLED = 0.02
"""Scaled parameters that move less than this from one round to the next stay where they are."""
_RUNAWAY = 30.0
"""A scaled parameter beyond this has no finite maximum in sight."""

GoOn = Callable[[], bool]
"""Asked between two evaluations; False stops the search where it stands."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Whether tastes are correlated, how many draws are taken for each person, and the seed of the draws."""

    correlated: bool = False
    draws: int = 128
    seed: int = 0


_USUAL = Settings()


class _Stopped(Exception):
    """The search was told to stop."""


@dataclass(frozen=True)
class MixedLogit:
    """Tastes that differ between people. Parameters: b (K), then the entries of L."""

    population: Population
    parameters: Floats
    covariance: Square | None
    """Of the parameters; None where the maximum is not one."""
    robust_covariance: Square | None
    """Clustered by person."""
    log_likelihood: float
    choices: int
    people: int
    draws: int
    converged: bool
    message: str
    iterations: int

    @property
    def aic(self) -> float:
        return 2.0 * len(self.parameters) - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        return math.log(self.choices) * len(self.parameters) - 2.0 * self.log_likelihood


def why_not_mixed(sets: ChoiceSets, shape: Shape) -> str | None:
    """The reason why a spread of tastes cannot be told from these choices, or None."""
    _, counts = np.unique(sets.person, return_counts=True)
    if not len(shape.spread):
        return "every taste is fixed"
    if len(counts) < 2:
        return "all choices are one person's"
    if (counts >= 2).sum() < 2:
        return "nearly everyone chose once: a spread of tastes shows only in repeated choices of the same people"
    if counts.sum() - len(counts) < shape.parameters:
        return f"{counts.sum()} choices of {len(counts)} people are too few for {shape.parameters} parameters"
    return None


def fit_mixed(
    sets: ChoiceSets,
    plain: PlainLogit,
    distributions: Mapping[str, Distribution],
    settings: Settings = _USUAL,
    *,
    start: "MixedLogit | None" = None,
    go_on: GoOn = lambda: True,
) -> MixedLogit:
    """The maximum simulated likelihood estimate, searched from the plain logit, or from another mixed logit.

    After a first search with few draws from the population, draws are taken around each person's mode and weighted
    (importance sampling; Train 2009, section 9.2.7): a few hundred then do what takes thousands otherwise. They are
    taken anew until the estimate stays where it is.

    Raises `InvalidChoices` where `why_not_mixed` has a reason. What did not converge says so.
    """
    shape = shape_of(sets, distributions, correlated=settings.correlated)
    if reason := why_not_mixed(sets, shape):
        raise InvalidChoices("choices", reason)
    scale = scale_of(sets)
    scaled = sets.scaled(scale)
    many = affordable_draws(len(sets.people), len(shape.spread), settings.draws)
    seed = settings.seed
    if start is None:
        likelihood = _Likelihood(scaled, shape, min(_FEW_DRAWS, many), seed, go_on)
        search = _climb(likelihood, _started(plain, shape, scale))
    else:
        search = _Search(_rescaled(_embedded(start, shape), shape, 1.0 / scale), 0, stopped=False)
        likelihood = _Likelihood(scaled, shape, many, seed, around=search.at)
    for _ in range(_ROUNDS):
        if search.stopped or _runs_away(search.at):
            break
        before = search
        likelihood = _Likelihood(scaled, shape, many, seed, go_on, around=search.at)
        search = _climb(likelihood, before.at, before.steps)
        if np.abs(search.at - before.at).max() < _SETTLED:
            break
    return _concluded(likelihood, search, sets, scale)


def affordable_draws(people: int, dimensions: int, wanted: int) -> int:
    """A power of two: the wanted number or the next one above, fewer where memory would not do."""
    draws: int = 1 << max(4, math.ceil(math.log2(wanted)))
    while draws > 16 and people * max(1, dimensions) * draws > _NUMBERS:
        draws //= 2
    return draws


@dataclass(frozen=True)
class _Point:
    """The log-likelihood at one place, with what was asked for of its derivatives."""

    value: float
    scores: Floats
    """(people, M)"""
    hessian: Square | None


class _Likelihood:
    """The simulated log-likelihood as a function of the parameters, on scaled columns."""

    def __init__(
        self,
        sets: ChoiceSets,
        shape: Shape,
        draws: int,
        seed: int,
        go_on: GoOn = lambda: True,
        around: Floats | None = None,
    ) -> None:
        """`around` are parameters near which draws shall be good: they are taken where people's modes are then."""
        self.shape, self.draws = shape, draws
        self.people = len(np.unique(sets.person))
        self._everyone = len(sets.people)
        self._normal = normal_draws(self._everyone, len(shape.spread), draws, seed)
        self._offsets = np.zeros((self._everyone, draws))
        if around is not None:
            modes = modes_of(Population(sets.names, shape, *shape.split(around)), sets)
            self._normal, self._offsets = modes.proposals(self._normal)
        self._pieces = list(pieces(sets, draws))
        self._names, self._go_on = sets.names, go_on
        columns = range(len(sets.names))
        entries = [(k, 0) for k in columns] + [(k, d + 1) for k, d in shape.places]
        self._columns = np.array([k for k, _ in entries])
        self._dimensions = np.array([d for _, d in entries])
        self._last: tuple[bytes, _Point] | None = None

    def at(self, parameters: Floats, *, curved: bool = False, anyway: bool = False) -> _Point:
        """Raises `_Stopped`, unless the value is wanted anyway."""
        key = parameters.tobytes()
        if self._last and self._last[0] == key and (self._last[1].hessian is not None or not curved):
            return self._last[1]
        location, spreads = self.shape.split(parameters)
        population = Population(self._names, self.shape, location, spreads)
        value = 0.0
        scores = np.zeros((self._everyone, self.shape.parameters))
        hessian = np.zeros((self.shape.parameters,) * 2) if curved else None
        for piece in self._pieces:
            if not (anyway or self._go_on()):
                raise _Stopped
            value += self._add(piece, population, scores, hessian)
        if hessian is not None:
            hessian -= scores.T @ scores
        point = _Point(value, scores, hessian)
        self._last = (key, point)
        return point

    def _add(self, piece: Piece, population: Population, scores: Floats, hessian: Floats | None) -> float:
        """Adds a piece's scores and Hessian in place; gives its log-likelihood."""
        normal = self._normal[piece.people]
        latent = population.latent(normal)
        tastes = transformed(latent, self.shape.signs)
        odds = piece.odds(tastes)
        totals = 1.0 + odds.sum(axis=2)
        joint = self._offsets[piece.people] - np.log(totals).sum(axis=1)
        odds /= totals[:, :, None, :]
        slopes = -(piece.levels.transpose(0, 2, 1) @ odds.reshape(len(joint), -1, self.draws))
        weights, value = _weights(joint)
        curves = np.where(self.shape.signs[None, :, None] == 0, 0.0, slopes * tastes)
        gains = np.where(self.shape.signs[None, :, None] == 0, 1.0, tastes)
        slopes *= gains
        factors = np.concatenate([np.ones((len(joint), 1, self.draws)), normal], axis=1)
        weighted = slopes * weights[:, None, :]
        moments = weighted @ factors.transpose(0, 2, 1)
        scores[piece.people] = moments[:, self._columns, self._dimensions]
        if hessian is not None:
            curvature = self._curvature(piece, odds, gains, curves)
            curvature += slopes[:, :, None, :] * slopes[:, None, :, :]
            curvature *= weights[:, None, None, :]
            self._gather(curvature, factors, hessian)
        return value

    def _curvature(self, piece: Piece, odds: Floats, gains: Floats, curves: Floats) -> Floats:
        """Second derivatives of ln P by the latent tastes, shape (n, K, K, R)."""
        people, choices, options, draws = odds.shape
        columns = piece.levels.shape[2]
        squares = piece.levels[:, :, :, None] * piece.levels[:, :, None, :]
        squares = squares.reshape(people, -1, columns * columns).transpose(0, 2, 1)
        second = -(squares @ odds.reshape(people, -1, draws)).reshape(people, columns, columns, draws)
        levels = piece.levels.reshape(people, choices, options, columns).transpose(0, 1, 3, 2)
        means = levels @ odds
        second += np.einsum("ntkr,ntlr->nklr", means, means)
        second *= gains[:, :, None, :] * gains[:, None, :, :]
        second[:, range(columns), range(columns), :] += curves
        return np.asarray(second)

    def _gather(self, curvature: Floats, factors: Floats, hessian: Floats) -> None:
        """Adds second derivatives by the latent tastes to those by the parameters, in place."""
        columns = curvature.shape[1]
        flat = factors.transpose(1, 0, 2).reshape(factors.shape[1], -1).T
        for m, (k, d) in enumerate(zip(self._columns, self._dimensions, strict=True)):
            row = curvature[:, k] * factors[:, d][:, None, :]
            sums = row.transpose(1, 0, 2).reshape(columns, -1) @ flat
            hessian[m] += sums[self._columns, self._dimensions]


def _weights(joint: Floats) -> tuple[Floats, float]:
    """Each draw's part of a person's probability (n, R), and the log-likelihood of all."""
    top = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - top)
    totals = weights.sum(axis=1, keepdims=True)
    value = float((top + np.log(totals / joint.shape[1])).sum())
    return weights / totals, value


@dataclass(frozen=True)
class _Search:
    """Where a search ended, after how many steps in all, and whether it was told to stop."""

    at: Floats
    steps: int
    stopped: bool


def _runs_away(at: Floats) -> bool:
    return bool(np.abs(at).max() > _RUNAWAY)


def _climb(likelihood: _Likelihood, start: Floats, steps: int = 0) -> _Search:
    best = start

    def note(parameters: Floats) -> None:
        nonlocal best, steps
        best, steps = parameters.copy(), steps + 1
        if _runs_away(parameters):
            raise StopIteration

    def loss(parameters: Floats) -> tuple[float, Floats]:
        point = likelihood.at(parameters)
        return -point.value / likelihood.people, -point.scores.sum(axis=0) / likelihood.people

    def curvature(parameters: Floats) -> Square:
        hessian = likelihood.at(parameters, curved=True).hessian
        return np.zeros((0, 0)) if hessian is None else -hessian / likelihood.people

    try:
        descend(loss, curvature, start, gradient=_GRADIENT, steps=100, radius=(0.5, 4.0), note=note)
    except _Stopped:
        return _Search(best, steps, stopped=True)
    return _Search(best, steps, stopped=False)


def _started(plain: PlainLogit, shape: Shape, scale: Floats) -> Floats:
    """Parameters on scaled columns around the plain logit, with moderate spreads."""
    coefficients = plain.coefficients * scale
    signs = shape.signs
    right = np.where(signs * coefficients > 0.1, np.abs(coefficients), 0.1)
    location = np.where(signs == 0, coefficients, np.log(right))
    spreads = [_first_spread(coefficients[k], signs[k], k == shape.spread[d]) for k, d in shape.places]
    return np.concatenate([location, spreads])


def _embedded(start: MixedLogit, shape: Shape) -> Floats:
    """The parameters of another mixed logit of the same columns; what it holds for uncorrelated starts so."""
    population = start.population
    return np.concatenate([population.location, [population.spreads[k, d] for k, d in shape.places]])


def _first_spread(coefficient: float, sign: float, own: bool) -> float:  # noqa: FBT001  # on the diagonal of L
    if not own:
        return 0.0
    return 0.5 if sign else 0.3 + 0.5 * min(2.0, abs(coefficient))


def _rescaled(parameters: Floats, shape: Shape, scale: Floats) -> Floats:
    """Parameters for columns that are `scale` times as large: tastes are divided by it."""
    signs = shape.signs
    columns = len(signs)
    location = np.where(signs == 0, parameters[:columns] / scale, parameters[:columns] - np.log(scale))
    return np.concatenate([location, parameters[columns:] / _spread_scale(shape, scale)])


def _spread_scale(shape: Shape, scale: Floats) -> Floats:
    return np.array([scale[k] if shape.signs[k] == 0 else 1.0 for k, _ in shape.places])


def _concluded(likelihood: _Likelihood, search: _Search, sets: ChoiceSets, scale: Floats) -> MixedLogit:
    shape, at = likelihood.shape, search.at
    # The curvature of what was stopped in the middle would tell nothing, and takes longest.
    point = likelihood.at(at, curved=not search.stopped, anyway=True)
    gradient = float(np.abs(point.scores.sum(axis=0)).max()) / likelihood.people
    covariance, robust = _covariances(point, likelihood.people)
    message = _message(at, gradient, covariance, stopped=search.stopped)
    units = np.concatenate([np.where(shape.signs == 0, scale, 1.0), _spread_scale(shape, scale)])
    parameters = _rescaled(at, shape, scale)
    location, spreads = shape.split(parameters)
    return MixedLogit(
        population=Population(sets.names, shape, location, spreads),
        parameters=parameters,
        covariance=None if covariance is None else covariance / np.outer(units, units),
        robust_covariance=None if robust is None else robust / np.outer(units, units),
        log_likelihood=point.value,
        choices=len(sets),
        people=likelihood.people,
        draws=likelihood.draws,
        converged=message == "converged",
        message=message,
        iterations=search.steps,
    )


def _covariances(point: _Point, people: int) -> tuple[Square | None, Square | None]:
    if point.hessian is None:
        return None, None
    values = np.linalg.eigvalsh(-point.hessian)
    if values[0] <= 1e-8 * values[-1]:
        return None, None
    inverse = np.asarray(np.linalg.inv(-point.hessian), dtype=np.float64)
    robust = inverse @ (point.scores.T @ point.scores) @ inverse * (people / max(1, people - 1))
    return inverse, robust


def _message(at: Floats, gradient: float, covariance: Square | None, *, stopped: bool) -> str:
    if stopped:
        return "stopped before it converged: the time was up"
    if _runs_away(at):
        return "a parameter grows without end: these choices do not tell how tastes are spread"
    if gradient > 10 * _GRADIENT:
        return "no maximum was found"
    if covariance is None:
        return "the likelihood is flat at its maximum: some spread of tastes cannot be told"
    return "converged"
