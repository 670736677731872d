"""Requests in short: what is filled in, what is said of it, and what cannot be."""

from datetime import UTC, datetime
from typing import Any

import pytest
from simulation_scene import EXAMPLE, focus_group

from dramatis_contracts.campaigns import v1 as campaigns
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.simulation_engine import v1
from dramatis_contracts.simulation_engine.marketing import ChannelMessages, Timing
from dramatis_kit import Rejected
from dramatis_simulation_engine.focus_group.duplicates import check_options
from dramatis_simulation_engine.focus_group.price_questions import check_prices
from dramatis_simulation_engine.in_short import GENERATED, whole_campaign, whole_focus_group
from dramatis_simulation_engine.kinds import inputs_hash

NOW = datetime(2026, 1, 15, tzinfo=UTC)
PHOTOS: list[dict[str, Any]] = [
    {"url": "https://example.com/1.jpg", "room": "living_room", "caption": "Living room with city views"},
    {"url": "https://example.com/2.jpg", "room": "kitchen"},
    {"url": "https://example.com/3.jpg", "room": "terrace", "caption": "Sunset from the terrace"},
]
SHORT: dict[str, Any] = {"property_id": "prop_1", "persona_segments": ["finance_executives"]}


def listed(**fields: Any) -> matching.ListedProperty:
    known: dict[str, Any] = {
        "id": "prop_1",
        "price": 20_000_000,
        "type": "penthouse",
        "address": "1 River Terrace, New York",
        "locations": ["Manhattan", "New York"],
        "bedrooms": 5,
        "bathrooms": None,
        "sqft": None,
        "description": None,
        "features": ["waterfront", "pool"],
        "styles": ["contemporary", "Pool"],
        "photos": PHOTOS,
        "status": "listed",
        "created_at": NOW,
        "updated_at": NOW,
        "version": 3,
    }
    return matching.ListedProperty.model_validate(known | fields)


def asked(**fields: Any) -> v1.FocusGroupRequest:
    return v1.FocusGroupRequest.model_validate(SHORT | fields)


def refused(request: v1.FocusGroupRequest, shown: matching.ListedProperty | None) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        whole_focus_group(request, shown)
    assert refusal.value.code == "INVALID_SIMULATION"
    return refusal.value


def test_a_whole_request_stays_as_it_is_and_nothing_is_said_to_be_derived() -> None:
    request = v1.RequestFocusGroup(simulation_id="sim_1", focus_group=focus_group())
    on_the_wire = v1.RequestFocusGroup.model_validate_json(request.model_dump_json())
    whole = whole_focus_group(on_the_wire.focus_group, None)
    assert whole.focus_group == focus_group()
    assert whole.derived == ()


def test_what_is_said_about_a_request_is_no_input_of_its_forecast() -> None:
    plain = v1.FocusGroupRequested(focus_group=focus_group(), participants=(), seed=7)
    assert inputs_hash(plain) == inputs_hash(plain.model_copy(update={"derived": ("property: prop_1",)}))


def test_a_listed_property_is_shown_with_its_places_and_its_styles() -> None:
    whole = whole_focus_group(asked(), listed())
    shown = whole.focus_group.property
    assert (shown.id, shown.price, shown.bedrooms) == ("prop_1", 20_000_000, 5)
    assert shown.address == "1 River Terrace, New York, Manhattan"
    assert shown.features == ("waterfront", "pool", "contemporary")
    assert [photo.room for photo in shown.photos] == ["living_room", "kitchen", "terrace"]
    assert "property: prop_1 at version 3" in whole.derived
    assert "property.address: with the locations Manhattan" in whole.derived
    assert "property.features: with the styles contemporary" in whole.derived


def test_words_become_scenarios_in_their_order_and_whole_ones_stay() -> None:
    changes = {"type": "modification_testing", "modifications": ["add_pool"]}
    whole = whole_focus_group(asked(test_scenarios=["pricing", changes, "photo_selection"]), listed())
    prices, given, photos = whole.focus_group.test_scenarios
    assert isinstance(prices, v1.PricingStrategy)
    assert prices.price_points == (18_000_000, 19_000_000, 20_000_000, 21_000_000, 22_000_000)
    assert given == v1.ModificationTesting.model_validate(changes)
    assert isinstance(photos, v1.PhotoSelection)
    assert photos.options == ("living_room", "kitchen", "terrace")
    assert any(n.startswith("test_scenarios[0]: pricing at 90, 95, 100, 105 and 110 %") for n in whole.derived)
    assert any(n.startswith("test_scenarios[2]: the property's photographs") for n in whole.derived)


def test_without_scenarios_everything_is_asked_that_the_property_allows() -> None:
    both = whole_focus_group(asked(), listed()).focus_group.test_scenarios
    assert [s.type for s in both] == ["photo_selection", "pricing_strategy"]
    prices = whole_focus_group(asked(), listed(photos=PHOTOS[:1])).focus_group.test_scenarios
    assert [s.type for s in prices] == ["pricing_strategy"]


def test_words_work_with_a_property_that_is_given_whole() -> None:
    request = asked(property=EXAMPLE["property"], property_id=None, test_scenarios=["pricing_strategy"])
    (prices,) = whole_focus_group(request, None).focus_group.test_scenarios
    assert isinstance(prices, v1.PricingStrategy)
    assert prices.price_points == (40_500_000, 42_750_000, 45_000_000, 47_250_000, 49_500_000)


@pytest.mark.parametrize(
    ("photos", "options"),
    [
        (
            [{"room": "bedroom", "caption": "By day"}, {"room": "bedroom", "caption": "By night"}],
            ("By day", "By night"),
        ),
        (
            [{"room": "bedroom", "url": "https://x.com/1"}, {"room": "Bedroom", "url": "https://x.com/2"}],
            ("https://x.com/1", "https://x.com/2"),
        ),
        ([{"caption": "A pool"}, {"room": "kitchen"}, {"url": "https://x.com/3"}], ("A pool", "kitchen")),
        ([{"caption": "客厅"}, {"caption": "厨房"}], ("客厅", "厨房")),
    ],
)
def test_photographs_are_told_apart_by_room_then_caption_then_address(
    photos: list[dict[str, Any]], options: tuple[str, ...]
) -> None:
    whole = whole_focus_group(asked(test_scenarios=["photo_selection"]), listed(photos=photos)).focus_group
    assert [s.options for s in whole.test_scenarios if isinstance(s, v1.PhotoSelection)] == [options]
    check_options(whole)


def test_of_many_photographs_twenty_are_compared_and_the_rest_is_told() -> None:
    photos = [{"caption": f"View number {n}"} for n in range(30)]
    whole = whole_focus_group(asked(test_scenarios=["photo_selection"]), listed(photos=photos))
    (scenario,) = whole.focus_group.test_scenarios
    assert isinstance(scenario, v1.PhotoSelection)
    assert len(scenario.options) == 20
    assert any("10 more are left out" in note for note in whole.derived)


@pytest.mark.parametrize("price", [0.5, 1.0, 999.99, 1000, 1234.56, 9e11])
def test_prices_around_any_price_are_ones_that_a_whole_request_may_have(price: float) -> None:
    whole = whole_focus_group(asked(test_scenarios=["pricing"]), listed(price=price)).focus_group
    check_prices(whole)
    (scenario,) = whole.test_scenarios
    assert isinstance(scenario, v1.PricingStrategy)
    assert price in scenario.price_points


@pytest.mark.parametrize(
    ("fields", "shown", "field"),
    [
        ({"property_id": None}, None, "property"),
        ({"property": EXAMPLE["property"]}, listed(), "property_id"),
        ({"persona_segments": None}, listed(), "persona_configuration"),
        ({"persona_segments": None, "generated_count": 5}, listed(), "generated_count"),
        ({"persona_configuration": EXAMPLE["persona_configuration"]}, listed(), "persona_segments"),
        ({"test_scenarios": ["pricing", "modification_testing"]}, listed(), "test_scenarios[1]"),
        ({"test_scenarios": ["pricing", "pricing_strategy"]}, listed(), "test_scenarios[1]"),
        ({"test_scenarios": ["photo_selection"]}, listed(photos=()), "test_scenarios[0]"),
        ({"test_scenarios": ["pricing"]}, listed(price=0.01), "test_scenarios[0]"),
        ({}, listed(price=1e12, photos=()), "test_scenarios"),
    ],
)
def test_what_says_too_little_or_too_much_is_named(
    fields: dict[str, Any], shown: matching.ListedProperty | None, field: str
) -> None:
    assert refused(asked(**fields), shown).field == field


def test_people_are_drawn_from_the_segments_as_many_as_asked_or_twenty() -> None:
    some = whole_focus_group(asked(generated_count=7), listed()).focus_group.persona_configuration
    assert (some.mode, some.segments, some.generated_count) == ("segment", ("finance_executives",), 7)
    assert whole_focus_group(asked(), listed()).focus_group.persona_configuration.generated_count == GENERATED


def test_a_campaign_that_is_kept_is_tested_as_it_is() -> None:
    kept = campaigns.KeptCampaign(
        id="camp_1",
        name="Waterfront",
        channels=("email",),
        messages={"email": ChannelMessages(subject_lines=("A view", "A pool"))},
        timing=campaigns.KeptTiming(send_day=("friday",), send_time=("09:00", "14:00")),
        status="active",
        created_at=NOW,
        updated_at=NOW,
        version=2,
    )
    study, derived = whole_campaign(v1.CampaignTest(campaign_id="camp_1", target_personas=("pers_1",)), kept)
    assert (study.campaign.name, study.campaign.messages) == ("Waterfront", kept.messages)
    assert study.campaign.timing == Timing(send_day=("friday",), send_time=("09:00", "14:00"))
    assert study.target_personas == ("pers_1",)
    assert derived == ("campaign: camp_1 at version 2",)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "campaign"), ({"campaign": {"name": "x", "channels": ["email"]}, "campaign_id": "camp_1"}, "campaign_id")],
)
def test_a_campaign_test_says_what_it_tests_once(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        whole_campaign(v1.CampaignTest.model_validate({"target_personas": ["pers_1"]} | fields), None)
    assert refusal.value.field == field
