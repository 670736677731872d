"""Load, decide, append: what is answered to the commands and queries about properties."""

from typing import Any

from dramatis_bus import Call
from dramatis_contracts.matching import v1
from dramatis_contracts.pages import Page
from dramatis_eventlog import Aggregate, Loaded, cause_of
from dramatis_kit import Rejected
from dramatis_matching.properties.decider import Command, PropertyState
from dramatis_matching.properties.projections import resource
from dramatis_matching.words import word

Properties = Aggregate[PropertyState, Command]


async def list_property(properties: Properties, call: Call[v1.ListProperty]) -> v1.ListedProperty:
    return await _handle(properties, call, call.request.property_id, call.request)


async def update(properties: Properties, call: Call[v1.UpdateProperty]) -> v1.ListedProperty:
    return await _handle(properties, call, call.request.property_id, call.request)


async def withdraw(properties: Properties, call: Call[v1.WithdrawProperty]) -> v1.Withdrawn:
    command = call.request
    await properties.handle(call.tenant, command.property_id, command, command_id=call.command_id, cause=cause_of(call))
    return v1.Withdrawn(id=command.property_id)


async def get(properties: Properties, call: Call[v1.GetProperty]) -> v1.ListedProperty:
    return resource(await on_the_market(properties, call.tenant, call.request.property_id))


async def list_(properties: Properties, call: Call[v1.ListProperties]) -> Page[v1.ListedProperty]:
    wanted = call.request
    chosen = _chosen(wanted)
    skip = (wanted.page - 1) * wanted.page_size
    found = await properties.snapshots.find(call.tenant, chosen, skip=skip, limit=wanted.page_size)
    total = await properties.snapshots.count(call.tenant, chosen)
    items = [resource(properties.restored(snapshot)) for snapshot in found]
    return Page[v1.ListedProperty](items=items, total=total, page=wanted.page, page_size=wanted.page_size)


async def on_the_market(properties: Properties, tenant: str, property_id: str) -> Loaded[PropertyState]:
    """The property. Raises `Rejected` with `NOT_FOUND`, also for a withdrawn one."""
    loaded = await properties.load(tenant, property_id)
    if loaded.state.listing is None or loaded.state.withdrawn:
        raise Rejected("NOT_FOUND", f"no property {property_id}", field="property_id")
    return loaded


def _chosen(wanted: v1.ListProperties) -> dict[str, Any]:
    chosen: dict[str, Any] = {"state.withdrawn": wanted.status == "withdrawn"}
    if wanted.type is not None:
        chosen["state.kind"] = word(wanted.type)
    bounds = {"$gte": wanted.min_price, "$lte": wanted.max_price}
    if given := {name: bound for name, bound in bounds.items() if bound is not None}:
        chosen["state.listing.price"] = given
    return chosen


async def _handle(
    properties: Properties, call: Call[v1.ListProperty] | Call[v1.UpdateProperty], property_id: str, command: Command
) -> v1.ListedProperty:
    cause = cause_of(call)
    return resource(await properties.handle(call.tenant, property_id, command, command_id=call.command_id, cause=cause))
