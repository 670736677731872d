# Generated from _async by scripts/synchronise_client.py: edit there.
"""Simulations, the campaigns that they test, and the segments from which they draw people."""

from typing import Any, Unpack

from tinytroupe_client import params
from tinytroupe_client._http import Call, call, path
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._simulation import Simulation
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.models.base import Model
from tinytroupe_client.models.simulations import Campaign, Results, Segment, SimulationState
from tinytroupe_client.params import CallOptions


class Simulations:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def focus_group(self, **study: Unpack[params.FocusGroup]) -> Simulation:
        """What would such people choose? Raises `NotFoundError` for a property id that is not known."""
        return self._simulation(call("POST", "/simulations/focus-group", study))

    def marketing_campaign(self, **study: Unpack[params.MarketingCampaign]) -> Simulation:
        """Which channel, message and time do best? `predicted_results` are there at once if it was quick."""
        return self._simulation(call("POST", "/simulations/marketing-campaign", study))

    def intervention(self, **study: Unpack[params.Intervention]) -> Simulation:
        """Which follow-up converts best? `recommendations` are there at once if it was quick."""
        return self._simulation(call("POST", "/simulations/intervention", study))

    def get(self, simulation_id: str, **options: Unpack[CallOptions]) -> Simulation:
        return self._simulation(call("GET", path("simulations", simulation_id), options))

    def list(self, **which: Unpack[params.SimulationFilter]) -> Pages[Simulation]:
        """Newest first."""
        return Pages(self._transport, call("GET", "/simulations", which), self._known)

    def results(self, simulation_id: str, **query: Unpack[params.ResultsQuery]) -> Results:
        """Raises `ConflictError` while there are none."""
        return self._transport.ask(Results, call("GET", path("simulations", simulation_id, "results"), query))

    def cancel(self, simulation_id: str, **options: Unpack[CallOptions]) -> Simulation:
        """Raises `ConflictError` when it has ended."""
        return self._simulation(call("POST", path("simulations", simulation_id, "cancel"), options))

    def _simulation(self, asked: Call) -> Simulation:
        return Simulation(self._transport, self._transport.ask(SimulationState, asked))

    def _known(self, item: Any) -> Simulation:
        return Simulation(self._transport, SimulationState.model_validate(item))


class Campaigns:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, **campaign: Unpack[params.NewCampaign]) -> Campaign:
        """Keep a campaign, so that it can be tested by its id."""
        return self._transport.ask(Campaign, call("POST", "/campaigns", campaign))

    def get(self, campaign_id: str, **options: Unpack[CallOptions]) -> Campaign:
        return self._transport.ask(Campaign, call("GET", path("campaigns", campaign_id), options))

    def list(self, **which: Unpack[params.CampaignFilter]) -> Pages[Campaign]:
        """Newest first."""
        return Pages(self._transport, call("GET", "/campaigns", which), Campaign.model_validate)

    def update(self, campaign_id: str, **changes: Unpack[params.CampaignChanges]) -> Campaign:
        """What is given replaces its whole field, the others stay."""
        return self._transport.ask(Campaign, call("PATCH", path("campaigns", campaign_id), changes))

    def delete(self, campaign_id: str, **options: Unpack[CallOptions]) -> None:
        self._transport.send(call("DELETE", path("campaigns", campaign_id), options))


class _Segments(Model):
    segments: tuple[Segment, ...]


class Segments:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **options: Unpack[CallOptions]) -> tuple[Segment, ...]:
        """Every segment that a simulation may draw people from."""
        return (self._transport.ask(_Segments, call("GET", "/segments", options))).segments
