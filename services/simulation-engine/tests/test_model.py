"""A whole focus group, from the request to what its client reads."""

import json
from typing import Any

import pytest
from simulation_scene import EXAMPLE, focus_group, home, john, person, with_parameters

from dramatis_contracts.simulation_engine.v1 import Estimate, FocusGroup
from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.focus_group.report import DETAIL_BYTES
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.seeds import derived_seed


def run(group: FocusGroup | None = None, seed: int = 42) -> Outcome:
    return simulate(group or focus_group(), [john(), person("pers_456")], seed)


def details(outcome: Outcome) -> dict[str, Any]:
    assert outcome.detailed_results is not None
    return outcome.detailed_results


def only(*scenarios: dict[str, Any], **changes: Any) -> FocusGroup:
    return focus_group(test_scenarios=list(scenarios), **changes)


def photos(*options: str) -> dict[str, Any]:
    return {"type": "photo_selection", "options": list(options)}


def modifications(*changes: str) -> dict[str, Any]:
    return {"type": "modification_testing", "modifications": list(changes)}


def prices(*points: float) -> dict[str, Any]:
    return {"type": "pricing_strategy", "price_points": list(points)}


PHOTOS_ONLY = only(photos("sunset_view", "interior_design", "building_exterior"))


def estimates_in(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for below in node for found in estimates_in(below)]
    if not isinstance(node, dict):
        return []
    if "calibration" in node:
        return [node]
    return [found for below in node.values() for found in estimates_in(below)]


def test_the_published_example_is_understood_and_answered_completely() -> None:
    outcome = run()
    assert outcome.n_respondents == 22
    assert outcome.unrecognized == ()
    found = details(outcome)
    assert [o["option"] for o in found["photo_preferences"]["options"]] == EXAMPLE["test_scenarios"][0]["options"]
    assert {m["modification"] for m in found["modification_impact"]["modifications"]} == set(
        EXAMPLE["test_scenarios"][1]["modifications"]
    )
    assert [p["price"] for p in found["pricing_sensitivity"]["price_points"]] == [42e6, 45e6, 48e6]
    assert len(found["persona_responses"]) == 22
    assert len(outcome.recommendations) == 3


def test_every_number_says_how_it_came_about() -> None:
    outcome = run()
    found = estimates_in(details(outcome)) + [h.estimate.model_dump() for h in outcome.headlines]
    assert len(found) > 20
    for number in (Estimate.model_validate(each) for each in found):
        assert number.n == 22
        assert number.low is not None
        assert number.high is not None
        assert number.value is not None
        assert number.low <= number.value <= number.high
        assert (number.level, number.calibration) == (0.95, "assumed")
        assert number.model_version == outcome.model_version


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert json.dumps(details(run())) == json.dumps(details(run()))
    assert run() == run()
    assert run() != run(seed=43)


def test_the_order_of_people_and_scenarios_makes_no_difference() -> None:
    forwards, backwards = run(), run(focus_group(test_scenarios=EXAMPLE["test_scenarios"][::-1]))
    for section in ("photo_preferences", "modification_impact", "pricing_sensitivity"):
        assert details(forwards)[section] == details(backwards)[section]
    assert forwards.summary.confidence_level == backwards.summary.confidence_level
    people = [john(), person("pers_456")]
    assert simulate(focus_group(), people[::-1], 42) == forwards


def test_shares_and_none_add_up() -> None:
    found = details(run())["photo_preferences"]
    total = sum(o["share"]["value"] for o in found["options"]) + found["none"]["value"]
    assert total == pytest.approx(1, abs=1e-5)


def test_another_seed_differs_within_the_stated_intervals() -> None:
    # Two studies differ by the errors of both: their difference has an interval √2 as wide as that of one.
    agreed = total = 0
    for seed in range(25):
        one, other = (details(run(PHOTOS_ONLY, seed=2 * seed + k))["photo_preferences"]["options"] for k in (0, 1))
        for a, b in zip(one, other, strict=True):
            reach = (
                (a["share"]["high"] - a["share"]["low"]) ** 2 + (b["share"]["high"] - b["share"]["low"]) ** 2
            ) ** 0.5
            agreed += abs(a["share"]["value"] - b["share"]["value"]) <= reach / 2
            total += 1
    assert agreed / total >= 0.93


def test_an_option_that_is_not_understood_has_no_share_and_is_said_aloud() -> None:
    outcome = run(only(photos("sunset_view", "interior_design", "zorblax")))
    shown = {o["option"]: o for o in details(outcome)["photo_preferences"]["options"]}
    assert shown["zorblax"]["share"] is None
    assert outcome.unrecognized == ("zorblax",)
    assert any("'zorblax'" in finding for finding in outcome.summary.key_findings)


def test_a_scenario_of_which_nothing_is_understood_claims_nothing() -> None:
    outcome = run(only(photos("zorblax", "blimfark"), modifications("frobnicate")))
    assert outcome.recommendations == ()
    assert outcome.headlines == ()
    assert outcome.summary.confidence_level is None
    assert not outcome.summary.consensus_reached
    assert set(outcome.unrecognized) == {"zorblax", "blimfark", "frobnicate"}


def test_words_of_the_property_and_of_personas_are_reported_too() -> None:
    odd = person("pers_9", preferences={"must_have_features": ["flux_capacitor"]})
    group = only(photos("sunset_view", "kitchen"), property={"price": 1e7, "features": ["pool", "warp_drive"]})
    outcome = simulate(group, [odd], 1)
    places = {entry["field"]: entry["text"] for entry in details(outcome)["unrecognized"]["texts"]}
    assert places == {
        "property.features[1]": "warp_drive",
        "personas[pers_9].must_have_features": "flux_capacitor",
    }


def test_a_photograph_is_also_known_by_its_caption() -> None:
    captioned = home(photos=[{"url": "https://x/1.jpg", "caption": "Infinity pool at sunset", "room": "IMG 1"}])
    group = only(photos("https://x/1.jpg", "kitchen"), property=captioned.model_dump())
    assert run(group).unrecognized == ()


def test_an_improvement_the_home_has_already_adds_less() -> None:
    def change(features: list[str]) -> float:
        group = only(modifications("add_pool"), property={"price": 1e7, "features": features})
        (shown,) = details(run(group))["modification_impact"]["modifications"]
        return float(shown["change"]["value"])

    assert 0 < change(["pool"]) < change([])


def test_what_is_not_there_cannot_be_taken_away() -> None:
    outcome = run(only(modifications("remove_pool")))
    (shown,) = details(outcome)["modification_impact"]["modifications"]
    assert shown["change"]["value"] == 0
    assert any("changes nothing" in finding for finding in outcome.summary.key_findings)


def test_taking_away_what_people_like_is_not_recommended() -> None:
    outcome = run(only(modifications("remove_terrace")))
    assert outcome.recommendations[0].action == "Leave the property as it is"


def test_a_best_price_at_the_edge_of_the_grid_is_called_so() -> None:
    steep = person("pers_1", behavioral_traits={"price_sensitivity": "very_high", "buying_urgency": "very_low"})
    outcome = simulate(only(prices(42e6, 45e6, 48e6)), [steep], 1)
    assert details(outcome)["pricing_sensitivity"]["best_price_at_edge"] == "lowest"
    assert any("edge of the grid" in finding for finding in outcome.summary.key_findings)


def test_a_best_price_inside_the_grid_is_found() -> None:
    outcome = run(only(prices(10e6, 20e6, 25e6, 30e6, 35e6, 40e6, 60e6, 90e6)))
    found = details(outcome)["pricing_sensitivity"]
    assert found["best_price_at_edge"] is None
    assert found["best_price"]["low"] <= found["best_price"]["value"] <= found["best_price"]["high"]


def test_demand_falls_with_the_price() -> None:
    points = details(run())["pricing_sensitivity"]["price_points"]
    demand = [point["demand"]["value"] for point in points]
    assert demand == sorted(demand, reverse=True)


def test_two_scenarios_of_a_kind_are_both_reported() -> None:
    found = details(run(only(photos("sunset_view", "kitchen"), photos("pool", "garden"))))["photo_preferences"]
    assert [o["option"] for o in found["options"]] == ["sunset_view", "kitchen"]
    assert [o["option"] for o in found["further"][0]["options"]] == ["pool", "garden"]


def test_one_person_alone_gives_no_intervals() -> None:
    alone = only(
        photos("sunset_view", "kitchen"), persona_configuration={"mode": "specific", "specific_personas": ["p"]}
    )
    outcome = simulate(alone, [john()], 1)
    assert outcome.summary.confidence_level is None
    assert all(h.estimate.low is None for h in outcome.headlines)
    assert any("no interval can be given, n = 1 person" in finding for finding in outcome.summary.key_findings)


def test_a_summary_has_no_details() -> None:
    assert run(focus_group(**with_parameters(detail_level="summary"))).detailed_results is None


def test_findings_read_like_sentences_with_intervals_and_n() -> None:
    leading = run().summary.key_findings[0]
    assert leading.startswith("'sunset_view' draws the most choices: ")
    assert "95 % interval" in leading
    assert "n = 22 people" in leading
    assert "." not in leading.split("Probability")[0].replace(". ", "")


def test_a_thousand_people_stay_within_the_bound_and_the_cut_is_stated() -> None:
    many = EXAMPLE["persona_configuration"] | {"generated_count": 998}
    outcome = run(focus_group(persona_configuration=many))
    found = details(outcome)
    assert len(json.dumps(found)) < DETAIL_BYTES
    assert found["persona_responses_shown"] == {
        "shown": len(found["persona_responses"]),
        "of": 1000,
        "truncated": True,
    }
    assert found["persona_responses"][0]["persona_id"] == "pers_123"
    assert outcome.n_respondents == 1000


def test_progress_rises_and_can_stop_the_work() -> None:
    seen: list[float] = []

    def watch(progress: float, step: str, partial: dict[str, Any]) -> None:
        seen.append(progress)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(focus_group(), [john()], 1, watch)
    assert seen == sorted(seen)
    assert len(seen) == 4


def test_a_seed_that_was_not_given_follows_from_the_simulation() -> None:
    assert derived_seed("tenant", "sim_1") == derived_seed("tenant", "sim_1") < 2**53
    assert derived_seed("tenant", "sim_1") != derived_seed("other", "sim_1")


def test_equal_scenarios_have_headlines_of_different_names() -> None:
    photos = {"type": "photo_selection", "options": ["sunset_view", "kitchen"]}
    found = simulate(focus_group(test_scenarios=[photos, photos]), [], seed=1)
    names = [headline.name for headline in found.headlines]
    assert len(set(names)) == len(names) == 4
