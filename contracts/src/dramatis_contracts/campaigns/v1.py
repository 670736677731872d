"""Campaigns: events, commands, queries and resources, version 1. The simulation engine owns them."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import (
    Field,
    StringConstraints,
)

from dramatis_contracts.base import Changes, EventBody, Request, Resource
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.common import Distinct, Name, Word
from dramatis_contracts.simulation_engine.marketing import Campaign, ChannelMessages, Day, Timing

CampaignId = Annotated[str, StringConstraints(pattern=r"^camp_[0-9A-Za-z_-]{1,64}$")]
CampaignStatus = Literal["active", "deleted"]


# Events


class CampaignCreated(EventBody):
    """A campaign was written down, so that it can be tested by its id.

    Produced by `simulation-engine` on `CreateCampaign`.
    """

    type: ClassVar[str] = "campaign.created.v1"
    owner: ClassVar[str] = "simulation-engine"

    campaign: Campaign


class CampaignUpdated(EventBody):
    """A campaign was changed; `changed` names the fields that differ. Tests requested before keep the old one.

    Produced by `simulation-engine` on `UpdateCampaign`.
    """

    type: ClassVar[str] = "campaign.updated.v1"
    owner: ClassVar[str] = "simulation-engine"

    campaign: Campaign
    changed: tuple[str, ...]


class CampaignDeleted(EventBody):
    """A campaign was given up: it can no longer be tested by its id. Its history stays in the log.

    Produced by `simulation-engine` on `DeleteCampaign`.
    """

    type: ClassVar[str] = "campaign.deleted.v1"
    owner: ClassVar[str] = "simulation-engine"


Event = CampaignCreated | CampaignUpdated | CampaignDeleted


# Resources


class KeptTiming(Resource):
    """When it is sent: every day with every time."""

    send_day: tuple[Day, ...]
    send_time: tuple[str, ...]


class KeptCampaign(Resource):
    """A campaign as its owners see it."""

    id: str
    name: str
    channels: tuple[str, ...]
    messages: dict[str, ChannelMessages]
    timing: KeptTiming
    status: CampaignStatus
    created_at: datetime
    updated_at: datetime
    version: int


class DeletedCampaign(Resource):
    """The answer to a deletion."""

    id: str


# Commands and queries


class CreateCampaign(Request):
    """Keep a campaign under an id that the caller chose, so that a retry is the same command."""

    campaign_id: CampaignId
    campaign: Campaign


class CampaignChanges(Changes):
    """A partial campaign: what is absent stays, what is given replaces its whole top-level field."""

    name: Name | None = None
    channels: Annotated[tuple[Word, ...], Field(min_length=1, max_length=10), Distinct] | None = None
    messages: Annotated[dict[str, ChannelMessages], Field(max_length=10)] | None = None
    timing: Timing | None = None


class UpdateCampaign(Request):
    campaign_id: str
    changes: CampaignChanges


class DeleteCampaign(Request):
    campaign_id: str


class GetCampaign(Request):
    campaign_id: str


class ListCampaigns(PageRequest):
    """Newest first. `channel` is one of the campaign's channels, in any spelling; `name` a part of its name."""

    status: CampaignStatus = "active"
    channel: Word | None = None
    name: Name | None = None


SERVICE = "simulation-engine"
create_campaign = Method(SERVICE, "create_campaign", CreateCampaign, KeptCampaign)
update_campaign = Method(SERVICE, "update_campaign", UpdateCampaign, KeptCampaign)
delete_campaign = Method(SERVICE, "delete_campaign", DeleteCampaign, DeletedCampaign)
get_campaign = Method(SERVICE, "get_campaign", GetCampaign, KeptCampaign)
list_campaigns = Method(SERVICE, "list_campaigns", ListCampaigns, Page[KeptCampaign])
