"""Carries batches of simulations out: follows the log, gives items their turn, and asks the engine for them.

Every step is a fact before it is an act: an item gets its turn by `batch.items_started`, and only then is the engine
asked, under an id that never changes. Whoever is killed in between leaves an event that was not acknowledged; who gets
it next asks again, and the engine answers a repeated command as before.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from dramatis_bus import Bus, Fault, Received
from dramatis_contracts import registry
from dramatis_contracts.base import EventBody, Viewer
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_eventlog import Cause, Loaded, StreamId
from dramatis_kit import Rejected, new_id
from dramatis_kit.telemetry import traceparent
from dramatis_orchestrator.batches.decider import Batch, Command, Finish, Start
from dramatis_orchestrator.batches.handlers import Batches
from dramatis_orchestrator.batches.names import batch_of
from dramatis_orchestrator.batches.projections import RANKS
from dramatis_orchestrator.batches.requests import Unreadable, refused, request_of

_PAGE = 100
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch at one event of the log: whose it is, and what caused the look at it."""

    tenant: str
    batch_id: str
    cause: Cause

    def of(self, batch_id: str) -> "Turn":
        return Turn(self.tenant, batch_id, self.cause)


@dataclass(frozen=True, slots=True)
class Conductor:
    """Handles the events of batches and the ends of simulations. Raises only what shall be tried again."""

    batches: Batches
    bus: Bus
    asked: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)
    """Simulations that this process asked the engine for, by (tenant, id). What is forgotten is asked for again."""

    async def on_batch(self, received: Received) -> None:
        """Something happened to a batch. Events of one batch come in order, one at a time."""
        await self.batches.repair(received)
        await self._advance_with_others(_turn(received.envelope, received.envelope.subject))

    async def on_end(self, received: Received) -> None:
        """A simulation ended: whether it belongs to a batch is told by its id, and confirmed by the batch."""
        simulation = received.envelope.subject
        if (place := batch_of(simulation)) is None:
            return
        batch_id, index = place
        turn = _turn(received.envelope, batch_id)
        items = (await self.batches.load(turn.tenant, batch_id)).state.items
        if index < len(items) and items[index].id == simulation:
            await self._commit(turn, Finish((_end_of(registry.decode(received.envelope), index, simulation),)))
            self.asked.pop((turn.tenant, simulation), None)

    async def _advance_with_others(self, turn: Turn) -> None:
        after = await self._advance(turn)
        if after.state.kind == "simulations" and not after.state.places("pending"):
            # It holds nobody up any more.
            for lower in await self._waiting_below(turn, after.state):
                await self._advance(turn.of(lower))

    async def _advance(self, turn: Turn) -> Loaded[Batch]:
        """Give turns, ask the engine for what has one, and take back what was cancelled meanwhile."""
        loaded = await self.batches.load(turn.tenant, turn.batch_id)
        if loaded.state.kind != "simulations":
            return loaded
        if loaded.state.may_start and not await self._held_up(turn, loaded.state):
            loaded = await self._commit(turn, Start())
        asked: dict[int, str] = {}
        if loaded.state.status == "running":
            asked = await self._ask_for(turn, loaded)
            loaded = await self.batches.load(turn.tenant, turn.batch_id)
        if loaded.state.status == "cancelled":
            await self._take_back(turn, loaded.state, asked)
        return loaded

    # Priorities

    async def _held_up(self, turn: Turn, batch: Batch) -> bool:
        """Whether items of a batch with a higher priority wait."""
        above = {"$gt": RANKS[batch.execution.priority]}
        for other in await self._waiting(turn.tenant, above):
            # A snapshot may be behind; the log is not.
            state = (await self.batches.load(turn.tenant, other)).state
            if state.status == "running" and state.places("pending"):
                return True
        return False

    async def _waiting_below(self, turn: Turn, batch: Batch) -> list[str]:
        return await self._waiting(turn.tenant, {"$lt": RANKS[batch.execution.priority]})

    async def _waiting(self, tenant: str, rank: dict[str, int]) -> list[str]:
        """Batches of these ranks of which items wait, the highest first and the older ones of a rank first."""
        where = {"state.status": "running", "state.rank": rank, "state.pending": {"$gt": 0}}
        sort = {"state.rank": -1, "created_at": 1, "id": 1}
        found: list[str] = []
        while len(found) % _PAGE == 0:
            page = await self.batches.snapshots.find(tenant, where, sort=sort, skip=len(found), limit=_PAGE)
            if not page:
                break
            found += [snapshot.id for snapshot in page]
        return found

    # The engine

    async def _ask_for(self, turn: Turn, loaded: Loaded[Batch]) -> dict[int, str]:
        """Request what has its turn and was not requested by this process; by place. What is refused has failed."""
        named = {place: loaded.state.items[place].id or "" for place in loaded.state.places("running")}
        wanted = {place: name for place, name in named.items() if (turn.tenant, name) not in self.asked}
        if not wanted:
            return {}
        requested = await self._requested(turn)
        tries = (self._ask(turn, requested.items[place], requested.viewer) for place in wanted)
        found = await asyncio.gather(*tries, return_exceptions=True)
        if ended := tuple(end for end in found if isinstance(end, v1.EndedItem)):
            await self._commit(turn, Finish(ended))
        for fault in found:
            if isinstance(fault, BaseException):
                raise fault
        return wanted

    async def _requested(self, turn: Turn) -> v1.BatchRequested:
        """What the batch began with: its snapshot does not hold what is to be simulated."""
        (first,) = await self.batches.log.read(turn.tenant, StreamId(self.batches.category, turn.batch_id), up_to=1)
        return v1.BatchRequested.model_validate(first.data, extra="ignore")

    async def _ask(self, turn: Turn, item: v1.RequestedItem, viewer: Viewer) -> v1.EndedItem | None:
        """None once the engine has the simulation, or why it never will."""
        try:
            method, request = request_of(item, viewer)
            await self.bus.call(
                method,
                request,
                tenant=turn.tenant,
                command_id=f"{item.id}.request",
                correlation_id=turn.cause.correlation_id,
            )
        except Unreadable as unreadable:
            return v1.EndedItem(index=item.index, status="failed", error=unreadable.error)
        except Rejected as no:
            return await self._unless_there(turn, item, refused(no))
        except Fault as fault:
            return await self._unless_there(turn, item, v1.ItemError(code="INTERNAL_ERROR", message=str(fault)))
        self._remember(turn.tenant, item.id)
        return None

    def _remember(self, tenant: str, simulation: str) -> None:
        self.asked[tenant, simulation] = None
        # Ends may be told to another replica, so not all are taken out again.
        while len(self.asked) > _REMEMBERED:
            self.asked.popitem(last=False)

    async def _unless_there(self, turn: Turn, item: v1.RequestedItem, error: v1.ItemError) -> v1.EndedItem | None:
        """A repeated request may be refused for what has changed since the first one was accepted."""
        try:
            await self.bus.call(engine.get_simulation, engine.GetSimulation(simulation_id=item.id), tenant=turn.tenant)
        except Rejected:
            return v1.EndedItem(index=item.index, status="failed", error=error)
        self._remember(turn.tenant, item.id)
        return None

    async def _take_back(self, turn: Turn, batch: Batch, asked: dict[int, str]) -> None:
        """Cancel what runs. Its end is told by the engine; what the engine never had ends here.

        `asked` was requested just now, perhaps after somebody else had looked for it in vain.
        """
        running = asked | {place: batch.items[place].id or "" for place in batch.places("running")}
        known = await asyncio.gather(*(self._cancel(turn, simulation) for simulation in running.values()))
        never = [place for place, there in zip(running, known, strict=True) if not there]
        if never:
            await self._commit(turn, Finish(tuple(v1.EndedItem(index=p, status="cancelled") for p in never)))

    async def _cancel(self, turn: Turn, simulation: str) -> bool:
        """Whether the engine knows the simulation."""
        try:
            await self.bus.call(
                engine.cancel_simulation,
                engine.CancelSimulation(simulation_id=simulation),
                tenant=turn.tenant,
                command_id=f"{simulation}.cancel",
                correlation_id=turn.cause.correlation_id,
            )
        except Rejected as no:
            # One that has ended is as good as cancelled: the event that says how is on its way.
            return no.code != "NOT_FOUND"
        return True

    async def _commit(self, turn: Turn, command: Command) -> Loaded[Batch]:
        return await self.batches.handle(
            turn.tenant, turn.batch_id, command, command_id=new_id("cmd"), cause=turn.cause
        )


def _turn(envelope: Envelope, batch_id: str) -> Turn:
    return Turn(envelope.tenantid, batch_id, Cause(envelope.correlationid, envelope.id, traceparent()))


def _end_of(event: EventBody, index: int, simulation: str) -> v1.EndedItem:
    match event:
        case engine.SimulationFailed(code=code, reason=reason):
            error = v1.ItemError(code=code, message=reason)
            return v1.EndedItem(index=index, status="failed", id=simulation, error=error)
        case engine.SimulationCancelled():
            return v1.EndedItem(index=index, status="cancelled", id=simulation)
    return v1.EndedItem(index=index, status="completed", id=simulation)
