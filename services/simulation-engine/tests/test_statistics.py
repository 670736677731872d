"""Intervals that hold what they promise, and probabilities that mean something."""

import numpy as np
import pytest

from dramatis_simulation_engine.seeds import Floats, normals, sobol, uniforms
from dramatis_simulation_engine.statistics import (
    RESAMPLES,
    Evidence,
    best_of,
    consensus,
    demand_curve,
    joint_consensus,
    kendalls_w,
    ranks_of,
)


def evidence(n: int, seed: int = 1) -> Evidence:
    return Evidence(n, seed=seed, model_version="test")


def bounds(values: Floats, seed: int = 1) -> tuple[float, float]:
    (estimate,) = evidence(len(values), seed).mean_estimates(values[:, None], low=0.0, high=1.0)
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


@pytest.mark.parametrize("people", [8, 22])
def test_intervals_over_people_cover_the_truth_about_as_often_as_they_say(people: int) -> None:
    # Each person has a probability of their own, and answers 100 times: the person is the unit.
    generator = np.random.default_rng(people)
    covered = 0
    for study in range(400):
        own = generator.beta(2, 3, size=people)
        low, high = bounds(generator.binomial(100, own) / 100, seed=study)
        covered += low <= 0.4 <= high
    assert 0.92 <= covered / 400 <= 0.98


def test_many_iterations_of_few_people_do_not_narrow_the_interval() -> None:
    generator = np.random.default_rng(3)
    own = generator.beta(2, 3, size=20)
    low, high = bounds(own)
    naive = 2 * 1.96 * np.sqrt(0.4 * 0.6 / 2000)
    assert high - low > 3 * naive


def test_the_same_study_gets_the_same_interval() -> None:
    values = uniforms(22, "study")
    assert bounds(values) == bounds(values)


def test_one_person_alone_gives_no_interval_and_no_consensus() -> None:
    (estimate,) = evidence(1).mean_estimates(np.array([[0.9]]), low=0.0, high=1.0)
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.9, None, None, 1)
    assert best_of(None, 2) == [None, None]
    assert joint_consensus([consensus(None, 0.6)]) == (False, None)


def test_the_probability_of_being_best_is_shared_between_equals() -> None:
    values = np.repeat(uniforms(20, "equal")[:, None], 2, axis=1)
    assert best_of(evidence(20).cloud(values), 2) == [0.5, 0.5]


def test_what_never_happened_in_any_resample_is_not_called_impossible() -> None:
    values = np.array([[0.9, 0.1]] * 10)
    best = best_of(evidence(10).cloud(values), 2)
    assert best == [pytest.approx(1 - 0.5 / (RESAMPLES + 1), abs=1e-4), pytest.approx(0.5 / (RESAMPLES + 1), abs=1e-4)]


def test_consensus_is_a_probability_and_not_a_share_above_a_threshold() -> None:
    close = 0.6 + 0.1 * normals(20, "close")[:, None]
    close += 0.62 - close.mean()
    cloud = evidence(20).cloud(close)
    assert cloud is not None
    found = consensus(cloud[:, 0], 0.6)
    assert found.probability is not None
    assert 0.5 < found.probability < 0.95
    assert not found.reached


def test_consensus_on_all_questions_is_at_most_as_probable_as_on_any() -> None:
    values = np.stack([0.62 + 0.1 * normals(20, "a"), 0.62 + 0.1 * normals(20, "b")], axis=1)
    cloud = evidence(20).cloud(values)
    assert cloud is not None
    parts = [consensus(cloud[:, column], 0.6) for column in (0, 1)]
    _, both = joint_consensus(parts)
    assert both is not None
    assert all(part.probability is not None and both <= part.probability for part in parts)


def test_a_study_without_a_difference_rarely_finds_consensus() -> None:
    found = 0
    for study in range(100):
        first = np.clip(0.5 + 0.2 * normals(22, "null", study), 0, 1)
        cloud = evidence(22, seed=study).cloud(np.stack([first, 1 - first], axis=1))
        assert cloud is not None
        found += consensus(cloud[:, int(first.mean() < 0.5)], 0.6).reached
    assert found <= 5


def test_demand_is_made_to_fall() -> None:
    assert demand_curve(np.array([0.5, 0.6, 0.1])).tolist() == pytest.approx([0.55, 0.55, 0.1])
    assert demand_curve(np.array([[0.9, 0.5], [0.2, 0.4]])).tolist() == [[0.9, 0.5], pytest.approx([0.3, 0.3])]


def test_equal_scores_share_a_rank() -> None:
    assert ranks_of(np.array([[0.7, 0.2, 0.2]])).tolist() == [[1.0, 2.5, 2.5]]


def test_kendalls_w_reproduces_a_textbook_example() -> None:
    # Siegel and Castellan (1988), table 9.5: three judges rank six applicants, W = .16.
    ranks = np.array([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]], dtype=float)
    assert kendalls_w(-ranks).value == pytest.approx(0.162, abs=0.0005)


def test_kendalls_w_is_one_when_all_agree_and_unknown_when_all_are_indifferent() -> None:
    assert kendalls_w(np.array([[3.0, 2.0, 1.0]] * 5)).value == 1.0
    assert kendalls_w(np.ones((5, 3))).value is None


def test_random_numbers_are_named_and_a_longer_row_begins_like_a_shorter_one() -> None:
    assert uniforms(100, "a", 1)[:10].tolist() == uniforms(10, "a", 1).tolist()
    assert uniforms(10, "a", 1).tolist() != uniforms(10, "a", 2).tolist()
    assert sobol(5, 100, 1)[:10].tolist() == sobol(5, 10, 1).tolist()
    assert 0.45 < uniforms(1000, "mean").mean() < 0.55
