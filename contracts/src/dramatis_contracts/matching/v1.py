"""Properties and match runs: events, commands, queries and resources, version 1. Money in US dollars."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, field_validator, model_serializer

from dramatis_contracts.base import EventBody, Request, Resource
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method

PropertyId = Annotated[str, StringConstraints(pattern=r"^prop_[0-9A-Za-z_-]{1,64}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(max_length=200)]
Dollars = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Rooms = Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)]
PropertyStatus = Literal["listed", "withdrawn"]


class ListingPhoto(Request):
    """A photograph of the property."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    caption: Annotated[str, StringConstraints(max_length=500)] | None = None
    room: Word | None = None


Photos = Annotated[tuple[ListingPhoto, ...], Field(max_length=100)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Area = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
Description = Annotated[str, StringConstraints(max_length=10_000)]


class Listing(Request):
    """All that a client says about a property. `sqft` in square feet; `locations` are the places that it lies in."""

    price: Dollars
    type: Word | None = Field(default=None, examples=["penthouse"])
    address: Address | None = None
    locations: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    bedrooms: Rooms | None = None
    bathrooms: Rooms | None = None
    sqft: Area | None = None
    description: Description | None = None
    features: Words = ()
    styles: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    photos: Photos = ()


# Events


class PropertyListed(EventBody):
    """A property came on the market.

    Produced by `matching` on `ListProperty`. Consumed by whoever looks for clients of new properties.
    """

    type: ClassVar[str] = "property.listed.v1"
    owner: ClassVar[str] = "matching"

    listing: Listing


class PropertyUpdated(EventBody):
    """A property's listing was replaced; `changed` names the fields that differ.

    Produced by `matching` on `UpdateProperty`.
    """

    type: ClassVar[str] = "property.updated.v1"
    owner: ClassVar[str] = "matching"

    listing: Listing
    changed: tuple[str, ...]


class PropertyWithdrawn(EventBody):
    """A property left the market: it is no longer matched.

    Produced by `matching` on `WithdrawProperty`. Its history stays in the log.
    """

    type: ClassVar[str] = "property.withdrawn.v1"
    owner: ClassVar[str] = "matching"


PropertyEvent = PropertyListed | PropertyUpdated | PropertyWithdrawn


# Resources


class ListedProperty(Resource):
    """A property as its owners see it."""

    id: str
    price: float
    type: str | None
    address: str | None
    locations: tuple[str, ...]
    bedrooms: float | None
    bathrooms: float | None
    sqft: float | None
    description: str | None
    features: tuple[str, ...]
    styles: tuple[str, ...]
    photos: tuple[ListingPhoto, ...]
    status: PropertyStatus
    created_at: datetime
    updated_at: datetime
    version: int


class Withdrawn(Resource):
    """The answer to a withdrawal."""

    id: str


# Commands and queries


class ListProperty(Request):
    """Put a property on the market under an id that the caller chose, so that a retry is the same command."""

    property_id: PropertyId
    listing: Listing


class ListingChanges(Request):
    """A partial listing: what is absent stays, what is given replaces its whole field."""

    price: Dollars | None = None
    type: Word | None = None
    address: Address | None = None
    locations: Annotated[tuple[Word, ...], Field(max_length=20)] | None = None
    bedrooms: Rooms | None = None
    bathrooms: Rooms | None = None
    sqft: Area | None = None
    description: Description | None = None
    features: Words | None = None
    styles: Annotated[tuple[Word, ...], Field(max_length=20)] | None = None
    photos: Photos | None = None

    # Not `before`: that hands JSON arrays on as lists, which a strict reader of tuples refuses.
    @field_validator("*", mode="after")
    @classmethod
    def _given_means_a_value(cls, value: object) -> object:
        if value is None:
            raise ValueError("null is not a value: leave the field out to keep it")
        return value

    @model_serializer(mode="wrap")
    def _only_what_is_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        # What is absent must stay absent on the wire, where null is refused.
        whole: dict[str, object] = serialize(self)
        return {name: value for name, value in whole.items() if name in self.model_fields_set}


class UpdateProperty(Request):
    property_id: str
    changes: ListingChanges


class WithdrawProperty(Request):
    property_id: str


class GetProperty(Request):
    property_id: str


class ListProperties(PageRequest):
    """Newest first. `type` is compared as matching compares words; both prices are included."""

    status: PropertyStatus = "listed"
    type: Word | None = None
    min_price: Dollars | None = None
    max_price: Dollars | None = None


Event = PropertyEvent

SERVICE = "matching"
list_property = Method(SERVICE, "list_property", ListProperty, ListedProperty)
update_property = Method(SERVICE, "update_property", UpdateProperty, ListedProperty)
withdraw_property = Method(SERVICE, "withdraw_property", WithdrawProperty, Withdrawn)
get_property = Method(SERVICE, "get_property", GetProperty, ListedProperty)
list_properties = Method(SERVICE, "list_properties", ListProperties, Page[ListedProperty])
