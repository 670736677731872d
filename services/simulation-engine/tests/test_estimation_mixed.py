"""Mixed logit: derivatives, recovery of known tastes, honesty where nothing can be told, scores on held-out choices."""

import numpy as np
import pytest
from observed_choices import electricity, modechoice, synthetic, train

from dramatis_contracts.tastes.v1 import TasteModel
from dramatis_simulation_engine.estimation import mixed_logit
from dramatis_simulation_engine.estimation.choices import ChoiceSets, choice_sets
from dramatis_simulation_engine.estimation.fit import Fit, fit
from dramatis_simulation_engine.estimation.holdout import score, split
from dramatis_simulation_engine.estimation.identification import scale_of
from dramatis_simulation_engine.estimation.logit import fit_plain
from dramatis_simulation_engine.estimation.mixed_logit import Settings, fit_mixed
from dramatis_simulation_engine.estimation.population import Population, Shape
from dramatis_simulation_engine.estimation.posteriors import posteriors_of
from dramatis_simulation_engine.seeds import Floats

NAMES = ("a", "b")


def people(count: int, seed: int = 0) -> Floats:
    """Tastes: the first one negative log-normal, the second one normal."""
    normal = np.random.default_rng(seed).normal(size=(count, 2))
    return np.stack([-np.exp(0.2 + 0.4 * normal[:, 0]), 0.5 + 1.0 * normal[:, 1]], axis=1)


def sets_of(count: int, choices: int, seed: int = 0) -> ChoiceSets:
    return choice_sets(synthetic(people(count, seed), NAMES, choices=choices, seed=seed), TasteModel())


@pytest.mark.parametrize("correlated", [False, True])
def test_gradient_and_hessian_are_those_of_the_likelihood(correlated: bool) -> None:
    sets = sets_of(15, 3)
    shape = Shape(("negative_log_normal", "normal"), correlated)
    likelihood = mixed_logit._Likelihood(sets.scaled(scale_of(sets)), shape, 32, seed=1)
    at = np.random.default_rng(0).normal(size=shape.parameters) / 2
    point = likelihood.at(at, curved=True)
    gradient, hessian = [], []
    for step in np.eye(len(at)) * 1e-5:
        above, below = likelihood.at(at + step), likelihood.at(at - step)
        gradient.append((above.value - below.value) / 2e-5)
        hessian.append((above.scores - below.scores).sum(axis=0) / 2e-5)
    assert point.scores.sum(axis=0) == pytest.approx(np.array(gradient), abs=1e-5)
    assert point.hessian == pytest.approx(np.array(hessian), abs=1e-4)


def test_it_recovers_tastes_that_differ_between_people() -> None:
    sets = sets_of(300, 8)
    found = fit_mixed(sets, fit_plain(sets), {"a": "negative_log_normal"})
    assert found.converged
    assert found.covariance is not None
    error = np.abs(found.parameters - [0.2, 0.5, 0.4, 1.0]) / np.sqrt(np.diag(found.covariance))
    assert error.max() < 3
    assert found.population.shares_positive == pytest.approx([0.0, 0.69], abs=0.06)


def test_few_draws_around_peoples_modes_do_what_many_ordinary_ones_do() -> None:
    tastes = np.random.default_rng(4).normal(size=(100, 5)) * 2
    sets = choice_sets(synthetic(tastes, "abcde", choices=10), TasteModel())
    few = fit_mixed(sets, fit_plain(sets), {}, Settings(draws=32))
    shape = few.population.shape
    ordinary = mixed_logit._Likelihood(sets, shape, 4096, seed=9).at(few.parameters).value
    coarse = mixed_logit._Likelihood(sets, shape, 32, seed=9).at(few.parameters).value
    assert few.log_likelihood == pytest.approx(ordinary, abs=3.0)
    assert abs(coarse - ordinary) > 5 * abs(few.log_likelihood - ordinary)


def test_a_taste_with_a_fixed_sign_has_it_for_everyone() -> None:
    sets = sets_of(100, 5)
    found = fit_mixed(sets, fit_plain(sets), {"a": "negative_log_normal"})
    assert (posteriors_of(found.population, sets, seed=0).means[:, 0] < 0).all()


def test_the_size_of_columns_does_not_matter() -> None:
    sizes = np.array([1e-3, 1e6])
    tastes = people(80)
    usual = choice_sets(synthetic(tastes, NAMES, choices=5), TasteModel())
    unusual = choice_sets(synthetic(tastes, NAMES, choices=5, sizes=sizes), TasteModel())
    one, other = fit_mixed(usual, fit_plain(usual), {}), fit_mixed(unusual, fit_plain(unusual), {})
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-6)
    assert other.parameters * np.tile(sizes, 2) == pytest.approx(one.parameters, rel=1e-4)


def test_correlated_tastes_are_found_and_chosen_when_they_are_worth_their_parameters() -> None:
    generator = np.random.default_rng(2)
    tastes = generator.multivariate_normal([1.0, -1.0], [[1.5, -1.3], [-1.3, 1.5]], size=200)
    found = fit(synthetic(tastes, NAMES, choices=8), TasteModel()).mixed
    assert found is not None
    assert found.population.shape.correlated
    covariance = found.population.spreads @ found.population.spreads.T
    assert covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]) < -0.6


def test_the_same_seed_gives_the_same_numbers() -> None:
    choices = synthetic(people(40), NAMES, choices=4)
    one, other = fit(choices, TasteModel(), seed=4), fit(choices, TasteModel(), seed=4)
    assert one.mixed is not None
    assert other.mixed is not None
    assert np.array_equal(one.mixed.parameters, other.mixed.parameters)
    assert one.holdout == other.holdout


def test_a_posterior_agrees_with_integration_on_a_grid() -> None:
    sets = sets_of(30, 6)
    population = Population(NAMES, Shape(("normal", "normal"), correlated=False), np.array([-1.0, 0.5]), np.eye(2))
    found = posteriors_of(population, sets, seed=0)
    axis = np.linspace(-6, 6, 161)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    for person in (0, 11, 29):
        mine = sets.take(np.flatnonzero(sets.person == person))
        utilities = np.einsum("tjk,gk->tjg", mine.levels, grid + population.location)
        chosen = np.take_along_axis(utilities, mine.chosen[:, None, None], axis=1)[:, 0]
        joint = (chosen - np.log(np.exp(utilities).sum(axis=1))).sum(axis=0) - (grid**2).sum(axis=1) / 2
        weights = np.exp(joint - joint.max())
        expected = weights @ (grid + population.location) / weights.sum()
        assert found.means[person] == pytest.approx(expected, abs=0.03)


def check_that_a_persons_own_tastes_foretell_best(found: Fit) -> None:
    assert found.mixed is not None
    assert found.mixed.converged
    assert found.holdout is not None
    assert found.holdout.personal is not None
    assert found.holdout.gain is not None
    assert found.holdout.gain.low is not None
    assert found.holdout.gain.low > 0
    assert found.holdout.personal.value > found.holdout.plain.value


def test_on_electricity_a_persons_own_tastes_foretell_held_out_choices_better_than_plain_logit() -> None:
    found = fit(electricity(), TasteModel(correlated=False, draws=128))
    check_that_a_persons_own_tastes_foretell_best(found)
    assert found.holdout is not None
    assert found.holdout.plain.value > found.holdout.null.value


def test_on_train_a_persons_own_tastes_foretell_held_out_choices_better_than_plain_logit() -> None:
    check_that_a_persons_own_tastes_foretell_best(fit(train(), TasteModel(correlated=False, draws=128)))


def test_one_choice_per_person_gives_no_spread_of_tastes_and_says_so() -> None:
    model = TasteModel(constants=True, covariates={"hinc": ("air",)})
    found = fit(modechoice(), model)
    assert found.mixed is None
    assert "chose once" in found.warnings[0]
    assert found.holdout is not None
    assert found.holdout.by == "every fifth person"
    assert found.holdout.plain.value > found.holdout.null.value
    assert (found.holdout.personal, found.holdout.population) == (None, None)


def test_few_people_are_warned_about() -> None:
    found = fit(synthetic(people(5), NAMES, choices=12), TasteModel())
    assert any("so few people (n = 5)" in warning for warning in found.warnings)


def test_two_people_who_always_choose_alike_are_not_called_converged_or_are_refused() -> None:
    found = fit(synthetic(np.array([[3.0, 0.2], [-3.0, 0.1]]), NAMES, choices=6), TasteModel())
    assert found.mixed is None or not found.mixed.converged or found.mixed.covariance is not None
    assert found.warnings


def test_a_search_that_is_stopped_says_so() -> None:
    found = fit(synthetic(people(60), NAMES, choices=5), TasteModel(), go_on=lambda: False)
    assert found.mixed is not None
    assert not found.mixed.converged
    assert "time was up" in found.mixed.message
    assert any("not to be relied on" in warning for warning in found.warnings)


def test_no_holdout_is_null() -> None:
    assert fit(synthetic(people(30), NAMES, choices=4), TasteModel(mixed=False), holdout=0).holdout is None


def test_the_last_choices_of_each_person_are_held_out_and_one_stays_known() -> None:
    sets = sets_of(3, 4)
    sets = sets.take(np.array([0, 4, 5, 1, 6, 2, 3, 7, 8]))
    parts = split(sets, 2)
    assert parts is not None
    made_by = {person: np.flatnonzero(sets.person == person).tolist() for person in range(3)}
    assert [made_by[person][2:] for person in (0, 1)] == [[5, 6], [4, 7]]
    assert parts.unknown.tolist() == [4, 5, 6, 7]
    assert parts.known.tolist() == [0, 1, 2, 3, 8]


def test_a_score_is_resampled_by_person() -> None:
    logarithms = np.repeat([-0.2, -1.8], 50)
    by_person = score(logarithms, np.repeat([0, 1], 50), seed=0)
    by_choice = score(logarithms, np.arange(100), seed=0)
    assert by_person.value == by_choice.value == pytest.approx(-1.0)
    assert by_person.low is not None
    assert by_choice.low is not None
    assert by_person.low < by_choice.low
    assert score(logarithms, np.zeros(100, dtype=np.int64), seed=0).low is None
