"""`/api/stakeholders` and `/api/simulations`: the Interrogation door, with runs to be followed live."""

from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Depends, Header, Query, Response
from starlette.websockets import WebSocket

from dramatis_contracts.base import Resource
from dramatis_contracts.interrogation import v1
from dramatis_contracts.persona import stakeholders
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import Caller, Door, TheDoor, answer, request_id_of
from dramatis_gateway.following import jittered
from dramatis_gateway.interrogation.following import RunFollowing, is_told
from dramatis_gateway.interrogation.streams import Messages, RunStream
from dramatis_gateway.keyless import AnyCaller, keyless_principal
from dramatis_gateway.problems import Problem
from dramatis_gateway.sockets import NORMAL, RESTARTING, TRY_AGAIN, served, until_either_ends
from dramatis_gateway.subscribers import Wanted
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/api", tags=["interrogation"])

Asked = Annotated[v1.InterrogationRequest, Depends(json_body(v1.InterrogationRequest, "VALIDATION_FAILED"))]
LastEventId = Annotated[str | None, Header(description="The `id:` of the last message that arrived.")]

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    204: {"description": "The run has ended and nothing was missed: do not connect again."},
}


class StartedRun(Resource):
    """The answer to the start of a run: where to follow it and where to look."""

    simulation_id: str
    status: v1.RunStatus
    events_url: str
    details_url: str
    ws_url: str


class RunDetails(Resource):
    """Where a run stands. Times in seconds since 1970."""

    simulation_id: str
    status: v1.RunStatus
    started_at: float
    completed_at: float | None
    error: str | None
    final_answer: str | None


@router.get("/stakeholders", response_model=stakeholders.Catalogue, responses=documented(public=True))
async def list_stakeholders(caller: AnyCaller) -> Response:
    """Predefined stakeholders. Each is also a persona, `persona_id`, that can be used at every other door."""
    return answer(await caller.ask(stakeholders.list_stakeholders, stakeholders.ListStakeholders()))


@router.post(
    "/simulations",
    status_code=202,
    response_model=StartedRun,
    openapi_extra=described(v1.InterrogationRequest),
    responses=documented("NOT_FOUND", "INVALID_REQUEST", "VALIDATION_FAILED", body=True, public=True),
)
async def start_run(caller: AnyCaller, asked: Asked) -> Response:
    """Start a run: hypotheses about the problem, and an interview with a simulated stakeholder."""
    run = await begin(caller, asked)
    address = f"/api/simulations/{run.simulation_id}"
    started = StartedRun(
        simulation_id=run.simulation_id,
        status=run.status,
        events_url=f"{address}/events",
        details_url=address,
        ws_url=f"{address}/ws",
    )
    return answer(started, 202, {"Location": address})


@router.get("/simulations/{simulation_id}", response_model=RunDetails, responses=documented("NOT_FOUND", public=True))
async def show_run(caller: AnyCaller, simulation_id: str) -> Response:
    """Where a run stands, and its final answer."""
    run = await the_run(caller, simulation_id)
    details = RunDetails(
        simulation_id=run.simulation_id,
        status=run.status,
        started_at=run.created_at.timestamp(),
        completed_at=_seconds(run.ended_at),
        error=run.error,
        final_answer=run.final_answer,
    )
    return answer(details)


@router.get(
    "/simulations/{simulation_id}/events",
    response_class=Response,
    responses=_STREAM | documented("NOT_FOUND", "INVALID_REQUEST", public=True),
)
async def stream_run(
    caller: AnyCaller,
    door: TheDoor,
    simulation_id: str,
    last_event_id: LastEventId = None,
    resume_after: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> Response:
    """The run as server-sent events, from its beginning or from after `Last-Event-ID`. It ends with the run."""
    return await stream(door, caller, simulation_id, last_event_id or resume_after)


@router.websocket("/simulations/{simulation_id}/ws")
async def follow_run(socket: WebSocket, simulation_id: str) -> None:
    """The run as messages of a WebSocket: the same form and order, with `id` beside `event`."""

    async def serve(door: Door) -> int:
        caller = Caller(await keyless_principal(socket, door), request_id_of(socket), door.bus)
        after = resume_number(socket.query_params.get("last_event_id"))
        following = _following(door, caller, await the_run(caller, simulation_id), after)

        async def write() -> int:
            await following.serve(Messages(socket, simulation_id))
            ended = following.subscriber.ended
            return NORMAL if ended is None else TRY_AGAIN if ended == "overflow" else RESTARTING

        try:
            return await until_either_ends(socket, write())
        finally:
            door.feed.close(following.subscriber)

    def refusal(problem: Problem, door: Door) -> str:
        error = problem.body(request_id_of(socket), door.documentation_url).error
        return orjson.dumps({"event": "error", "error": error.model_dump()}).decode()

    await served(socket, serve, refusal)


async def begin(caller: Caller, asked: v1.InterrogationRequest) -> v1.Interrogation:
    """Start a run. Raises a 400 `Problem` when there is nobody to interview."""
    if asked.stakeholder_id is None and asked.stakeholder_profile is None:
        issue = "give stakeholder_id or stakeholder_profile"
        raise Problem("INVALID_REQUEST", "Nobody to interview was named.", field="stakeholder_id", issue=issue)
    command = v1.RequestInterrogation(simulation_id=str(uuid4()), request=asked)
    return await caller.ask(v1.request_interrogation, command)


async def the_run(caller: Caller, simulation_id: str) -> v1.Interrogation:
    return await caller.ask(v1.get_interrogation, v1.GetInterrogation(simulation_id=simulation_id))


async def stream(door: Door, caller: Caller, simulation_id: str, last_event_id: str | None) -> Response:
    """The run's stream, or 204 for a client that has all of it: a browser would connect again and again."""
    run = await the_run(caller, simulation_id)
    after = resume_number(last_event_id)
    if await is_told(door.log, caller.tenant, run, after):
        return Response(status_code=204)
    return RunStream(_following(door, caller, run, after), door.metrics)


def _following(door: Door, caller: Caller, run: v1.Interrogation, after: int) -> RunFollowing:
    subscriber = door.feed.open(Wanted(caller.tenant, subject=run.simulation_id), caller.principal.key_id)
    return RunFollowing(door.feed, subscriber, door.log, run, after, jittered(door.settings.gateway_sse_heartbeat))


def resume_number(last_event_id: str | None) -> int:
    """The number of the last message that arrived, -1 for none. Raises a 400 `Problem` for what is no number."""
    if not last_event_id:
        return -1
    if not last_event_id.isdecimal() or len(last_event_id) > 9:
        raise Problem("INVALID_REQUEST", field="Last-Event-ID", issue="this is not the id of a message of a run")
    return int(last_event_id)


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
