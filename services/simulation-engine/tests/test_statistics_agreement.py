"""Kendall's W and Krippendorff's alpha against values from the literature and from scipy."""

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from dramatis_simulation_engine.seeds import normals, uniforms
from dramatis_simulation_engine.statistics import (
    kendalls_w,
    kendalls_w_p,
    krippendorffs_alpha,
    rank_alpha,
    ranks_of,
)
from dramatis_simulation_engine.statistics.agreement import Level

_ = np.nan
CANONICAL = np.array(
    [
        [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
        [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
        [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
    ]
)
"""The reliability data of Krippendorff's own example: three coders, fifteen units, values 1 to 4."""


def test_equal_scores_share_a_rank() -> None:
    assert ranks_of(np.array([[0.7, 0.2, 0.2]])).tolist() == [[1.0, 2.5, 2.5]]


def test_kendalls_w_reproduces_a_textbook_example() -> None:
    # Siegel and Castellan (1988), table 9.5: three judges rank six applicants, W = .16.
    ranks = np.array([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]], dtype=float)
    assert kendalls_w(-ranks).value == pytest.approx(0.162, abs=0.0005)


def test_kendalls_w_with_ties_is_the_friedman_statistic_over_its_largest_value() -> None:
    scores = np.round(3 * uniforms(60, "ties").reshape(15, 4))
    statistic, p = friedmanchisquare(*scores.T)
    assert kendalls_w(scores).value == pytest.approx(statistic / (15 * 3))
    assert kendalls_w_p(scores) == pytest.approx(p)


def test_kendalls_w_is_one_when_all_agree_and_unknown_when_all_are_indifferent() -> None:
    assert kendalls_w(np.array([[3.0, 2.0, 1.0]] * 5)).value == 1.0
    assert kendalls_w(np.ones((5, 3))).value is None
    assert kendalls_w_p(np.ones((5, 3))) is None


@pytest.mark.parametrize("measure", [kendalls_w, rank_alpha])
def test_people_who_all_agree_leave_room_for_those_who_were_not_asked(measure: object) -> None:
    assert callable(measure)
    few, many = (measure(np.array([[3.0, 2.0, 1.0]] * people)) for people in (10, 200))
    assert few.value == many.value == few.high == 1.0
    assert few.low < many.low < 1
    assert few.low == pytest.approx(0.025 ** (2 / 10))


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.6914), ("ordinal", 0.8067), ("interval", 0.8108)], ids=lambda value: str(value)
)
def test_krippendorffs_alpha_reproduces_the_canonical_example(level: Level, alpha: float) -> None:
    assert krippendorffs_alpha(CANONICAL, level) == pytest.approx(alpha, abs=5e-5)


def test_krippendorffs_alpha_is_one_for_perfect_agreement_and_about_zero_for_chance() -> None:
    same = np.tile(np.arange(6.0), (4, 1))
    chance = np.floor(4 * uniforms(4000, "chance")).reshape(4, 1000)
    assert krippendorffs_alpha(same) == 1.0
    assert krippendorffs_alpha(chance) == pytest.approx(0, abs=0.03)


def test_krippendorffs_alpha_is_unknown_without_two_ratings_that_can_differ() -> None:
    assert krippendorffs_alpha(np.array([[1.0, np.nan], [np.nan, 2.0]])) is None
    assert krippendorffs_alpha(np.ones((3, 4))) is None


def test_agreement_on_a_ranking_is_found_through_noise_and_its_interval_contains_it() -> None:
    noisy = np.array([3.0, 2.0, 1.0, 0.0]) + normals(120, "noise").reshape(30, 4)
    large = np.array([3.0, 2.0, 1.0, 0.0]) + normals(2400, "many").reshape(600, 4)
    few, many = rank_alpha(noisy), rank_alpha(large)
    assert few.low is not None
    assert few.high is not None
    assert many.value is not None
    assert few.low < many.value < few.high


def test_one_person_or_one_option_has_no_agreement() -> None:
    assert rank_alpha(np.array([[0.5, 0.2]])).value is None
    assert rank_alpha(np.array([[0.5], [0.2]])).value is None
