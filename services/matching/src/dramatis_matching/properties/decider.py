"""What may happen to a property. Pure: the log and NATS belong to handlers.py."""

from dataclasses import dataclass, replace
from typing import assert_never

from dramatis_contracts.matching import v1
from dramatis_kit import Rejected

Command = v1.ListProperty | v1.UpdateProperty | v1.WithdrawProperty


@dataclass(frozen=True, slots=True)
class PropertyState:
    """A property's listing, or nothing yet; a withdrawn one keeps its listing."""

    listing: v1.Listing | None = None
    withdrawn: bool = False


def decide(command: Command, state: PropertyState) -> list[v1.PropertyEvent]:
    match command:
        case v1.ListProperty() if state.listing is not None:
            raise Rejected("CONFLICT", "a property with this id exists already", field="id")
        case v1.ListProperty(listing=listing):
            return [v1.PropertyListed(listing=listing)]
        case v1.UpdateProperty(changes=changes):
            return _update(changes, _on_the_market(state, command.property_id))
        case v1.WithdrawProperty():
            _on_the_market(state, command.property_id)
            return [v1.PropertyWithdrawn()]
    assert_never(command)


def evolve(state: PropertyState, event: v1.PropertyEvent) -> PropertyState:
    match event:
        case v1.PropertyListed(listing=listing) | v1.PropertyUpdated(listing=listing):
            return replace(state, listing=listing)
        case v1.PropertyWithdrawn():
            return replace(state, withdrawn=True)
    assert_never(event)


def _on_the_market(state: PropertyState, property_id: str) -> v1.Listing:
    if state.listing is None or state.withdrawn:
        raise Rejected("NOT_FOUND", f"no property {property_id}", field="property_id")
    return state.listing


def _update(changes: v1.ListingChanges, listing: v1.Listing) -> list[v1.PropertyEvent]:
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    updated = listing.model_copy(update=given)
    changed = tuple(sorted(name for name in given if getattr(updated, name) != getattr(listing, name)))
    # A change to what is already so is not a new fact.
    return [v1.PropertyUpdated(listing=updated, changed=changed)] if changed else []
