"""Properties: the rules, and the service on the real engines."""

from collections.abc import AsyncIterator

import pytest

from dramatis_bus import Bus
from dramatis_contracts.matching import v1
from dramatis_kit import Rejected, new_id
from dramatis_kit.settings import Settings
from dramatis_matching.app import service
from dramatis_matching.properties.decider import PropertyState, decide, evolve
from dramatis_testkit.hosting import hosted

PENTHOUSE = v1.Listing(price=45e6, type="Penthouse", features=("wine_room",), locations=("Manhattan",))
LISTED = v1.PropertyListed(listing=PENTHOUSE)


def given(*events: v1.PropertyEvent) -> PropertyState:
    state = PropertyState()
    for event in events:
        state = evolve(state, event)
    return state


def test_an_id_is_given_once() -> None:
    with pytest.raises(Rejected, match="CONFLICT"):
        decide(v1.ListProperty(property_id="prop_1", listing=PENTHOUSE), given(LISTED))


def test_an_update_names_what_changed_and_keeps_the_rest() -> None:
    command = v1.UpdateProperty(property_id="prop_1", changes=v1.ListingChanges(price=42e6, type="Penthouse"))
    updated = PENTHOUSE.model_copy(update={"price": 42e6})
    assert decide(command, given(LISTED)) == [v1.PropertyUpdated(listing=updated, changed=("price",))]


def test_an_update_to_what_is_already_so_changes_nothing() -> None:
    command = v1.UpdateProperty(property_id="prop_1", changes=v1.ListingChanges(price=45e6))
    assert decide(command, given(LISTED)) == []


@pytest.mark.parametrize("history", [(), (LISTED, v1.PropertyWithdrawn())])
@pytest.mark.parametrize(
    "command",
    [
        v1.UpdateProperty(property_id="prop_1", changes=v1.ListingChanges(price=1)),
        v1.WithdrawProperty(property_id="prop_1"),
    ],
)
def test_what_is_not_on_the_market_cannot_change(
    command: v1.UpdateProperty | v1.WithdrawProperty, history: tuple[v1.PropertyEvent, ...]
) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        decide(command, given(*history))


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, service) as client:
        yield client


async def listed(bus: Bus, tenant: str, listing: v1.Listing = PENTHOUSE) -> v1.ListedProperty:
    command = v1.ListProperty(property_id=new_id("prop"), listing=listing)
    return await bus.call(v1.list_property, command, tenant=tenant)


async def test_who_lists_a_property_reads_it_back_at_once_and_nobody_else_does(bus: Bus) -> None:
    mine = await listed(bus, "tenant-a")
    assert await bus.call(v1.get_property, v1.GetProperty(property_id=mine.id), tenant="tenant-a") == mine
    assert (await bus.call(v1.list_properties, v1.ListProperties(), tenant="tenant-a")).items == [mine]
    assert (await bus.call(v1.list_properties, v1.ListProperties(), tenant="tenant-b")).total == 0
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_property, v1.GetProperty(property_id=mine.id), tenant="tenant-b")


async def test_a_repeated_command_lists_one_property(bus: Bus) -> None:
    command = v1.ListProperty(property_id="prop_1", listing=PENTHOUSE)
    first = await bus.call(v1.list_property, command, tenant="tenant-a", command_id="cmd_1")
    again = await bus.call(v1.list_property, command, tenant="tenant-a", command_id="cmd_1")
    assert (again.id, again.version) == (first.id, 1)


async def test_properties_are_found_by_type_price_and_status(bus: Bus) -> None:
    flat = await listed(bus, "tenant-a", v1.Listing(price=2e6, type="Flat"))
    tower = await listed(bus, "tenant-a")

    async def found(**wanted: object) -> list[str]:
        query = v1.ListProperties.model_validate(wanted)
        return [item.id for item in (await bus.call(v1.list_properties, query, tenant="tenant-a")).items]

    assert await found() == [tower.id, flat.id]
    assert await found(type="apartments") == [flat.id]
    assert await found(min_price=2e6, max_price=3e6) == [flat.id]
    await bus.call(v1.withdraw_property, v1.WithdrawProperty(property_id=flat.id), tenant="tenant-a")
    assert await found() == [tower.id]
    assert await found(status="withdrawn") == [flat.id]
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_property, v1.GetProperty(property_id=flat.id), tenant="tenant-a")
