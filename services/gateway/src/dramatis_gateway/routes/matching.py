"""`/v1/matching`: translated into the queries of the matching service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dramatis_contracts.matching import v1
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1/matching", tags=["matching"])

ForProperty = Annotated[v1.PropertyToClients, Depends(json_body(v1.PropertyToClients, "INVALID_MATCHING"))]
ForClient = Annotated[v1.ClientToProperties, Depends(json_body(v1.ClientToProperties, "INVALID_MATCHING"))]


@router.post(
    "/property-to-clients",
    response_model=v1.ClientMatches,
    openapi_extra=described(v1.PropertyToClients),
    responses=documented("NOT_FOUND", "INVALID_MATCHING", body=True),
)
async def match_clients(caller: TheCaller, asked: ForProperty) -> Response:
    """The clients that a property suits, best first, with the reasons and how to approach them."""
    wanted = v1.MatchClients(**dict(asked), viewer=caller.viewer)
    return answer(await caller.ask(v1.match_clients, wanted))


@router.post(
    "/client-to-properties",
    response_model=v1.PropertyMatches,
    openapi_extra=described(v1.ClientToProperties),
    responses=documented("NOT_FOUND", "INVALID_MATCHING", body=True),
)
async def match_properties(caller: TheCaller, asked: ForClient) -> Response:
    """The properties that suit a client, best first, with the reasons."""
    wanted = v1.MatchProperties(**dict(asked), viewer=caller.viewer)
    return answer(await caller.ask(v1.match_properties, wanted))
