"""What a broker expects of each field of a persona beside what `test_signs.py` says: two more directions and above."""

from typing import Any

import pytest
from simulation_scene import home
from test_signs import (
    NOBODY,
    Fields,
    _preferred,
    behaves,
    demand,
    demographics,
    gain,
    interest,
    learnt,
    odds,
    someone,
    wants,
)

LIKED: list[tuple[Fields, Fields, str]] = [
    # age
    (demographics(age_range="75-80"), demographics(age_range="30-35"), "quiet_street"),
    (demographics(age_range="30-35"), demographics(age_range="75-80"), "steep_stairs"),
    (demographics(age_range="25-30"), demographics(age_range="70-80"), "gym"),
    # occupation
    (demographics(occupation="Attorney"), demographics(occupation="Retired Attorney"), "home_office"),
    (demographics(occupation="Tech Founder"), demographics(occupation="Retired"), "smart_home"),
    (demographics(occupation="Art Collector"), demographics(occupation="Surgeon"), "gallery_wall"),
    (demographics(occupation="Vintner"), demographics(occupation="Surgeon"), "wine_cellar"),
    (demographics(occupation="Horse Breeder"), demographics(occupation="Surgeon"), "stables"),
    (demographics(occupation="Remote Worker"), demographics(occupation="Surgeon"), "fiber_internet"),
    (demographics(occupation="Teacher"), demographics(occupation="Actor"), "good_schools"),
    (demographics(occupation="Investor"), demographics(occupation="Artist"), "rental_income"),
    # net worth
    (demographics(net_worth_range="$200M+"), demographics(net_worth_range="$5M"), "helipad"),
    (demographics(net_worth_range="$200M+"), demographics(net_worth_range="$5M"), "trophy_property"),
    # family
    (demographics(family_status="Married, 3 children"), demographics(family_status="Married"), "extra_bedroom"),
    (demographics(family_status="Married, 3 children"), demographics(family_status="Single, no kids"), "playroom"),
    (demographics(family_status="Single"), demographics(family_status="Married, 3 children"), "nightclub"),
    (demographics(family_status="Empty nesters"), demographics(family_status="Married, 2 children"), "single-level"),
    # preferences
    (wants(must_have_features=["quiet"]), NOBODY, "soundproofing"),
    (NOBODY, wants(must_have_features=["quiet"]), "nightclub"),
    (wants(property_types=["waterfront"]), NOBODY, "boat_dock"),
    (wants(deal_breakers=["no_outdoor_space"]), NOBODY, "terrace"),
    (wants(style_preferences=["victorian"]), wants(style_preferences=["minimalist"]), "pre-war_details"),
    (wants(style_preferences=["mediterranean"]), NOBODY, "tuscan"),
    # behaviour
    (behaves(decision_making="decisive"), behaves(decision_making="cautious"), "needs_work"),
    (behaves(decision_making="emotional"), behaves(decision_making="analytical"), "ocean_view"),
    (behaves(risk_tolerance="low"), behaves(risk_tolerance="high"), "turnkey"),
    (behaves(risk_tolerance="high"), behaves(risk_tolerance="low"), "flood_zone"),
    (behaves(communication_style="private"), behaves(communication_style="social"), "hedge"),
    (behaves(communication_style="detailed"), behaves(communication_style="casual"), "newly_renovated"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "less", "option"), LIKED)
def test_who_a_broker_would_expect_to_like_it_more_does(more: Fields, less: Fields, option: str) -> None:
    assert _preferred(someone(more), option) > _preferred(someone(less), option)


@pytest.mark.parametrize(
    ("trait", "option"),
    [
        ("works remotely", "home_office"),
        ("wine collector", "wine_cellar"),
        ("art collector", "gallery_wall"),
        ("horse lover", "stables"),
        ("loves to cook", "chef_kitchen"),
        ("light sleeper", "soundproofing"),
        ("uses a wheelchair", "elevator"),
        ("car collector", "6-car_garage"),
        ("loves hosting parties", "ballroom"),
        ("environmentally conscious", "solar_panels"),
    ],
)
def test_a_way_of_life_raises_the_choice_of_what_it_needs(trait: str, option: str) -> None:
    assert _preferred(someone(NOBODY, learnt("trait", trait)), option) > _preferred(someone(NOBODY), option)


@pytest.mark.parametrize(
    ("trait", "option"),
    [
        ("hates stairs", "walk-up"),
        ("light sleeper", "nightclub"),
        ("bad knees", "stairs"),
        ("anxious", "fixer_upper"),
        ("frugal", "high_hoa_fees"),
    ],
)
def test_what_a_person_suffers_from_is_chosen_less(trait: str, option: str) -> None:
    assert _preferred(someone(NOBODY, learnt("trait", trait)), option) < _preferred(someone(NOBODY), option)


def test_a_pet_owner_values_a_dog_run() -> None:
    assert gain(someone(NOBODY, learnt("trait", "has two dogs")), "dog_run") > gain(someone(NOBODY), "dog_run")


@pytest.mark.parametrize(
    ("more", "less", "about"),
    [
        (demographics(age_range="30-35"), demographics(age_range="75-80"), {"features": ["walk-up"]}),
        (NOBODY, wants(must_have_features=["quiet"]), {"features": ["nightclub"]}),
        (NOBODY, wants(must_have_features=["helipad"]), {"features": ["pool"]}),
        (
            demographics(family_status="Married"),
            demographics(family_status="Married, 3 children"),
            {"bedrooms": 1, "sqft": 700},
        ),
        (
            demographics(family_status="Married, no children"),
            demographics(family_status="Married, 2 children"),
            {"bedrooms": 1},
        ),
        (behaves(decision_making="decisive"), behaves(decision_making="cautious"), {"features": ["fixer_upper"]}),
        (
            wants(preferred_locations=["Manhattan"]),
            wants(preferred_locations=["Aspen"]),
            {"address": "740 Park Avenue"},
        ),
        (demographics(net_worth_range="$100M"), demographics(net_worth_range="$5M"), {"price": 20e6}),
    ],
)
def test_who_a_broker_would_expect_to_come_comes_more_often(more: Fields, less: Fields, about: dict[str, Any]) -> None:
    assert interest(someone(more), home(**about)) > interest(someone(less), home(**about))


def test_who_is_frugal_minds_a_rise_of_price_more_and_who_is_generous_less() -> None:
    def kept(trait: str) -> float:
        low, high = demand(someone(NOBODY, learnt("trait", trait)), 10e6, 12e6)
        return odds(float(high)) / odds(float(low))

    assert kept("frugal") < kept("in a hurry") < kept("spares no expense")
