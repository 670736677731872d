"""What changes are worth: in interest, in dollars, alone and in pairs."""

from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from simulation_scene import EXAMPLE, focus_group, home, john, person, respondents

from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.focus_group.studies.willingness_to_pay import median_interval, worth_of
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats, normals

PLAIN: dict[str, Any] = {"price": 10_000_000, "features": ["terrace"]}


def changed(
    *modifications: str, about: dict[str, Any] | None = None, people: tuple[Respondent, ...] = (), **scenario: Any
) -> Outcome:
    asked = {"type": "modification_testing", "modifications": list(modifications), **scenario}
    wanted = EXAMPLE["persona_configuration"]
    if people:
        wanted = {"mode": "specific", "specific_personas": [p.id for p in people]}
    group = focus_group(property=about or PLAIN, test_scenarios=[asked], persona_configuration=wanted)
    return simulate(group, people or [john()], 1)


def section(outcome: Outcome) -> dict[str, Any]:
    assert outcome.detailed_results is not None
    found: dict[str, Any] = outcome.detailed_results["modification_impact"]
    return found


def worth(outcome: Outcome, modification: str) -> dict[str, Any]:
    (found,) = (m for m in section(outcome)["modifications"] if m["modification"] == modification)
    pays: dict[str, Any] = found["willingness_to_pay"]
    return pays


# The arithmetic

FACTORS = np.array([0.5, 0.75, 1.0, 1.35, 2.0])


def curves(*interests: float, slope: float = 3.0) -> Floats:
    """Log odds of interest that fall by `slope` per unit of ln price."""
    return np.asarray(expit(np.array(interests)[:, None] - slope * np.log(FACTORS)))


def test_a_log_linear_price_gives_the_ratio_of_utility_to_price_coefficient() -> None:
    gained = 0.4
    found = worth_of(curves(0.2, -1.0), FACTORS, expit(np.array([[0.2], [-1.0]]) + gained), 10e6)
    assert found.values[:, 0] == pytest.approx([10e6 * np.expm1(gained / 3)] * 2, rel=1e-6)


def test_what_is_disliked_has_a_negative_worth_and_no_change_none() -> None:
    found = worth_of(curves(0.2), FACTORS, expit(np.array([[0.2 - 0.4, 0.2]])), 10e6)
    assert found.values[0] == pytest.approx([10e6 * np.expm1(-0.4 / 3), 0.0], abs=1e-3)


def test_a_worth_is_cut_at_the_prices_asked_and_said_so() -> None:
    found = worth_of(curves(0.2), FACTORS, np.array([[1.0, 0.0]]), 10e6)
    assert found.values[0] == pytest.approx([10e6, -5e6])
    assert found.beyond.tolist() == [[True, True]]


def test_who_would_never_buy_has_no_willingness_to_pay() -> None:
    never = np.zeros((1, len(FACTORS)))
    found = worth_of(np.concatenate([curves(0.2), never]), FACTORS, np.array([[0.6], [0.0]]), 10e6)
    assert np.isnan(found.values[1, 0])
    assert found.median(0)[2] == 1


def test_the_interval_of_a_median_comes_from_order_statistics() -> None:
    # n = 10: the second smallest and the second largest value enclose the median with probability 0.979.
    assert median_interval(np.arange(1.0, 11.0)) == (2.0, 9.0)
    assert median_interval(np.arange(5.0)) == (None, None)


def test_the_interval_of_a_median_covers_it() -> None:
    covered = 0
    for study in range(400):
        low, high = median_interval(np.sort(np.exp(normals(22, "median", study))))
        assert low is not None
        assert high is not None
        covered += low <= 1.0 <= high
    assert 0.95 <= covered / 400 <= 0.995


# The study


def test_a_change_is_worth_money_with_an_interval() -> None:
    pays = worth(changed("add_pool"), "add_pool")
    assert 0 < pays["low"] <= pays["value"] <= pays["high"] < 10e6
    assert pays["n"] == 21


def test_what_people_like_more_is_worth_more() -> None:
    outcome = changed("add_private_beach", "add_storage", "add_highway_noise")
    values = [worth(outcome, m)["value"] for m in ("add_private_beach", "add_storage", "add_highway_noise")]
    assert values[0] > values[1] > 0 > values[2]


def test_worth_is_never_absurd() -> None:
    everyone = changed("add_private_beach", "add_sunset_view", "add_highway_noise", "remove_terrace")
    for modification in section(everyone)["modifications"]:
        assert -4e6 <= modification["willingness_to_pay"]["value"] <= 7e6


def test_hypothetical_bias_divides_what_people_would_pay_and_leaves_interest_alone() -> None:
    plain, biased = changed("add_pool"), changed("add_pool", hypothetical_bias=2.0)
    assert worth(biased, "add_pool")["value"] == pytest.approx(worth(plain, "add_pool")["value"] / 2, rel=1e-5)
    assert section(biased)["modifications"][0]["change"] == section(plain)["modifications"][0]["change"]


def test_it_says_what_willingness_to_pay_assumes() -> None:
    stated = section(changed("add_pool"))["willingness_to_pay"]
    assert "same log odds" in stated["assumes"]
    assert stated["between"] == pytest.approx([-4e6, 7e6])


def test_who_refuses_the_home_at_any_price_does_not_count() -> None:
    people = (*(john(f"pers_{i}") for i in range(7)), person("pers_x", preferences={"deal_breakers": ["terrace"]}))
    assert worth(changed("add_pool", people=people), "add_pool")["n"] == 7


def test_a_change_that_brings_a_deal_breaker_is_worth_less_than_nothing() -> None:
    people = tuple(person(f"pers_{i}", preferences={"deal_breakers": ["pool"]}) for i in range(7))
    pays = worth(changed("add_pool", people=people), "add_pool")
    assert pays["value"] == pytest.approx(-4e6)
    assert pays["beyond_the_prices_asked"] == 7


def test_a_median_at_the_end_of_the_prices_asked_is_a_bound_in_words() -> None:
    people = tuple(person(f"pers_{i}", preferences={"deal_breakers": ["pool"]}) for i in range(7))
    said = changed("add_pool", people=people).summary.key_findings
    assert any("worth at most −$4M" in finding for finding in said)


def test_each_person_has_a_willingness_to_pay_of_its_own() -> None:
    people = (john("pers_1"), person("pers_2", preferences={"must_have_features": ["pool"]}))
    outcome = changed("add_pool", people=people, hypothetical_bias=2.0)
    assert outcome.detailed_results is not None
    pays = [
        answer["answers"][0]["willingness_to_pay"]["add_pool"]
        for answer in outcome.detailed_results["persona_responses"]
    ]
    assert all(value > 0 for value in pays)
    assert np.median(pays) == pytest.approx(worth(outcome, "add_pool")["value"], rel=1e-4)


def test_few_people_give_a_median_without_an_interval() -> None:
    pays = worth(changed("add_pool", people=(john("pers_1"), person("pers_2"))), "add_pool")
    assert pays["value"] is not None
    assert pays["low"] is None


def test_the_worth_of_a_change_is_close_to_what_the_tastes_imply() -> None:
    # One person without a random part in its tastes, as the utility has it: U gains dU, price costs β ln(p / p0).
    outcome = changed("add_pool", people=(person("pers_1"),))
    asked = respondents(person("pers_1"), about=home(features=["terrace"]), iterations=100)
    pool = asked.index["pool"]
    gained = asked.assumptions.market["pool"] + asked.personal[0, pool]
    assert worth(outcome, "add_pool")["value"] == pytest.approx(10e6 * np.expm1(gained / asked.price[0]), rel=0.1)


# Pairs

OVERLAPPING = ("add_pool", "add_infinity_pool")


def pairs(outcome: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = section(outcome)["interactions"]
    return found


def test_pairs_are_tested_only_when_asked_for() -> None:
    assert section(changed("add_pool", "add_garden"))["interactions"] is None
    (pair,) = pairs(changed("add_pool", "add_garden", interactions=True))
    assert pair["modifications"] == ["add_pool", "add_garden"]


def test_an_interaction_is_what_a_pair_does_beyond_the_sum_of_both() -> None:
    for pair in pairs(changed("add_pool", "add_garden", "renovate_kitchen", interactions=True)):
        expected = pair["together"]["value"] - pair["sum_of_both"]["value"]
        assert pair["interaction"]["value"] == pytest.approx(expected, abs=1e-5)
        assert pair["interaction"]["low"] <= pair["interaction"]["value"] <= pair["interaction"]["high"]


def test_a_second_helping_of_the_same_thing_adds_less() -> None:
    apart, overlapping = (
        pairs(changed(*names, interactions=True))[0] for names in (("add_pool", "add_gym"), OVERLAPPING)
    )
    assert overlapping["interaction"]["value"] < apart["interaction"]["value"]


def test_where_interest_is_high_already_pairs_do_less_than_their_sum() -> None:
    eager = tuple(
        person(f"pers_{i}", behavioral_traits={"buying_urgency": "very_high", "price_sensitivity": "low"})
        for i in range(12)
    )
    (pair,) = pairs(changed("add_pool", "add_private_beach", interactions=True, people=eager))
    assert pair["reading"] == "less than the sum"


def test_changes_that_undo_each_other_are_no_pair() -> None:
    assert pairs(changed("add_pool", "remove_pool", interactions=True)) == []


def test_testing_pairs_leaves_everything_else_as_it_is() -> None:
    plain, paired = (section(changed("add_pool", "add_garden", interactions=on)) for on in (False, True))
    assert plain["modifications"] == paired["modifications"]


def test_findings_about_pairs_read_like_sentences() -> None:
    said = changed("add_pool", "add_garden", "renovate_kitchen", interactions=True).summary.key_findings
    assert any("than the sum of both" in finding or "No pair of changes" in finding for finding in said)


def test_findings_about_changes_name_interest_money_interval_and_n() -> None:
    said = changed("add_pool").summary.key_findings
    assert said[0].startswith("As it is, ")
    assert "at $10M" in said[0]
    sentence = next(finding for finding in said if finding.startswith("'add_pool'"))
    assert "points (95 % interval" in sentence
    assert "n = 21 people" in sentence
    assert "to the median person" in sentence


def test_the_order_of_changes_makes_no_difference() -> None:
    names = ("add_pool", "add_garden", "renovate_kitchen")
    forwards, backwards = (
        {m["modification"]: m["change"]["value"] for m in section(changed(*order))["modifications"]}
        for order in (names, names[::-1])
    )
    assert forwards == pytest.approx(backwards, abs=1e-9)


def test_what_one_person_loses_does_not_stretch_the_interval_of_a_change_over_everything() -> None:
    for seed in range(40, 46):
        found = simulate(focus_group(), [john(), person("pers_456")], seed).detailed_results
        assert found is not None
        for modification in found["modification_impact"]["modifications"]:
            assert modification["change"]["high"] - modification["change"]["low"] < 0.5
