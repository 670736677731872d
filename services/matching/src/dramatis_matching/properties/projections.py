"""A property as it is kept for lists, and as others see it; both made from the aggregate's state."""

from dramatis_contracts.matching import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_matching.properties.decider import PropertyState
from dramatis_matching.words import word


def encode(state: PropertyState) -> Document:
    """The state as the document that lists and filters read; `kind` is the type as a normalised word."""
    listing = state.listing.model_dump(mode="json") if state.listing else None
    kind = word(state.listing.type) if state.listing and state.listing.type else None
    return {"listing": listing, "kind": kind, "withdrawn": state.withdrawn}


def decode(document: Document) -> PropertyState:
    listing = document["listing"]
    # An older reader ignores what a newer writer added.
    known = v1.Listing.model_validate(listing, extra="ignore") if listing else None
    return PropertyState(listing=known, withdrawn=document["withdrawn"])


def resource(loaded: Loaded[PropertyState]) -> v1.ListedProperty:
    """The public representation. The property must have been listed."""
    listing = loaded.state.listing
    if listing is None or loaded.created_at is None or loaded.updated_at is None:
        raise ValueError(f"property {loaded.id} was never listed")
    return v1.ListedProperty(
        id=loaded.id,
        **dict(listing),
        status="withdrawn" if loaded.state.withdrawn else "listed",
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
        version=loaded.version,
    )
