"""`/v1/batch`: several personas or simulations in one request, translated for the orchestrator."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.orchestrator import v1
from dramatis_contracts.pages import Page
from dramatis_gateway.batches import (
    BatchedPersonas,
    BatchView,
    PersonaBatch,
    SimulationBatch,
    batch_view,
    persona_item,
    personas_answer,
    simulation_item,
)
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import Caller, TheCaller, TheDoor, answer, answer_page
from dramatis_gateway.models import PageQuery
from dramatis_gateway.validation import json_body
from dramatis_kit import Unavailable

router = APIRouter(prefix="/v1/batch", tags=["batch"])

PATHS = ("/v1/batch/personas", "/v1/batch/simulations")
"""Whose bodies may be larger than others."""
_TO_ANSWER = 1.5
"""Seconds before the door's deadline that are left for the answer itself."""
_PAUSE = 0.25

Personas = Annotated[PersonaBatch, Depends(json_body(PersonaBatch, "INVALID_BATCH"))]
Simulations = Annotated[SimulationBatch, Depends(json_body(SimulationBatch, "INVALID_BATCH"))]


class BatchQuery(PageQuery):
    """Which batches."""

    type: v1.Kind | None = None
    status: v1.Status | None = None


@router.post(
    "/personas",
    status_code=207,
    response_model=BatchedPersonas,
    openapi_extra=described(PersonaBatch),
    responses=documented("INVALID_BATCH", body=True),
)
async def create_personas(caller: TheCaller, door: TheDoor, batch: Personas) -> Response:
    """Create up to 100 personas. Each is told of by itself: a wrong one fails alone, unless it shall stop the rest."""
    command = v1.CreatePersonas(
        batch_id=caller.new_id("batch"),
        items=tuple(persona_item(item) for item in batch.personas),
        continue_on_error=batch.options.continue_on_error,
        viewer=caller.viewer,
    )
    created = await _created(caller, command, door.settings.gateway_deadline - _TO_ANSWER)
    errors = batch.options.return_errors
    told = personas_answer(created, caller.request_id, door.documentation_url, with_errors=errors)
    return answer(told, 207, {"Location": f"/v1/batch/{told.batch_id}"})


async def _created(caller: Caller, command: v1.CreatePersonas, seconds: float) -> v1.CreatedPersonas:
    """Asks again while nobody is there: it is the same command each time, and creates nothing twice."""
    command_id = caller.ids.new("cmd", v1.create_personas.subject)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            return await caller.bus.call(
                v1.create_personas,
                command,
                tenant=caller.tenant,
                command_id=command_id,
                correlation_id=caller.request_id,
                timeout=until - loop.time(),
            )
        except Unavailable:
            # What is left must do for a batch.
            if until - loop.time() < seconds / 2:
                raise
        await asyncio.sleep(_PAUSE)


@router.post(
    "/simulations",
    status_code=202,
    response_model=BatchView,
    openapi_extra=described(SimulationBatch),
    responses=documented("INVALID_BATCH", body=True),
)
async def run_simulations(caller: TheCaller, door: TheDoor, batch: Simulations) -> Response:
    """Run up to 100 simulations, a few at a time. Follow the batch here, and each simulation like any other."""
    command = v1.RequestSimulations(
        batch_id=caller.new_id("batch"),
        items=tuple(simulation_item(item) for item in batch.simulations),
        continue_on_error=batch.options.continue_on_error,
        execution=batch.execution,
        viewer=caller.viewer,
    )
    told = batch_view(await caller.ask(v1.request_simulations, command), door.documentation_url)
    return answer(told, 202, {"Location": told.links["self"]})


@router.get("", response_model=Page[v1.BatchSummary], responses=documented("INVALID_REQUEST"))
async def list_batches(request: Request, caller: TheCaller, query: Annotated[BatchQuery, Query()]) -> Response:
    """List batches, newest first. `Link`, `X-Total-Count`, `X-Page-Size` and `X-Current-Page` tell the place."""
    wanted = v1.ListBatches(**query.model_dump(), viewer=caller.viewer)
    return answer_page(request, await caller.ask(v1.list_batches, wanted))


@router.get("/{batch_id}", response_model=BatchView, responses=documented("NOT_FOUND"))
async def get_batch(caller: TheCaller, door: TheDoor, batch_id: str) -> Response:
    """Where a batch and each of its items stand."""
    batch = await caller.ask(v1.get_batch, v1.GetBatch(batch_id=batch_id, viewer=caller.viewer))
    return answer(batch_view(batch, door.documentation_url))


@router.post("/{batch_id}/cancel", response_model=BatchView, responses=documented("NOT_FOUND", "CONFLICT"))
async def cancel_batch(caller: TheCaller, door: TheDoor, batch_id: str) -> Response:
    """Nothing of the batch starts any more, and what runs is cancelled. A second time changes nothing."""
    batch = await caller.ask(v1.cancel_batch, v1.CancelBatch(batch_id=batch_id, viewer=caller.viewer))
    return answer(batch_view(batch, door.documentation_url))
