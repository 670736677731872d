"""A pricing scenario: demand, revenue, elasticity, the best price and how sure it is."""

from typing import Any

import numpy as np
import pytest
from simulation_scene import EXAMPLE, focus_group, john, person

from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.outcome import Outcome

GRID = [20e6, 26e6, 32e6, 38e6, 44e6]


def priced(*prices: float, count: int = 20, seed: int = 1, **scenario: Any) -> Outcome:
    asked = {"type": "pricing_strategy", "price_points": list(prices), **scenario}
    people = EXAMPLE["persona_configuration"] | {"generated_count": count}
    return simulate(focus_group(test_scenarios=[asked], persona_configuration=people), [john()], seed)


def section(outcome: Outcome) -> dict[str, Any]:
    assert outcome.detailed_results is not None
    found: dict[str, Any] = outcome.detailed_results["pricing_sensitivity"]
    return found


def demand(outcome: Outcome) -> list[float]:
    return [point["demand"]["value"] for point in section(outcome)["price_points"]]


def test_demand_falls_and_every_price_has_an_interval_and_a_probability() -> None:
    points = section(priced(*GRID))["price_points"]
    assert all(p["demand"]["low"] <= p["demand"]["value"] <= p["demand"]["high"] for p in points)
    assert [p["demand"]["value"] for p in points] == sorted((p["demand"]["value"] for p in points), reverse=True)
    assert sum(p["probability_best"] for p in points) == pytest.approx(1, abs=0.001)


def test_revenue_is_price_times_demand() -> None:
    for point in section(priced(*GRID))["price_points"]:
        expected = point["price"] * point["demand"]["value"]
        assert point["expected_revenue_per_person_asked"]["value"] == pytest.approx(expected, rel=1e-4)


def test_elasticity_is_the_ratio_of_log_differences() -> None:
    found = section(priced(*GRID))
    asked = demand(priced(*GRID))
    over_all = np.log(asked[-1] / asked[0]) / np.log(GRID[-1] / GRID[0])
    assert found["price_elasticity"]["value"] == pytest.approx(over_all, rel=1e-3)
    assert found["price_elasticity"]["low"] <= found["price_elasticity"]["value"] <= found["price_elasticity"]["high"]
    between = [point["elasticity_to_next"] for point in found["price_points"]]
    assert between[-1] is None
    assert all(each["value"] < 0 for each in between[:-1])


def test_an_optimum_between_the_prices_is_named_as_interpolated_and_stays_within_them() -> None:
    found = section(priced(*GRID))
    optimum = found["interpolated_optimum"]
    assert found["best_price_at_edge"] is None
    assert GRID[0] <= optimum["low"] <= optimum["value"] <= optimum["high"] <= GRID[-1]
    assert "interpolated" in optimum["method"]
    best = GRID.index(found["best_price"]["value"])
    assert GRID[best - 1] <= optimum["value"] <= GRID[best + 1]


@pytest.mark.parametrize(("grid", "edge"), [((60e6, 70e6, 80e6), "lowest"), ((2e6, 3e6, 4e6), "highest")])
def test_at_the_edge_of_the_grid_no_optimum_is_invented(grid: tuple[float, ...], edge: str) -> None:
    outcome = priced(*grid)
    assert section(outcome)["best_price_at_edge"] == edge
    assert section(outcome)["interpolated_optimum"] is None
    assert any("at the edge of the grid" in finding for finding in outcome.summary.key_findings)
    assert ("lower" if edge == "lowest" else "higher") in outcome.recommendations[0].action


def test_hypothetical_bias_divides_willingness_to_pay() -> None:
    # Who overstates by a quarter accepts a price as if it were a quarter higher.
    biased = demand(priced(20e6, 30e6, hypothetical_bias=1.25))
    plain = demand(priced(25e6, 37.5e6))
    assert biased == pytest.approx(plain, abs=0.02)
    assert section(priced(20e6, 30e6, hypothetical_bias=1.25))["hypothetical_bias"] == 1.25
    assert section(priced(20e6, 30e6))["hypothetical_bias"] == 1.0


def test_more_hypothetical_bias_never_means_more_demand() -> None:
    by_bias = [demand(priced(30e6, 45e6, hypothetical_bias=bias)) for bias in (1.0, 1.35, 2.0)]
    assert by_bias == sorted(by_bias, reverse=True)


def test_when_everybody_refuses_no_price_is_recommended() -> None:
    choosy = person("pers_1", preferences={"deal_breakers": ["penthouse"]})
    alone = focus_group(
        test_scenarios=[{"type": "pricing_strategy", "price_points": [30e6, 40e6], "methods": ["van_westendorp"]}],
        persona_configuration={"mode": "specific", "specific_personas": ["pers_1"]},
    )
    outcome = simulate(alone, [choosy], 1)
    assert outcome.recommendations == ()
    assert section(outcome)["best_price"] is None
    assert section(outcome)["price_elasticity"]["value"] is None
    assert section(outcome)["van_westendorp"]["left_out"]["at_no_price"] == 1
    assert any("Nobody asked" in finding for finding in outcome.summary.key_findings)


def test_the_other_methods_are_there_only_when_asked_for() -> None:
    assert "van_westendorp" not in section(priced(*GRID))
    found = section(priced(*GRID, methods=["newton_miller_smith"]))
    assert "van_westendorp" not in found
    assert found["newton_miller_smith"]["valid"] == 21


def test_asking_for_more_methods_leaves_the_demand_as_it_is() -> None:
    assert demand(priced(*GRID)) == demand(priced(*GRID, methods=["van_westendorp", "newton_miller_smith"]))


def test_the_range_of_acceptable_prices_has_intervals_and_n() -> None:
    outcome = priced(*GRID, methods=["van_westendorp"])
    points = section(outcome)["van_westendorp"]["points"]
    assert list(points) == ["pmc", "opp", "idp", "pme"]
    assert all(p["low"] <= p["value"] <= p["high"] and p["n"] == 21 for p in points.values())
    assert points["pmc"]["value"] < points["idp"]["value"] < points["pme"]["value"]
    sentence = next(f for f in outcome.summary.key_findings if f.startswith("Acceptable prices"))
    assert "21 people" in sentence


def test_a_stricter_calibration_of_purchase_intent_lowers_reach() -> None:
    def reach(**scenario: Any) -> float:
        found = section(priced(*GRID, methods=["newton_miller_smith"], **scenario))["newton_miller_smith"]["reach"]
        return max(float(point["share"]) for point in found)

    assert reach(purchase_intent=[0.35, 0.2, 0.1, 0.05, 0.0]) < reach()


def test_each_person_names_its_four_prices() -> None:
    outcome = priced(*GRID, methods=["van_westendorp"])
    assert outcome.detailed_results is not None
    answer = outcome.detailed_results["persona_responses"][0]["answers"][0]["named_prices"]
    assert answer["too_cheap"] < answer["cheap"] < answer["expensive"] < answer["too_expensive"]


def test_findings_about_prices_state_interval_and_n_and_no_needless_digits() -> None:
    first, second, *_ = priced(*GRID).summary.key_findings
    assert first.startswith("Would ask to view (95 % intervals, n = 21 people): at $20M ")
    assert second.startswith("From $20M to $44M, each 1 % more in price goes with ")
    assert "0000" not in first + second


def test_a_correction_for_hypothetical_bias_is_said_aloud() -> None:
    said = priced(*GRID, hypothetical_bias=1.35).summary.key_findings
    assert any("divided by 1.35" in finding for finding in said)
    assert not any("divided by" in finding for finding in priced(*GRID).summary.key_findings)


@pytest.mark.parametrize("seed", range(40, 44))
def test_a_price_that_hardly_anyone_accepts_is_hardly_ever_the_best(seed: int) -> None:
    # The two invited personas are a stratum of two, whose errors are wide; a demand of 0.0001 must stay small even so.
    asked = {"type": "pricing_strategy", "price_points": [26e6, 38e6, 150e6]}
    found = section(simulate(focus_group(test_scenarios=[asked]), [john(), person("pers_456")], seed))
    highest = found["price_points"][-1]
    assert highest["demand"]["high"] < 0.05
    assert highest["probability_best"] < 0.01
