"""A campaign as it is kept for lists, and as others see it; both made from the aggregate's state."""

from dramatis_contracts.campaigns import v1
from dramatis_contracts.simulation_engine.marketing import Campaign
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_simulation_engine.campaigns.decider import CampaignState
from dramatis_simulation_engine.marketing.channels import load_channels


def encode(state: CampaignState) -> Document:
    """The state as the document that lists and filters read; `channels` are named as the engine names them."""
    campaign = state.campaign
    return {
        "campaign": campaign.model_dump(mode="json") if campaign else None,
        "name": campaign.name.casefold() if campaign else "",
        "channels": [channel_name(channel) for channel in campaign.channels] if campaign else [],
        "deleted": state.deleted,
    }


def channel_name(text: str) -> str:
    """What the engine calls a channel; a text that names none stays as it is."""
    known = load_channels().channel(text)
    return known.name if known else text


def decode(document: Document) -> CampaignState:
    campaign = document["campaign"]
    # An older reader ignores what a newer writer added.
    known = Campaign.model_validate(campaign, extra="ignore") if campaign else None
    return CampaignState(campaign=known, deleted=document["deleted"])


def resource(loaded: Loaded[CampaignState]) -> v1.KeptCampaign:
    """The public representation. The campaign must have been created."""
    campaign = loaded.state.campaign
    if campaign is None or loaded.created_at is None or loaded.updated_at is None:
        raise ValueError(f"campaign {loaded.id} was never created")
    return v1.KeptCampaign(
        id=loaded.id,
        name=campaign.name,
        channels=campaign.channels,
        messages=campaign.messages,
        timing=v1.KeptTiming.model_validate(campaign.timing.model_dump()),
        status="deleted" if loaded.state.deleted else "active",
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
        version=loaded.version,
    )
