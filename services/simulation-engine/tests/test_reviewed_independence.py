"""The numbers of one question are its own: what else is asked, and in which order, does not move them."""

from typing import Any

from simulation_scene import focus_group

from dramatis_simulation_engine.focus_group.model import simulate

DRAWN = {"mode": "segment", "segments": ["finance_executives", "affluent_families"], "generated_count": 16}
SECTIONS = ("photo_preferences", "modification_impact", "pricing_sensitivity")
PHOTOS = {"type": "photo_selection", "options": ["sunset_view", "kitchen", "pool"]}
CHANGES = {"type": "modification_testing", "modifications": ["add_pool", "renovate_kitchen"]}
PRICES = {"type": "pricing_strategy", "price_points": [40e6, 45e6, 50e6]}


def sections(*scenarios: dict[str, Any]) -> dict[str, Any]:
    outcome = simulate(focus_group(test_scenarios=list(scenarios), persona_configuration=DRAWN), (), 7)
    assert outcome.detailed_results is not None
    return {name: outcome.detailed_results[name] for name in SECTIONS}


def test_another_scenario_leaves_the_numbers_of_the_first_ones_as_they_are() -> None:
    alone = sections(PHOTOS, CHANGES, PRICES)
    more = sections(PHOTOS, CHANGES, PRICES, {"type": "photo_selection", "options": ["library", "gym"]})
    assert len(more["photo_preferences"].pop("further")) == 1
    assert more == alone


def test_the_order_of_scenarios_makes_no_difference() -> None:
    assert sections(PRICES, PHOTOS, CHANGES) == sections(PHOTOS, CHANGES, PRICES)


def test_one_scenario_by_itself_has_the_numbers_that_it_has_among_others() -> None:
    alone = sections(PHOTOS)["photo_preferences"]
    assert alone == sections(PHOTOS, CHANGES, PRICES)["photo_preferences"]
