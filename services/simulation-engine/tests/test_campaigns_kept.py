"""Campaigns as objects: the rules, and the service on the real engines."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from dramatis_bus import Bus
from dramatis_contracts.campaigns import v1
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_contracts.simulation_engine.marketing import Campaign
from dramatis_kit import Rejected, Unavailable, new_id
from dramatis_kit.service import select
from dramatis_kit.settings import Settings
from dramatis_simulation_engine.app import service
from dramatis_simulation_engine.campaigns.decider import CampaignState, decide, evolve
from dramatis_testkit.hosting import hosted

WATERFRONT = Campaign.model_validate(
    {
        "name": "Luxury Waterfront",
        "channels": ["email", "social_media"],
        "messages": {"email": {"subject_lines": ["A view", "A pool"]}},
    }
)
CREATED = v1.CampaignCreated(campaign=WATERFRONT)
DRAWN = engine.PersonaConfiguration(mode="segment", segments=("finance_executives",), generated_count=5)


def given(*events: v1.Event) -> CampaignState:
    state = CampaignState()
    for event in events:
        state = evolve(state, event)
    return state


def changes(**fields: Any) -> v1.UpdateCampaign:
    return v1.UpdateCampaign(campaign_id="camp_1", changes=v1.CampaignChanges.model_validate(fields))


def test_an_id_is_given_once() -> None:
    with pytest.raises(Rejected, match="CONFLICT"):
        decide(v1.CreateCampaign(campaign_id="camp_1", campaign=WATERFRONT), given(CREATED))


def test_an_update_names_what_changed_and_keeps_the_rest() -> None:
    updated = WATERFRONT.model_copy(update={"name": "Autumn"})
    (event,) = decide(changes(name="Autumn", channels=["email", "social_media"]), given(CREATED))
    assert event == v1.CampaignUpdated(campaign=updated, changed=("name",))


def test_an_update_to_what_is_already_so_changes_nothing() -> None:
    assert decide(changes(name="Luxury Waterfront"), given(CREATED)) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"channels": ["social_media"]}, "messages"),
        ({"channels": ["email", "pigeon"]}, "channels[1]"),
        ({"messages": {"social_media": {"platforms": ["telegraph"]}}}, "messages.social_media.platforms[0]"),
    ],
)
def test_a_change_that_makes_a_campaign_impossible_names_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        decide(changes(**fields), given(CREATED))
    assert (refusal.value.code, refusal.value.field) == ("INVALID_CAMPAIGN", field)


@pytest.mark.parametrize("history", [(), (CREATED, v1.CampaignDeleted())])
@pytest.mark.parametrize("command", [changes(name="x"), v1.DeleteCampaign(campaign_id="camp_1")])
def test_what_is_not_there_cannot_change(
    command: v1.UpdateCampaign | v1.DeleteCampaign, history: tuple[v1.Event, ...]
) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        decide(command, given(*history))


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, *select(["relay"]), service) as client:
        yield client


async def created(bus: Bus, tenant: str = "brk_1", campaign: Campaign = WATERFRONT) -> v1.KeptCampaign:
    command = v1.CreateCampaign(campaign_id=new_id("camp"), campaign=campaign)
    return await bus.call(v1.create_campaign, command, tenant=tenant)


async def test_who_creates_a_campaign_reads_it_back_at_once_and_nobody_else_does(bus: Bus) -> None:
    mine = await created(bus)
    assert await bus.call(v1.get_campaign, v1.GetCampaign(campaign_id=mine.id), tenant="brk_1") == mine
    assert (await bus.call(v1.list_campaigns, v1.ListCampaigns(), tenant="brk_1")).items == [mine]
    assert (await bus.call(v1.list_campaigns, v1.ListCampaigns(), tenant="brk_2")).total == 0
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_campaign, v1.GetCampaign(campaign_id=mine.id), tenant="brk_2")


async def test_a_repeated_command_creates_one_campaign(bus: Bus) -> None:
    command = v1.CreateCampaign(campaign_id="camp_1", campaign=WATERFRONT)
    first = await bus.call(v1.create_campaign, command, tenant="brk_1", command_id="cmd_1")
    again = await bus.call(v1.create_campaign, command, tenant="brk_1", command_id="cmd_1")
    assert (again.id, again.version) == (first.id, 1)


async def test_campaigns_are_found_by_channel_name_and_status(bus: Bus) -> None:
    both = await created(bus)
    letters = await created(bus, campaign=Campaign(name="100% Letters $", channels=("direct_mail",)))

    async def found(**wanted: object) -> list[str]:
        query = v1.ListCampaigns.model_validate(wanted)
        return [item.id for item in (await bus.call(v1.list_campaigns, query, tenant="brk_1")).items]

    assert await found() == [letters.id, both.id]
    assert await found(channel="E-Mail") == [both.id]
    assert await found(channel="pigeon") == []
    assert await found(name="waterfront") == [both.id]
    assert await found(name="% LETTERS $") == [letters.id]
    assert await found(name="\0") == []
    await bus.call(v1.delete_campaign, v1.DeleteCampaign(campaign_id=both.id), tenant="brk_1")
    assert await found() == [letters.id]
    assert await found(status="deleted") == [both.id]


async def test_a_campaign_is_tested_by_its_id_as_it_was_when_it_was_asked(bus: Bus) -> None:
    kept = await created(bus)
    asked = engine.CampaignTest(campaign_id=kept.id, persona_configuration=DRAWN)
    command = engine.RequestCampaign(simulation_id="sim_1", campaign=asked)
    simulation = await bus.call(engine.request_campaign, command, tenant="brk_1", command_id="cmd_1")
    assert (simulation.name, simulation.derived) == (kept.name, (f"campaign: {kept.id} at version 1",))
    await bus.call(v1.delete_campaign, v1.DeleteCampaign(campaign_id=kept.id), tenant="brk_1")
    again = await bus.call(engine.request_campaign, command, tenant="brk_1", command_id="cmd_1")
    assert again.simulation_id == "sim_1"
    with pytest.raises(Rejected, match="NOT_FOUND") as refusal:
        await bus.call(engine.request_campaign, command.model_copy(update={"simulation_id": "sim_2"}), tenant="brk_1")
    assert refusal.value.field == "campaign_id"


def short(**fields: Any) -> engine.RequestFocusGroup:
    asked = engine.FocusGroupRequest.model_validate(
        {"property_id": "prop_1", "persona_segments": ["finance_executives"], "generated_count": 5} | fields
    )
    return engine.RequestFocusGroup(simulation_id=new_id("sim"), focus_group=asked)


async def test_without_the_service_that_knows_properties_a_property_id_cannot_be_answered(bus: Bus) -> None:
    with pytest.raises(Unavailable):
        await bus.call(engine.request_focus_group, short(), tenant="brk_1")


async def test_a_focus_group_asks_matching_for_its_property(settings: Settings) -> None:
    async with hosted(settings, *select(["matching"]), service) as bus:
        listing = matching.Listing(price=2e6, address="1 River Terrace")
        place = matching.ListProperty(property_id="prop_1", listing=listing)
        await bus.call(matching.list_property, place, tenant="brk_1")
        simulation = await bus.call(engine.request_focus_group, short(), tenant="brk_1")
        assert simulation.name == "Focus group: 1 River Terrace"
        assert "property: prop_1 at version 1" in simulation.derived
        for tenant, unknown in (("brk_1", "prop_2"), ("brk_2", "prop_1")):
            with pytest.raises(Rejected, match="NOT_FOUND") as refusal:
                await bus.call(engine.request_focus_group, short(property_id=unknown), tenant=tenant)
            assert refusal.value.field == "property_id"
