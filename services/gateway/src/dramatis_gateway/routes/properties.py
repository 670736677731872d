"""`/v1/properties`: translated into the commands and queries of the matching service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.matching import v1
from dramatis_contracts.pages import Page
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer, answer_page
from dramatis_gateway.models import PageQuery
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1/properties", tags=["properties"])


class NewProperty(v1.Listing):
    """A listing, and the id that it shall have; one is made when it is left out."""

    id: v1.PropertyId | None = None


class PropertyQuery(PageQuery):
    """Which properties: withdrawn ones only when asked for; both prices are included."""

    status: v1.PropertyStatus = "listed"
    type: v1.Word | None = None
    min_price: v1.Dollars | None = None
    max_price: v1.Dollars | None = None


New = Annotated[NewProperty, Depends(json_body(NewProperty, "INVALID_PROPERTY"))]
Changes = Annotated[v1.ListingChanges, Depends(json_body(v1.ListingChanges, "INVALID_PROPERTY"))]


@router.post(
    "",
    status_code=201,
    response_model=v1.ListedProperty,
    openapi_extra=described(NewProperty),
    responses=documented("INVALID_PROPERTY", "CONFLICT", body=True),
)
async def list_property(caller: TheCaller, new: New) -> Response:
    """Put a property on the market."""
    listing = v1.Listing.model_validate(new.model_dump(exclude={"id"}))
    command = v1.ListProperty(property_id=new.id or caller.new_id("prop"), listing=listing)
    listed = await caller.ask(v1.list_property, command)
    return answer(listed, 201, {"Location": f"/v1/properties/{listed.id}"})


@router.get("", response_model=Page[v1.ListedProperty], responses=documented("INVALID_REQUEST"))
async def list_properties(request: Request, caller: TheCaller, query: Annotated[PropertyQuery, Query()]) -> Response:
    """List properties, newest first. `Link`, `X-Total-Count`, `X-Page-Size` and `X-Current-Page` tell the place."""
    return answer_page(request, await caller.ask(v1.list_properties, v1.ListProperties(**query.model_dump())))


@router.get("/{property_id}", response_model=v1.ListedProperty, responses=documented("NOT_FOUND"))
async def get_property(caller: TheCaller, property_id: str) -> Response:
    """Read one property that is on the market."""
    return answer(await caller.ask(v1.get_property, v1.GetProperty(property_id=property_id)))


@router.patch(
    "/{property_id}",
    response_model=v1.ListedProperty,
    openapi_extra=described(v1.ListingChanges),
    responses=documented("NOT_FOUND", "INVALID_PROPERTY", "CONFLICT", body=True),
)
async def update_property(caller: TheCaller, property_id: str, changes: Changes) -> Response:
    """Replace the fields that are given; the others stay."""
    return answer(await caller.ask(v1.update_property, v1.UpdateProperty(property_id=property_id, changes=changes)))


@router.delete("/{property_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND"))
async def withdraw_property(caller: TheCaller, property_id: str) -> Response:
    """Take a property off the market: it is no longer matched, and listed only among those withdrawn."""
    await caller.ask(v1.withdraw_property, v1.WithdrawProperty(property_id=property_id))
    return Response(status_code=204)
