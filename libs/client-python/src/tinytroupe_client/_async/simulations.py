"""Simulations, the campaigns that they test, and the segments from which they draw people."""

from typing import Any, Unpack

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._simulation import AsyncSimulation
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import Call, call, path
from tinytroupe_client.models.base import Model
from tinytroupe_client.models.simulations import Campaign, Results, Segment, SimulationState
from tinytroupe_client.params import CallOptions


class AsyncSimulations:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def focus_group(self, **study: Unpack[params.FocusGroup]) -> AsyncSimulation:
        """What would such people choose? Raises `NotFoundError` for a property id that is not known."""
        return await self._simulation(call("POST", "/simulations/focus-group", study))

    async def marketing_campaign(self, **study: Unpack[params.MarketingCampaign]) -> AsyncSimulation:
        """Which channel, message and time do best? `predicted_results` are there at once if it was quick."""
        return await self._simulation(call("POST", "/simulations/marketing-campaign", study))

    async def intervention(self, **study: Unpack[params.Intervention]) -> AsyncSimulation:
        """Which follow-up converts best? `recommendations` are there at once if it was quick."""
        return await self._simulation(call("POST", "/simulations/intervention", study))

    async def get(self, simulation_id: str, **options: Unpack[CallOptions]) -> AsyncSimulation:
        return await self._simulation(call("GET", path("simulations", simulation_id), options))

    def list(self, **which: Unpack[params.SimulationFilter]) -> AsyncPages[AsyncSimulation]:
        """Newest first."""
        return AsyncPages(self._transport, call("GET", "/simulations", which), self._known)

    async def results(self, simulation_id: str, **query: Unpack[params.ResultsQuery]) -> Results:
        """Raises `ConflictError` while there are none."""
        return await self._transport.ask(Results, call("GET", path("simulations", simulation_id, "results"), query))

    async def cancel(self, simulation_id: str, **options: Unpack[CallOptions]) -> AsyncSimulation:
        """Raises `ConflictError` when it has ended."""
        return await self._simulation(call("POST", path("simulations", simulation_id, "cancel"), options))

    async def _simulation(self, asked: Call) -> AsyncSimulation:
        return AsyncSimulation(self._transport, await self._transport.ask(SimulationState, asked))

    def _known(self, item: Any) -> AsyncSimulation:
        return AsyncSimulation(self._transport, SimulationState.model_validate(item))


class AsyncCampaigns:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, **campaign: Unpack[params.NewCampaign]) -> Campaign:
        """Keep a campaign, so that it can be tested by its id."""
        return await self._transport.ask(Campaign, call("POST", "/campaigns", campaign))

    async def get(self, campaign_id: str, **options: Unpack[CallOptions]) -> Campaign:
        return await self._transport.ask(Campaign, call("GET", path("campaigns", campaign_id), options))

    def list(self, **which: Unpack[params.CampaignFilter]) -> AsyncPages[Campaign]:
        """Newest first."""
        return AsyncPages(self._transport, call("GET", "/campaigns", which), Campaign.model_validate)

    async def update(self, campaign_id: str, **changes: Unpack[params.CampaignChanges]) -> Campaign:
        """What is given replaces its whole field, the others stay."""
        return await self._transport.ask(Campaign, call("PATCH", path("campaigns", campaign_id), changes))

    async def delete(self, campaign_id: str, **options: Unpack[CallOptions]) -> None:
        await self._transport.send(call("DELETE", path("campaigns", campaign_id), options))


class _Segments(Model):
    segments: tuple[Segment, ...]


class AsyncSegments:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, **options: Unpack[CallOptions]) -> tuple[Segment, ...]:
        """Every segment that a simulation may draw people from."""
        return (await self._transport.ask(_Segments, call("GET", "/segments", options))).segments
