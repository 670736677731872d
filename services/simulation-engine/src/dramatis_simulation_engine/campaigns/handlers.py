"""Load, decide, append: what is answered to the commands and queries about campaigns."""

from typing import Any

from dramatis_bus import Call
from dramatis_contracts.campaigns import v1
from dramatis_contracts.pages import Page
from dramatis_eventlog import Aggregate, cause_of
from dramatis_simulation_engine.campaigns.decider import CampaignState, Command, active
from dramatis_simulation_engine.campaigns.projections import channel_name, resource

Campaigns = Aggregate[CampaignState, Command]


class CampaignHandlers:
    """Answers commands and queries about campaigns."""

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns

    async def create(self, call: Call[v1.CreateCampaign]) -> v1.KeptCampaign:
        return await self._handle(call, call.request.campaign_id, call.request)

    async def update(self, call: Call[v1.UpdateCampaign]) -> v1.KeptCampaign:
        return await self._handle(call, call.request.campaign_id, call.request)

    async def delete(self, call: Call[v1.DeleteCampaign]) -> v1.DeletedCampaign:
        return v1.DeletedCampaign(id=(await self._handle(call, call.request.campaign_id, call.request)).id)

    async def get(self, call: Call[v1.GetCampaign]) -> v1.KeptCampaign:
        return await kept(self._campaigns, call.tenant, call.request.campaign_id)

    async def list_(self, call: Call[v1.ListCampaigns]) -> Page[v1.KeptCampaign]:
        wanted, snapshots = call.request, self._campaigns.snapshots
        chosen = _chosen(wanted)
        skip = (wanted.page - 1) * wanted.page_size
        found = await snapshots.find(call.tenant, chosen, skip=skip, limit=wanted.page_size)
        items = [resource(self._campaigns.restored(snapshot)) for snapshot in found]
        total = await snapshots.count(call.tenant, chosen)
        return Page[v1.KeptCampaign](items=items, total=total, page=wanted.page, page_size=wanted.page_size)

    async def _handle(self, call: Call[Any], campaign_id: str, command: Command) -> v1.KeptCampaign:
        loaded = await self._campaigns.handle(
            call.tenant, campaign_id, command, command_id=call.command_id, cause=cause_of(call)
        )
        return resource(loaded)


async def kept(campaigns: Campaigns, tenant: str, campaign_id: str) -> v1.KeptCampaign:
    """A campaign as it is now. Raises `Rejected` with `NOT_FOUND`, also for a deleted one."""
    loaded = await campaigns.load(tenant, campaign_id)
    active(loaded.state, campaign_id)
    return resource(loaded)


def _chosen(wanted: v1.ListCampaigns) -> dict[str, Any]:
    chosen: dict[str, Any] = {"state.deleted": wanted.status == "deleted"}
    if wanted.channel is not None:
        chosen["state.channels"] = channel_name(wanted.channel)
    if wanted.name is not None:
        # Not a regular expression: those know no NUL.
        place = {"$indexOfCP": ["$state.name", {"$literal": wanted.name.casefold()}]}
        chosen["$expr"] = {"$gte": [place, 0]}
    return chosen
