"""`/v1/campaigns`: translated into the commands and queries of the simulation engine."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.campaigns import v1
from dramatis_contracts.pages import Page
from dramatis_contracts.simulation_engine.common import Name, Word
from dramatis_contracts.simulation_engine.marketing import Campaign
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer, answer_page
from dramatis_gateway.models import PageQuery
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


class NewCampaign(Campaign):
    """A campaign, and the id that it shall have; one is made when it is left out."""

    id: v1.CampaignId | None = None


class CampaignQuery(PageQuery):
    """Which campaigns: deleted ones only when asked for; `name` is a part of the name."""

    status: v1.CampaignStatus = "active"
    channel: Word | None = None
    name: Name | None = None


New = Annotated[NewCampaign, Depends(json_body(NewCampaign, "INVALID_CAMPAIGN"))]
Changes = Annotated[v1.CampaignChanges, Depends(json_body(v1.CampaignChanges, "INVALID_CAMPAIGN"))]


@router.post(
    "",
    status_code=201,
    response_model=v1.KeptCampaign,
    openapi_extra=described(NewCampaign),
    responses=documented("INVALID_CAMPAIGN", "CONFLICT", body=True),
)
async def create_campaign(caller: TheCaller, new: New) -> Response:
    """Keep a campaign, so that it can be tested by its id."""
    campaign = Campaign.model_validate(new.model_dump(exclude={"id"}))
    command = v1.CreateCampaign(campaign_id=new.id or caller.new_id("camp"), campaign=campaign)
    created = await caller.ask(v1.create_campaign, command)
    return answer(created, 201, {"Location": f"/v1/campaigns/{created.id}"})


@router.get("", response_model=Page[v1.KeptCampaign], responses=documented("INVALID_REQUEST"))
async def list_campaigns(request: Request, caller: TheCaller, query: Annotated[CampaignQuery, Query()]) -> Response:
    """List campaigns, newest first. `Link`, `X-Total-Count`, `X-Page-Size` and `X-Current-Page` tell the place."""
    return answer_page(request, await caller.ask(v1.list_campaigns, v1.ListCampaigns(**query.model_dump())))


@router.get("/{campaign_id}", response_model=v1.KeptCampaign, responses=documented("NOT_FOUND"))
async def get_campaign(caller: TheCaller, campaign_id: str) -> Response:
    """Read one campaign."""
    return answer(await caller.ask(v1.get_campaign, v1.GetCampaign(campaign_id=campaign_id)))


@router.patch(
    "/{campaign_id}",
    response_model=v1.KeptCampaign,
    openapi_extra=described(v1.CampaignChanges),
    responses=documented("NOT_FOUND", "INVALID_CAMPAIGN", "CONFLICT", body=True),
)
async def update_campaign(caller: TheCaller, campaign_id: str, changes: Changes) -> Response:
    """Replace the fields that are given; the others stay. Tests that were requested before are not affected."""
    return answer(await caller.ask(v1.update_campaign, v1.UpdateCampaign(campaign_id=campaign_id, changes=changes)))


@router.delete("/{campaign_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND"))
async def delete_campaign(caller: TheCaller, campaign_id: str) -> Response:
    """Give a campaign up: it can no longer be tested by its id, and is listed only among those deleted."""
    await caller.ask(v1.delete_campaign, v1.DeleteCampaign(campaign_id=campaign_id))
    return Response(status_code=204)
