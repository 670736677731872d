"""A fit as its client reads it: coefficients with errors and intervals, spreads, scores, and people. Pure."""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from dramatis_contracts.tastes import v1
from dramatis_simulation_engine.estimation import holdout
from dramatis_simulation_engine.estimation.fit import Fit, Holdout
from dramatis_simulation_engine.estimation.logit import PlainLogit, Square
from dramatis_simulation_engine.estimation.mixed_logit import MixedLogit
from dramatis_simulation_engine.seeds import Floats

LEVEL = holdout.LEVEL
PEOPLE_SHOWN = 500
_WIDTH = float(ndtri((1 + LEVEL) / 2))
METHOD = (
    "conditional logit by maximum likelihood; mixed logit by maximum simulated likelihood over each person's choices "
    "(Sobol draws around each person's mode, weighted); 95 % intervals from errors clustered by person"
)


def fitted_of(fit: Fit, first: tuple[str, ...], notes: list[str]) -> v1.Fitted:
    """Everything that a fit found; people named in `first` are shown first."""
    return v1.Fitted(
        plain=_plain(fit.plain),
        mixed=None if fit.mixed is None else _mixed(fit.mixed),
        holdout=None if fit.holdout is None else _holdout(fit.holdout),
        people=tuple(_people(fit, first)),
        n_choices=fit.plain.choices,
        n_people=fit.plain.people,
        warnings=(*fit.warnings, *dict.fromkeys(notes)),
        method=METHOD,
    )


def _plain(plain: PlainLogit) -> v1.PlainResult:
    return v1.PlainResult(
        coefficients=tuple(_coefficients(plain.names, plain.coefficients, plain.covariance, plain.robust_covariance)),
        log_likelihood=plain.log_likelihood,
        null_log_likelihood=plain.null_log_likelihood,
        constants_log_likelihood=plain.constants_log_likelihood,
        mcfadden_r2=plain.mcfadden_r2,
        aic=plain.aic,
        bic=plain.bic,
        n_choices=plain.choices,
        n_people=plain.people,
        converged=plain.converged,
    )


def _coefficients(
    names: tuple[str, ...], values: Floats, classical: Square | None, robust: Square | None
) -> Iterator[v1.Coefficient]:
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        yield coefficient(name, float(value), _error(classical, place), _error(robust, place))


def _error(covariance: Square | None, place: int) -> float | None:
    return None if covariance is None else float(np.sqrt(max(0.0, covariance[place, place])))


def coefficient(name: str, value: float, classical: float | None, robust: float | None) -> v1.Coefficient:
    width = None if robust is None else _WIDTH * robust
    return v1.Coefficient(
        name=name,
        estimate=value,
        standard_error=classical,
        robust_standard_error=robust,
        low=None if width is None else value - width,
        high=None if width is None else value + width,
    )


def _mixed(mixed: MixedLogit) -> v1.MixedResult:
    return v1.MixedResult(
        tastes=tuple(_spread_tastes(mixed)),
        correlated=mixed.population.shape.correlated,
        correlations=tuple(_correlations(mixed)),
        log_likelihood=mixed.log_likelihood,
        aic=mixed.aic,
        bic=mixed.bic,
        n_parameters=len(mixed.parameters),
        n_choices=mixed.choices,
        n_people=mixed.people,
        draws=mixed.draws,
        converged=mixed.converged,
        message=mixed.message,
    )


def _spread_tastes(mixed: MixedLogit) -> Iterator[v1.SpreadTaste]:
    population = mixed.population
    errors = (mixed.covariance, mixed.robust_covariance)
    for k, name in enumerate(population.names):
        distribution = population.shape.distributions[k]
        location = coefficient(name, float(population.location[k]), *(_error(e, k) for e in errors))
        yield v1.SpreadTaste(
            name=name,
            distribution=distribution,
            location=location,
            spread=None if distribution == "fixed" else _spread(mixed, k),
            mean=float(population.means[k]),
            standard_deviation=float(population.standard_deviations[k]),
            share_positive=float(population.shares_positive[k]),
        )


def _spread(mixed: MixedLogit, k: int) -> v1.Coefficient:
    """The standard deviation of b + L·ξ, with errors by the delta method."""
    population = mixed.population
    value = float(population.deviations[k])
    columns = len(population.names)
    slope = np.zeros(len(mixed.parameters))
    for place, (row, dimension) in enumerate(population.shape.places):
        if row == k:
            slope[columns + place] = population.spreads[k, dimension] / value if value > 0 else 1.0
    classical, robust = (_along(slope, errors) for errors in (mixed.covariance, mixed.robust_covariance))
    return coefficient(population.names[k], value, classical, robust)


def _along(slope: Floats, covariance: Square | None) -> float | None:
    return None if covariance is None else float(np.sqrt(np.maximum(0.0, slope @ covariance @ slope)))


def _correlations(mixed: MixedLogit) -> Iterator[v1.Correlation]:
    population = mixed.population
    if not population.shape.correlated:
        return
    spread, deviations = population.shape.spread, population.deviations
    covariance = population.spreads @ population.spreads.T
    for i, one in enumerate(spread):
        for other in spread[:i]:
            size = float(deviations[one] * deviations[other])
            value = float(covariance[one, other]) / size if size > 0 else 0.0
            yield v1.Correlation(one=population.names[one], other=population.names[other], value=value)


def _holdout(found: Holdout) -> v1.HoldoutResult:
    return v1.HoldoutResult(
        held_out=found.by,
        n_choices=found.choices,
        n_people=found.people,
        n_learnt_from=found.known,
        null=_score(found.null),
        plain=_score(found.plain),
        population=None if found.population is None else _score(found.population),
        personal=None if found.personal is None else _score(found.personal),
        gain=None if found.gain is None else _score(found.gain),
    )


def _score(score: holdout.Score) -> v1.Score:
    return v1.Score(value=score.value, low=score.low, high=score.high, level=LEVEL)


def _people(fit: Fit, first: tuple[str, ...]) -> Iterator[v1.PersonalTastes]:
    if fit.posteriors is None or fit.mixed is None or not fit.mixed.converged:
        return
    place = {name: index for index, name in enumerate(fit.sets.people)}
    order = [*(place[name] for name in first if name in place), *range(len(place))]
    counts = np.bincount(fit.sets.person, minlength=len(place))
    for index in list(dict.fromkeys(order))[:PEOPLE_SHOWN]:
        deviations = np.sqrt(np.maximum(0.0, np.diag(fit.posteriors.covariances[index])))
        yield v1.PersonalTastes(
            person=fit.sets.people[index],
            n_choices=int(counts[index]),
            means=_named(fit.sets.names, fit.posteriors.means[index]),
            deviations=_named(fit.sets.names, deviations),
        )


def _named(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in zip(names, values, strict=True)}
