"""`/v1/simulations`: translated into the commands and queries of the simulation engine."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer
from dramatis_gateway.models import AcceptedSimulation
from dramatis_gateway.validation import json_body
from dramatis_kit import new_id

router = APIRouter(prefix="/v1/simulations", tags=["simulations"])

FocusGroup = Annotated[v1.FocusGroup, Depends(json_body(v1.FocusGroup, "INVALID_SIMULATION"))]


@router.post(
    "/focus-group",
    status_code=202,
    response_model=AcceptedSimulation,
    openapi_extra=described(v1.FocusGroup),
    responses=documented("INVALID_SIMULATION", body=True),
)
async def run_focus_group(caller: TheCaller, focus_group: FocusGroup) -> Response:
    """Run a focus group. Follow it by WebSocket, event stream or webhook, then read its results."""
    command = v1.RequestFocusGroup(simulation_id=new_id("sim"), focus_group=focus_group)
    simulation = await caller.ask(v1.request_focus_group, command)
    accepted = AcceptedSimulation(
        simulation_id=simulation.simulation_id,
        status=simulation.status,
        estimated_duration_seconds=simulation.estimated_duration_seconds,
        webhook_url=None,
        ws_channel=f"/ws/simulations/{simulation.simulation_id}",
    )
    return answer(accepted, 202, {"Location": f"/v1/simulations/{simulation.simulation_id}"})


@router.get("/{simulation_id}", response_model=v1.Simulation, responses=documented("NOT_FOUND"))
async def get_simulation(caller: TheCaller, simulation_id: str) -> Response:
    """Where a simulation stands."""
    return answer(await caller.ask(v1.get_simulation, v1.GetSimulation(simulation_id=simulation_id)))


@router.get(
    "/{simulation_id}/results",
    response_model=v1.Results,
    responses=documented("NOT_FOUND", "SIMULATION_NOT_COMPLETED"),
)
async def get_results(caller: TheCaller, simulation_id: str) -> Response:
    """The results of a completed simulation."""
    return answer(await caller.ask(v1.get_results, v1.GetSimulation(simulation_id=simulation_id)))


@router.post("/{simulation_id}/cancel", response_model=v1.Simulation, responses=documented("NOT_FOUND", "CONFLICT"))
async def cancel_simulation(caller: TheCaller, simulation_id: str) -> Response:
    """Stop a simulation that has not ended."""
    return answer(await caller.ask(v1.cancel_simulation, v1.CancelSimulation(simulation_id=simulation_id)))
