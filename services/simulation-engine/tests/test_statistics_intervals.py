"""Intervals of counts, against the literature and scipy."""

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from dramatis_simulation_engine.statistics import jeffreys, wilson
from dramatis_simulation_engine.statistics.intervals import difference_bounds, share_bounds


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_reproduces_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("successes", [0, 1, 7, 19, 20])
def test_wilson_agrees_with_scipy(successes: int) -> None:
    expected = binomtest(successes, 20).proportion_ci(0.9, method="wilson")
    assert wilson(successes, 20, level=0.9) == pytest.approx((expected.low, expected.high))


def test_jeffreys_is_the_posterior_under_its_prior_and_ends_at_zero_and_one() -> None:
    assert jeffreys(7, 20) == pytest.approx((beta.ppf(0.025, 7.5, 13.5), beta.ppf(0.975, 7.5, 13.5)))
    assert jeffreys(0, 20) == pytest.approx((0.0, beta.ppf(0.975, 0.5, 20.5)))
    assert jeffreys(20, 20) == pytest.approx((beta.ppf(0.025, 20.5, 0.5), 1.0))


@pytest.mark.parametrize("method", [wilson, jeffreys])
def test_intervals_of_counts_cover_the_truth_on_average(method: object) -> None:
    assert callable(method)
    counts = np.random.default_rng(5).binomial(40, probabilities := np.linspace(0.05, 0.95, 400))
    covered = [low <= p <= high for p, (low, high) in zip(probabilities, map(method, counts, [40] * 400), strict=True)]
    assert 0.92 <= np.mean(covered) <= 0.98


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    for method in (wilson, jeffreys):
        with pytest.raises(ValueError, match="successes"):
            method(successes, n)


def test_bounds_of_a_share_stay_inside_and_reach_further_towards_the_middle() -> None:
    low, high = share_bounds(np.array([0.05, 0.5, 0.0]), np.array([0.1, 0.1, 0.0]))
    assert 0 < low[0] < 0.05 < high[0] < 1
    assert high[0] - 0.05 > 0.05 - low[0]
    assert high[1] - 0.5 == pytest.approx(0.5 - low[1])
    assert (low[2], high[2]) == (0.0, 0.0)


def test_a_difference_of_independent_shares_reproduces_a_published_interval() -> None:
    # Newcombe (1998), Statistics in Medicine 17:873, method 10: 56/70 against 48/80.
    one, other = wilson(56, 70), wilson(48, 80)
    parts = [(np.array([a]), np.array([b])) for a, b in zip((0.8, *one), (0.6, *other), strict=True)]
    low, high = difference_bounds(parts[0], parts[1], parts[2], np.zeros(1))
    assert (low[0], high[0]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
