"""Intervals that hold what they promise, and probabilities that mean something."""

import numpy as np
import pytest

from dramatis_simulation_engine.seeds import Floats, normals, sobol, uniforms
from dramatis_simulation_engine.statistics import (
    RESAMPLES,
    Design,
    Evidence,
    best_of,
    demand_curve,
)


def evidence(n: int, seed: int = 1) -> Evidence:
    return Evidence(n, seed=seed, model_version="test")


def bounds(values: Floats, seed: int = 1) -> tuple[float, float]:
    (estimate,) = evidence(len(values), seed).mean_estimates(values[:, None], low=0.0, high=1.0)
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


@pytest.mark.parametrize("people", [4, 8, 22, 60])
def test_intervals_over_people_cover_the_truth_about_as_often_as_they_say(people: int) -> None:
    # Each person has a probability of their own, and answers 100 times: the person is the unit.
    generator = np.random.default_rng(people)
    covered = 0
    for study in range(400):
        own = generator.beta(2, 3, size=people)
        low, high = bounds(generator.binomial(100, own) / 100, seed=study)
        covered += low <= 0.4 <= high
    assert 0.93 <= covered / 400 <= 0.975


def test_many_iterations_of_few_people_do_not_narrow_the_interval() -> None:
    generator = np.random.default_rng(3)
    own = generator.beta(2, 3, size=20)
    low, high = bounds(own)
    naive = 2 * 1.96 * np.sqrt(0.4 * 0.6 / 2000)
    assert high - low > 3 * naive


def test_the_same_study_gets_the_same_interval() -> None:
    values = uniforms(22, "study")
    assert bounds(values) == bounds(values)


def test_one_person_alone_gives_no_interval() -> None:
    (estimate,) = evidence(1).mean_estimates(np.array([[0.9]]), low=0.0, high=1.0)
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.9, None, None, 1)
    assert best_of(None, 2) == [None, None]


def test_the_probability_of_being_best_is_shared_between_equals() -> None:
    values = np.repeat(uniforms(20, "equal")[:, None], 2, axis=1)
    assert best_of(evidence(20).cloud(values), 2) == [0.5, 0.5]


def test_what_never_happened_in_any_resample_is_not_called_impossible() -> None:
    values = np.array([[0.9, 0.1]] * 10)
    best = best_of(evidence(10).cloud(values), 2)
    assert best == [pytest.approx(1 - 0.5 / (RESAMPLES + 1), abs=1e-4), pytest.approx(0.5 / (RESAMPLES + 1), abs=1e-4)]


def test_demand_is_made_to_fall() -> None:
    assert demand_curve(np.array([0.5, 0.6, 0.1])).tolist() == pytest.approx([0.55, 0.55, 0.1])
    assert demand_curve(np.array([[0.9, 0.5], [0.2, 0.4]])).tolist() == [[0.9, 0.5], pytest.approx([0.3, 0.3])]


def test_random_numbers_are_named_and_a_longer_row_begins_like_a_shorter_one() -> None:
    assert uniforms(100, "a", 1)[:10].tolist() == uniforms(10, "a", 1).tolist()
    assert uniforms(10, "a", 1).tolist() != uniforms(10, "a", 2).tolist()
    assert sobol(5, 100, 1)[:10].tolist() == sobol(5, 10, 1).tolist()
    assert 0.45 < uniforms(1000, "mean").mean() < 0.55


# How people were chosen


def test_people_of_one_stratum_only_show_how_that_stratum_varies() -> None:
    values = np.array([[0.1], [0.2], [0.8], [0.9]])
    whole, strata = Design.independent(4), Design.labelled(list("abcd"), [1, 1, 2, 2])
    assert (strata.errors(values) ** 2).sum() == pytest.approx(2 * 0.5**2 * 0.005 / 2)
    assert (strata.errors(values) ** 2).sum() < (whole.errors(values) ** 2).sum() / 10


def test_the_errors_of_independent_people_give_the_textbook_variance() -> None:
    values = normals(30, "people")[:, None]
    assert (Design.independent(30).errors(values) ** 2).sum() == pytest.approx(values.var(ddof=1) / 30)


def test_people_of_one_replicate_are_one_unit() -> None:
    values = np.array([[0.1], [0.9], [0.2], [0.8]])
    assert (Design.labelled([0, 0, 1, 1], [0] * 4).errors(values) ** 2).sum() == pytest.approx(0)


def test_units_of_unequal_size_give_the_right_variance_on_average() -> None:
    design = Design.labelled([0, 0, 0, 1, 1, 2, 3], [0] * 7)
    estimates = [(design.errors(normals(7, "unequal", i)[:, None]) ** 2).sum() for i in range(4000)]
    assert np.mean(estimates) == pytest.approx(1 / 7, rel=0.05)


def test_a_stratum_of_one_person_is_taken_together_with_another() -> None:
    design = Design.labelled(list("abcde"), [1, 1, 1, 2, 2])
    alone = Design.labelled(list("abcdef"), [1, 1, 1, 2, 2, 3])
    assert design.degrees_of_freedom == 3
    assert alone.stratum_of.tolist() == [0, 0, 0, 1, 1, 1]
    assert Design.labelled(["a", "b"], [1, 2]).stratum_of.tolist() == [0, 0]


def test_few_units_of_a_varied_stratum_have_few_degrees_of_freedom() -> None:
    design = Design.labelled(list("abcdefgh"), [1, 1, 2, 2, 2, 2, 2, 2])
    values = np.array([0.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])[:, None]
    assert design.student(design.errors(values), 0.975)[0] == pytest.approx(12.706, abs=0.001)


def test_answers_that_are_all_alike_still_have_an_interval() -> None:
    (nobody,) = evidence(20).mean_estimates(np.zeros((20, 1)), low=0.0, high=1.0)
    assert (nobody.value, nobody.low) == (0.0, 0.0)
    assert nobody.high == pytest.approx(0.1167, abs=0.0005)
    assert nobody.method.startswith("Jeffreys")


def test_an_interval_of_a_difference_may_contain_zero_and_follows_its_skewness() -> None:
    change = np.array([0.0] * 17 + [-0.02, 0.3, 0.6])[:, None]
    (estimate,) = evidence(20).mean_estimates(change, low=-1.0, high=1.0)
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < 0.01
    assert estimate.high - estimate.value > 1.5 * (estimate.value - estimate.low)


def test_a_number_that_is_no_share_gets_a_plain_interval() -> None:
    (estimate,) = evidence(4).mean_estimates(np.array([[10.0], [20.0], [30.0], [40.0]]), low=0.0, high=np.inf)
    assert (estimate.low, estimate.high) == pytest.approx((4.457, 45.543), abs=0.001)
