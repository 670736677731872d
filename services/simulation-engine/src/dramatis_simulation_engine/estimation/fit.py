"""All that observed choices tell: plain and mixed logit, each person's tastes, a score on held-out choices. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dramatis_contracts.tastes.v1 import ObservedChoice, TasteModel
from dramatis_simulation_engine.estimation.choices import ChoiceSets, InvalidChoices, choice_sets
from dramatis_simulation_engine.estimation.holdout import Score, score, split
from dramatis_simulation_engine.estimation.logit import PlainLogit, fit_plain, log_probabilities
from dramatis_simulation_engine.estimation.mixed_logit import GoOn, MixedLogit, Settings, fit_mixed, why_not_mixed
from dramatis_simulation_engine.estimation.population import shape_of
from dramatis_simulation_engine.estimation.posteriors import Posteriors, posteriors_of, predictive_scores
from dramatis_simulation_engine.seeds import Floats


@dataclass(frozen=True)
class Holdout:
    """Log scores on choices that the models have not seen. `population` and `personal` need a mixed logit."""

    choices: int
    people: int
    known: int
    by: str
    null: Score
    plain: Score
    population: Score | None
    personal: Score | None
    gain: Score | None
    """`personal` minus `plain`, choice by choice; `plain` minus `null` where there is no mixed logit."""


@dataclass(frozen=True)
class Fit:
    """The models that were fitted to all choices."""

    sets: ChoiceSets
    plain: PlainLogit
    mixed: MixedLogit | None
    posteriors: Posteriors | None
    holdout: Holdout | None
    warnings: tuple[str, ...]


def fit(
    choices: Sequence[ObservedChoice],
    model: TasteModel,
    *,
    holdout: int | None = None,
    seed: int = 0,
    go_on: GoOn = lambda: True,
) -> Fit:
    """Estimate tastes. `holdout` is how many last choices of each person are set aside for the score, 0 for no score.

    The models that are returned are fitted to all choices; those that are scored, to the others. When `go_on` says no,
    the search ends where it stands, and says so. Raises `InvalidChoices`.
    """
    sets = choice_sets(choices, model)
    shape_of(sets, model.distributions, correlated=False)
    plain = fit_plain(sets, _constants_log_likelihood(choices))
    warnings = list(_warnings(sets, plain))
    mixed, posteriors = None, None
    if model.mixed:
        reason = why_not_mixed(sets, shape_of(sets, model.distributions, correlated=bool(model.correlated)))
        if reason:
            warnings.append(f"No mixed logit: {reason}.")
        else:
            mixed = _best_mixed(sets, plain, model, seed, go_on)
            posteriors = posteriors_of(mixed.population, sets, seed)
            warnings.extend(_doubts(plain, mixed))
    scored = _holdout(sets, model, mixed, holdout, seed, go_on)
    if scored is None and holdout != 0:
        warnings.append("No holdout score: too few choices would be left to learn from.")
    return Fit(sets, plain, mixed, posteriors, scored, tuple(warnings))


def _best_mixed(sets: ChoiceSets, plain: PlainLogit, model: TasteModel, seed: int, go_on: GoOn) -> MixedLogit:
    """With correlations if that was asked for, or if left open and worth its parameters."""

    def fitted(*, correlated: bool, start: MixedLogit | None = None) -> MixedLogit:
        settings = Settings(correlated=correlated, draws=model.draws, seed=seed)
        return fit_mixed(sets, plain, model.distributions, settings, start=start, go_on=go_on)

    if model.correlated is not None:
        return fitted(correlated=model.correlated)
    apart = fitted(correlated=False)
    if len(apart.population.shape.spread) < 2 or not apart.converged:
        return apart
    if why_not_mixed(sets, shape_of(sets, model.distributions, correlated=True)):
        return apart
    together = fitted(correlated=True, start=apart)
    return together if together.converged and together.bic < apart.bic else apart


def _holdout(
    sets: ChoiceSets, model: TasteModel, mixed: MixedLogit | None, last: int | None, seed: int, go_on: GoOn
) -> Holdout | None:
    parts = split(sets, last)
    if parts is None:
        return None
    known, unknown = sets.take(parts.known), sets.take(parts.unknown)
    try:
        plain = fit_plain(known)
    except InvalidChoices:
        return None
    by_chance = -np.log(unknown.available.sum(axis=1))
    by_plain = log_probabilities(plain.coefficients, unknown)
    by_population, by_person = _mixed_scores(known, unknown, plain, model, mixed, seed, go_on)
    gain = by_plain - by_chance if by_person is None else by_person - by_plain
    scored = [
        None if logarithms is None else score(logarithms, unknown.person, seed)
        for logarithms in (by_chance, by_plain, by_population, by_person, gain)
    ]
    null, general, population, personal, better = scored
    if null is None or general is None:
        raise AssertionError("the null and the plain score need no mixed logit")
    people = len(np.unique(unknown.person))
    return Holdout(len(unknown), people, len(known), parts.by, null, general, population, personal, better)


def _mixed_scores(
    known: ChoiceSets,
    unknown: ChoiceSets,
    plain: PlainLogit,
    model: TasteModel,
    mixed: MixedLogit | None,
    seed: int,
    go_on: GoOn,
) -> tuple[Floats | None, Floats | None]:
    """By the population and by the person, with a mixed logit of the same shape that has not seen them.

    None where there is no such model, or no time to fit it.
    """
    if mixed is None or not go_on() or why_not_mixed(known, mixed.population.shape):
        return None, None
    # Where the search begins tells the model nothing about the choices held out: it ends at its own maximum.
    settings = Settings(correlated=mixed.population.shape.correlated, draws=model.draws, seed=seed)
    start = mixed if mixed.converged else None
    blind = fit_mixed(known, plain, model.distributions, settings, start=start, go_on=go_on)
    if not go_on():
        return None, None
    by_person, by_population = predictive_scores(blind.population, known, unknown, seed)
    return by_population, by_person


def _constants_log_likelihood(choices: Sequence[ObservedChoice]) -> float | None:
    """Of constants alone; None where options have no names in common, or one of them is never chosen."""
    bare = [
        choice.model_copy(update={"options": tuple(o.model_copy(update={"attributes": {}}) for o in choice.options)})
        for choice in choices
    ]
    try:
        return fit_plain(choice_sets(bare, TasteModel(constants=True))).log_likelihood
    except InvalidChoices:
        return None


def _doubts(plain: PlainLogit, mixed: MixedLogit) -> Iterator[str]:
    if not mixed.converged:
        yield f"The mixed logit is not to be relied on: {mixed.message}."
    elif mixed.log_likelihood < plain.log_likelihood - 1.0:
        yield "The mixed logit fits worse than the plain one: the choices contradict a sign that was imposed."


def _warnings(sets: ChoiceSets, plain: PlainLogit) -> list[str]:
    found = []
    if not plain.converged:
        found.append("The plain logit did not converge.")
    if plain.people < 30:
        found.append(f"Standard errors clustered by person are too small with so few people (n = {plain.people}).")
    if plain.choices < 10 * len(sets.names):
        found.append(f"The choices are few (n = {plain.choices}) for {len(sets.names)} coefficients.")
    return found
