"""`/v1/ws/simulations/{id}`: one simulation, live: where it stands, its progress, and how it ended."""

from typing import Any, Literal

import orjson
from fastapi import APIRouter
from nats.aio.msg import Msg
from pydantic import Field
from starlette.websockets import WebSocket

from dramatis_bus.subjects import progress_subject
from dramatis_contracts.base import Resource
from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.door import Caller, Door, request_id_of
from dramatis_gateway.feed import Feed
from dramatis_gateway.problems import ErrorContent, Problem
from dramatis_gateway.sockets import NORMAL, RESTARTING, REVOKED, authenticated, served, until_either_ends
from dramatis_gateway.subscribers import Wanted

router = APIRouter(prefix="/v1/ws")

_ENDS = frozenset({v1.SimulationCompleted.type, v1.SimulationFailed.type, v1.SimulationCancelled.type})
_HEARTBEAT_SECONDS = 30.0


class Update(Resource):
    """What the socket carries. `error` is present when `type` is `error`; `progress` is null when it is not known.

    `queue_position` is present while the simulation waits because its brokerage has as many under way as it may.
    """

    type: Literal["progress", "result", "error"]
    simulation_id: str
    progress: float | None
    current_step: str
    partial_results: dict[str, Any] = Field(default_factory=dict)
    error: ErrorContent | None = None
    queue_position: int | None = None


@router.websocket("/simulations/{simulation_id}")
async def simulation_updates(socket: WebSocket, simulation_id: str) -> None:
    """Follow one simulation. Closes with 1000 after its end, with 4401, 4403 or 4404 when it may not be followed."""

    async def serve(door: Door) -> int:
        caller = await authenticated(socket, door)
        if not simulation_id.replace("_", "").replace("-", "").isalnum() or not simulation_id.isascii():
            raise Problem("NOT_FOUND", field="simulation_id", issue="there is no such simulation")
        return await until_either_ends(socket, Follower(socket, door, caller, simulation_id).run())

    def refusal(problem: Problem, door: Door) -> str:
        error = problem.body(request_id_of(socket), door.documentation_url).error
        refused = Update(type="error", simulation_id=simulation_id, progress=None, current_step="refused", error=error)
        return refused.model_dump_json(exclude={"queue_position"})

    await served(socket, serve, refusal)


class Follower:
    """Listens first and asks then, so that no end is lost between. Of the progress only the latest tick is kept."""

    def __init__(self, socket: WebSocket, door: Door, caller: Caller, simulation_id: str) -> None:
        self._socket = socket
        self._door = door
        self._caller = caller
        self._id = simulation_id
        self._latest: bytes | None = None
        self._subscriber = door.feed.open(Wanted(caller.tenant, _ENDS, simulation_id), caller.principal.key_id)

    async def run(self) -> int:
        """Send updates until the end of the simulation; the close code."""
        feed: Feed = self._door.feed
        try:
            feed.join_now(self._subscriber)
            leave = await self._door.bus.subscribe(progress_subject(self._caller.tenant, self._id), self._tick)
            try:
                return await self._follow()
            finally:
                await leave()
        finally:
            feed.close(self._subscriber)

    async def _tick(self, message: Msg) -> None:
        self._latest = message.data
        self._subscriber.wake()

    async def _follow(self) -> int:
        query = v1.GetSimulation(simulation_id=self._id, viewer=self._caller.viewer)
        simulation = await self._caller.ask(v1.get_simulation, query)
        await self._send(self._present(simulation))
        if simulation.status in ("completed", "failed", "cancelled"):
            await self._send(await self._ended_before(simulation))
            return NORMAL
        while not self._subscriber.ended:
            await self._subscriber.wait(_HEARTBEAT_SECONDS)
            if self._subscriber.queue:
                frame = self._subscriber.queue[0]
                await self._send(self._end(frame.type, orjson.loads(frame.payload)["data"]))
                return NORMAL
            await self._send_latest()
        return REVOKED if self._subscriber.ended == "revoked" else RESTARTING

    async def _send_latest(self) -> None:
        tick, self._latest = self._latest, None
        if tick is None:
            return
        progress = v1.Progress.model_validate_json(tick)
        await self._send(Update(type="progress", **progress.model_dump()))

    def _present(self, simulation: v1.Simulation) -> Update:
        return Update(
            type="progress",
            simulation_id=self._id,
            progress=simulation.progress,
            current_step=simulation.status,
            queue_position=simulation.queue_position,
        )

    async def _ended_before(self, simulation: v1.Simulation) -> Update:
        if simulation.status != "completed":
            return self._without_result(simulation.status, simulation.error)
        query = v1.GetResults(simulation_id=self._id, detail_level="summary", viewer=self._caller.viewer)
        results = await self._caller.ask(v1.get_results, query)
        return self._result(results.summary.model_dump(mode="json") if results.summary else None)

    def _end(self, event_type: str, data: dict[str, Any]) -> Update:
        if event_type == v1.SimulationCompleted.type:
            return self._result(data["summary"])
        return self._without_result(
            "failed" if event_type == v1.SimulationFailed.type else "cancelled", data.get("reason")
        )

    def _result(self, summary: Any) -> Update:
        results = {"summary": summary}
        return Update(
            type="result", simulation_id=self._id, progress=1.0, current_step="completed", partial_results=results
        )

    def _without_result(self, status: str, reason: str | None) -> Update:
        problem = Problem("SIMULATION_NOT_COMPLETED", f"The simulation was {status}.", issue=reason)
        if status == "failed":
            problem = Problem("SIMULATION_NOT_COMPLETED", "The simulation failed.", issue=reason)
        error = problem.body(self._caller.request_id, self._door.documentation_url).error
        return Update(type="error", simulation_id=self._id, progress=None, current_step=status, error=error)

    async def _send(self, update: Update) -> None:
        absent = {name for name in ("error", "queue_position") if getattr(update, name) is None}
        await self._socket.send_text(update.model_dump_json(exclude=absent))
