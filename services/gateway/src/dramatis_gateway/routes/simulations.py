"""`/v1/simulations`: translated into the commands and queries of the simulation engine."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.pages import Page
from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.announced import webhook_url
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import Caller, TheCaller, TheDoor, answer, answer_page
from dramatis_gateway.models import (
    AcceptedCampaign,
    AcceptedSimulation,
    FollowUpRecommendations,
    FollowUpTest,
    ResultQuery,
    SimulationQuery,
)
from dramatis_gateway.prompt import results_within
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1/simulations", tags=["simulations"])

FocusGroup = Annotated[v1.FocusGroupRequest, Depends(json_body(v1.FocusGroupRequest, "INVALID_SIMULATION"))]
Campaign = Annotated[v1.CampaignTest, Depends(json_body(v1.CampaignTest, "INVALID_SIMULATION"))]
Intervention = Annotated[v1.Intervention, Depends(json_body(v1.Intervention, "INVALID_SIMULATION"))]


@router.post(
    "/focus-group",
    status_code=202,
    response_model=AcceptedSimulation,
    openapi_extra=described(v1.FocusGroupRequest),
    responses=documented("INVALID_SIMULATION", "NOT_FOUND", body=True),
)
async def run_focus_group(caller: TheCaller, focus_group: FocusGroup) -> Response:
    """Run a focus group. Follow it by WebSocket, event stream or webhook, then read its results."""
    command = v1.RequestFocusGroup(simulation_id=caller.new_id("sim"), focus_group=focus_group, viewer=caller.viewer)
    return await followed(caller, await caller.ask(v1.request_focus_group, command))


@router.post(
    "/marketing-campaign",
    status_code=202,
    response_model=AcceptedCampaign,
    openapi_extra=described(v1.CampaignTest),
    responses=documented("INVALID_SIMULATION", "NOT_FOUND", body=True),
)
async def try_campaign(caller: TheCaller, door: TheDoor, campaign: Campaign) -> Response:
    """Test a campaign: which channel, message and time do best. The prediction is in the answer if it comes at once."""
    command = v1.RequestCampaign(simulation_id=caller.new_id("sim"), campaign=campaign, viewer=caller.viewer)
    simulation = await caller.ask(v1.request_campaign, command)
    awaited = await results_within(caller, simulation, door.settings.gateway_prompt_seconds)
    predicted = None if awaited.results is None else awaited.results.predicted_results
    begun = await accepted(caller, awaited.simulation)
    return answer(
        AcceptedCampaign(**begun.model_dump(), predicted_results=predicted), 202, location_of(awaited.simulation)
    )


@router.post(
    "/intervention",
    response_model=FollowUpTest,
    openapi_extra=described(v1.Intervention),
    responses={
        202: {"model": AcceptedSimulation, "description": "It takes longer; follow it like any simulation."},
        **documented("INVALID_SIMULATION", body=True),
    },
)
async def try_intervention(caller: TheCaller, door: TheDoor, intervention: Intervention) -> Response:
    """Test a follow-up sequence: which steps, when, through which channel and in which tone convert best."""
    command = v1.RequestIntervention(
        simulation_id=caller.new_id("sim"), intervention=intervention, viewer=caller.viewer
    )
    simulation = await caller.ask(v1.request_intervention, command)
    awaited = await results_within(caller, simulation, door.settings.gateway_prompt_seconds)
    if awaited.results is None or awaited.results.predicted_results is None:
        return await followed(caller, awaited.simulation)
    found = awaited.results.predicted_results
    recommendations = FollowUpRecommendations(
        optimal_sequence=found["optimal_sequence"],
        predicted_conversion_rate=found["predicted_conversion_rate"],
        key_insights=found["key_insights"],
    )
    tested = FollowUpTest(simulation_id=simulation.simulation_id, recommendations=recommendations)
    return answer(tested, 200, location_of(simulation))


async def followed(caller: Caller, simulation: v1.Simulation) -> Response:
    """202: it was accepted, and this is how it can be followed."""
    return answer(await accepted(caller, simulation), 202, location_of(simulation))


async def accepted(caller: Caller, simulation: v1.Simulation) -> AcceptedSimulation:
    """Where a simulation that was just requested stands and can be followed."""
    place = f"/v1/simulations/{simulation.simulation_id}"
    return AcceptedSimulation(
        simulation_id=simulation.simulation_id,
        status=simulation.status,
        estimated_duration_seconds=simulation.estimated_duration_seconds,
        webhook_url=await webhook_url(caller, simulation.simulation_id),
        ws_channel=f"/ws/simulations/{simulation.simulation_id}",
        queue_position=simulation.queue_position,
        status_url=place,
        results_url=f"{place}/results",
    )


def location_of(simulation: v1.Simulation) -> dict[str, str]:
    return {"Location": f"/v1/simulations/{simulation.simulation_id}"}


@router.get("", response_model=Page[v1.Simulation], responses=documented("INVALID_REQUEST"))
async def list_simulations(request: Request, caller: TheCaller, query: Annotated[SimulationQuery, Query()]) -> Response:
    """List simulations, newest first. `Link`, `X-Total-Count`, `X-Page-Size` and `X-Current-Page` tell the place."""
    wanted = v1.ListSimulations(**query.model_dump(), viewer=caller.viewer)
    return answer_page(request, await caller.ask(v1.list_simulations, wanted))


@router.get("/{simulation_id}", response_model=v1.Simulation, responses=documented("NOT_FOUND"))
async def get_simulation(caller: TheCaller, simulation_id: str) -> Response:
    """Where a simulation stands."""
    wanted = v1.GetSimulation(simulation_id=simulation_id, viewer=caller.viewer)
    return answer(await caller.ask(v1.get_simulation, wanted))


@router.get(
    "/{simulation_id}/results",
    response_model=v1.Results,
    responses=documented("NOT_FOUND", "SIMULATION_NOT_COMPLETED", "INVALID_REQUEST"),
)
async def get_results(caller: TheCaller, simulation_id: str, query: Annotated[ResultQuery, Query()]) -> Response:
    """The results of a completed simulation."""
    wanted = v1.GetResults(simulation_id=simulation_id, detail_level=query.detail_level, viewer=caller.viewer)
    return answer(await caller.ask(v1.get_results, wanted))


@router.post("/{simulation_id}/cancel", response_model=v1.Simulation, responses=documented("NOT_FOUND", "CONFLICT"))
async def cancel_simulation(caller: TheCaller, simulation_id: str) -> Response:
    """Stop a simulation that has not ended."""
    wanted = v1.CancelSimulation(simulation_id=simulation_id, viewer=caller.viewer)
    return answer(await caller.ask(v1.cancel_simulation, wanted))
