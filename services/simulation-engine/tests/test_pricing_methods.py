"""Price research on four named prices, against values computed by hand and published ones; real answers would do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtri

from dramatis_simulation_engine.focus_group.studies.named_prices import PriceSensitivity, named_prices, price_at
from dramatis_simulation_engine.focus_group.studies.price_sensitivity import (
    FourPrices,
    calibrated,
    shares_at,
    trial,
    van_westendorp,
)
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.seeds import Floats, normals
from dramatis_simulation_engine.statistics import Evidence

RESEARCH = load_assumptions().price_research
INTENT = RESEARCH["purchase_intent"]


def four(*people: tuple[float, float, float, float]) -> FourPrices:
    return FourPrices(*np.array(people, dtype=float).T)


class RNumbers:
    """R's default random numbers (Mersenne Twister, inversion), to draw the data of a published example again."""

    def __init__(self, seed: int) -> None:
        state = []
        for step in range(675):
            seed = (69069 * seed + 1) % 2**32
            if step > 50:
                state.append(seed)
        self._bits = np.random.MT19937()
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(state[:624], dtype=np.uint32), "pos": 624},
        }

    def _uniform(self) -> float:
        return int(self._bits.random_raw()) * 2.3283064365386963e-10

    def normal(self, count: int, mean: float, sd: float) -> Floats:
        precise = 134217728
        drawn = [(int(precise * self._uniform()) + self._uniform()) / precise for _ in range(count)]
        return mean + sd * np.asarray(ndtri(drawn))


def in_steps(prices: Floats, low: float, high: float) -> Floats:
    stepped = prices.copy()
    inside = (prices > low) & (prices < high)
    stepped[inside] = round(float(prices[inside].mean()), 2)
    return stepped


def test_the_random_numbers_of_r_are_reproduced() -> None:
    assert RNumbers(42).normal(3, 0, 1) == pytest.approx([1.37095845, -0.56469817, 0.36312841], abs=1e-8)


def test_the_indifference_price_of_the_reference_package_is_reproduced() -> None:
    # pricesensitivitymeter, vignette "Interpolation in Small Samples", set.seed(1976): IDP 14.91.
    drawn = RNumbers(1976)
    too_cheap, too_expensive, cheap, expensive = (
        np.sort(np.round(drawn.normal(50, mean, sd), 2)) for mean, sd in ((8, 1.5), (20, 1), (15, 3), (16, 3))
    )
    answers = FourPrices(too_cheap, in_steps(cheap, 14.25, 17.5), in_steps(expensive, 14, 16), too_expensive)
    assert van_westendorp(answers)["idp"] == pytest.approx(14.91, abs=0.005)


def test_the_cumulative_shares_are_those_of_van_westendorp() -> None:
    shares = shares_at(four((1, 2, 4, 5), (2, 3, 5, 6)), np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    assert shares["too_cheap"].tolist() == [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert shares["cheap"].tolist() == [1.0, 0.5, 0.0, 0.0, 0.0, 0.0]
    assert shares["expensive"].tolist() == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]
    assert shares["too_expensive"].tolist() == [0.0, 0.0, 0.0, 0.0, 0.5, 1.0]


def test_the_four_points_agree_with_a_computation_by_hand() -> None:
    # Curves over the prices 1, 2, 3, 4, 5, 6, 7, 8 of the four people, in quarters:
    #   too cheap 3 2 1 0 0 0 0 0, not cheap 0 1 2 3 4 4 4 4: equal between 2 (2 over 1) and 3 (1 under 2) -> 2.5
    #   too expensive 0 0 0 0 1 2 3 4, not expensive 4 4 3 2 1 0 0 0: equal at 5
    #   expensive 0 0 1 2 3 4 4 4, cheap 4 3 2 1 0 0 0 0: between 3 (1 under 2) and 4 (2 over 1) -> 3.5
    #   too expensive reaches too cheap, both 0, at 4
    answers = four((1, 2, 3, 5), (2, 3, 4, 6), (3, 4, 5, 7), (4, 5, 6, 8))
    assert van_westendorp(answers) == pytest.approx({"pmc": 2.5, "opp": 4.0, "idp": 3.5, "pme": 5.0})


def test_answers_that_do_not_rise_are_left_out_and_counted() -> None:
    orderly = ((1.0, 2.0, 3.0, 5.0), (2.0, 3.0, 4.0, 6.0))
    disorderly = ((5.0, 2.0, 3.0, 4.0), (1.0, 1.0, 2.0, 3.0), (np.nan, 1.0, 2.0, 3.0), (-1.0, 1.0, 2.0, 3.0))
    answers = four(*orderly, *disorderly)
    assert answers.valid.tolist() == [True, True, False, False, False, False]
    assert van_westendorp(answers) == van_westendorp(four(*orderly))


def test_without_a_valid_answer_there_are_no_points() -> None:
    with pytest.raises(ValueError, match="rise strictly"):
        van_westendorp(four((4, 3, 2, 1)))


@given(st.lists(st.lists(st.floats(1, 1e8), min_size=4, max_size=4, unique=True), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_points_lie_among_the_prices_named_and_in_order(named: list[list[float]]) -> None:
    answers = four(*((a, b, c, d) for a, b, c, d in map(sorted, named)))
    if not answers.valid.any():
        return
    points, prices = van_westendorp(answers), answers.prices()
    slack = 1 + 1e-9  # the points are interpolated, so the last digit may go either way
    assert all(prices[0] <= point * slack and point <= prices[-1] * slack for point in points.values())
    assert points["pmc"] <= points["idp"] * slack <= points["pme"] * slack**2
    assert points["pmc"] <= points["opp"] * slack <= points["pme"] * slack**2


def test_purchase_intent_is_calibrated_and_linear_between_the_prices() -> None:
    answers = four((10, 20, 40, 50), (4, 3, 2, 1))
    cheap = calibrated(np.array([5, 5]), INTENT)
    expensive = calibrated(np.array([3, 3]), INTENT)
    buys = trial(answers, cheap, expensive, np.array([5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 45.0, 60.0]))
    assert buys[0] == pytest.approx([0, 0, 0.35, 0.7, 0.5, 0.3, 0.15, 0])
    assert buys[1].tolist() == [0.0] * 8


def test_an_intent_outside_the_scale_and_a_probability_above_one_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and 5"):
        calibrated(np.array([6]), INTENT)
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibrated(np.array([5]), [1.2, 0.5, 0.3, 0.1, 0.0])


# Prices that simulated people would name

PRICES = np.geomspace(1e6, 64e6, 25)


def accepting(*thresholds: float, slope: float = 4.0) -> Floats:
    """Acceptance curves that are one half at these prices."""
    return np.asarray(expit(-slope * np.log(PRICES / np.array(thresholds)[:, None])))


def test_the_price_at_a_level_is_found_between_the_prices_asked() -> None:
    curves = accepting(7e6, 12e6)
    assert price_at(curves, PRICES, 0.5) == pytest.approx([7e6, 12e6], rel=1e-9)
    assert price_at(curves, PRICES, 0.8) == pytest.approx(np.array([7e6, 12e6]) * 4 ** (-1 / 4), rel=1e-9)


def test_a_level_that_is_not_passed_on_the_ladder_is_not_invented() -> None:
    assert np.isnan(price_at(accepting(0.5e6, 400e6), PRICES, 0.5)).all()


def test_the_four_prices_of_a_falling_curve_rise() -> None:
    answers = named_prices(accepting(5e6, 9e6, 20e6), PRICES, RESEARCH)
    assert answers.valid.all()
    assert (np.diff(answers.matrix, axis=1) > 0).all()


def of_people(curves: Floats) -> PriceSensitivity:
    return PriceSensitivity(curves, PRICES, RESEARCH, INTENT, Evidence(len(curves), seed=1, model_version="test"))


def test_who_accepts_no_price_is_left_out_and_said_so() -> None:
    refuses = np.zeros((1, len(PRICES)))
    studied = of_people(np.concatenate([accepting(5e6, 9e6, 12e6, 400e6), refuses]))
    section = studied.van_westendorp()
    assert section["valid"] == 3
    assert section["left_out"] == {"at_no_price": 1, "beyond_the_prices_asked": 1, "not_in_order": 0}
    assert {e.n for e in studied.points.values()} == {3}


def test_when_nobody_names_prices_nothing_is_claimed() -> None:
    studied = of_people(np.zeros((3, len(PRICES))))
    assert [e.value for e in studied.points.values()] == [None] * 4
    assert studied.newton_miller_smith()["best_price_for_revenue"]["value"] is None
    assert studied.sentences(["van_westendorp"])[0].startswith("Nobody")


def test_one_person_alone_has_points_without_intervals() -> None:
    points = of_people(accepting(9e6)).points
    assert all(e.value is not None and e.low is None for e in points.values())


def test_the_intervals_of_the_points_cover_the_truth() -> None:
    # The truth is the point in a population of 20,000; n = 40 people are asked in each of 60 studies.
    thresholds = 9e6 * np.exp(0.4 * normals(20_000, "population"))
    truth = van_westendorp(named_prices(accepting(*thresholds), PRICES, RESEARCH))["idp"]
    covered = 0
    for study in range(60):
        estimate = of_people(accepting(*thresholds[study * 40 : study * 40 + 40])).points["idp"]
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= truth <= estimate.high
    assert covered / 60 >= 0.88


def test_people_who_would_pay_more_have_higher_points_and_best_prices() -> None:
    modest, generous = of_people(accepting(5e6, 6e6, 7e6, 8e6)), of_people(accepting(15e6, 18e6, 21e6, 24e6))
    for name in modest.points:
        assert (modest.points[name].value or 0) < (generous.points[name].value or 0)
    for name in modest.best_prices:
        assert (modest.best_prices[name].value or 0) < (generous.best_prices[name].value or 0)


def test_revenue_is_never_highest_below_the_price_with_most_buyers() -> None:
    best = of_people(accepting(5e6, 6e6, 9e6, 15e6)).best_prices
    assert (best["reach"].value or 0) <= (best["revenue"].value or 0)
