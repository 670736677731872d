"""How many simulations of a tenant may be under way, and how those that wait come to begin when others end."""

import asyncio

import structlog

from dramatis_bus import Bus, Received
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Aggregate, Cause
from dramatis_kit import Rejected, Unavailable, new_id
from dramatis_kit.telemetry import traceparent
from dramatis_simulation_engine.commands import Admit, Command
from dramatis_simulation_engine.decider import ENDED, Simulation
from dramatis_simulation_engine.turns import Standing, Turns

log = structlog.get_logger()

_ENDS = frozenset({v1.SimulationCompleted.type, v1.SimulationFailed.type, v1.SimulationCancelled.type})
_TOLD_AT_ONCE = 100
"""Of those who wait, how many are told their new position when it changes; the others see it when they ask."""


class Admission:
    """`most_waiting`: simulations of one tenant that may wait; more are refused."""

    def __init__(self, turns: Turns, simulations: Aggregate[Simulation, Command], bus: Bus, most_waiting: int) -> None:
        self._turns = turns
        self._simulations = simulations
        self._bus = bus
        self._most_waiting = most_waiting
        self._suspects: set[tuple[str, str]] = set()

    async def enter(self, tenant: str, simulation_id: str) -> int | None:
        """Before a simulation is recorded: its position, None if it may begin. Raises `Rejected` if too many wait."""
        standing = await self._turns.enter(tenant, simulation_id)
        position = standing.position(simulation_id)
        if position is not None and position > self._most_waiting:
            await self._turns.leave(tenant, simulation_id)
            issue = f"{self._most_waiting} simulations wait already"
            raise Rejected("RATE_LIMITED", "Too many simulations are waiting.", issue=issue)
        return position

    async def give_back(self, tenant: str, simulation_id: str) -> None:
        """The simulation could not be recorded after it had entered."""
        if not (await self._simulations.load(tenant, simulation_id)).version:
            await self.leave(tenant, simulation_id, _own_cause())

    async def may_begin(self, tenant: str, simulation_id: str) -> bool:
        """Whether a simulation that the work queue hands out may begin; if not, it is admitted later."""
        if await self._turns.arrive(tenant, simulation_id):
            return True
        if (await self._simulations.load(tenant, simulation_id)).state.status in ENDED:
            await self.leave(tenant, simulation_id, _own_cause())
        return False

    async def positions(self, tenant: str) -> dict[str, int]:
        """Who waits, from 1 on."""
        standing = await self._turns.standing(tenant)
        return {simulation_id: place for place, simulation_id in enumerate(standing.beyond, start=1)}

    async def follow(self, received: Received) -> None:
        """The end of a simulation makes room: a handler for an `OrderedConsumer`."""
        envelope = received.envelope
        if envelope.type in _ENDS:
            cause = Cause(envelope.correlationid, causation_id=envelope.id, traceparent=traceparent())
            await self.leave(envelope.tenantid, envelope.subject, cause)

    async def leave(self, tenant: str, simulation_id: str, cause: Cause) -> None:
        """Give the place of a simulation to whoever waits first."""
        await self._tell(tenant, await self._turns.leave(tenant, simulation_id), cause)

    async def watch(self, seconds: float) -> None:
        """Mend now and then what crashes left behind, for as long as the engine runs."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.sweep()
            except Unavailable as down:
                log.warning("the queue of simulations cannot be looked through", error=str(down))

    async def sweep(self) -> None:
        """Free places of simulations that ended or, seen twice, were never recorded, and fill the free ones."""
        suspects: set[tuple[str, str]] = set()
        async for tenant, standing in self._turns.where_somebody_waits():
            for simulation_id in sorted(standing.active):
                loaded, known = await self._simulations.load(tenant, simulation_id), (tenant, simulation_id)
                if loaded.state.status in ENDED or (not loaded.version and known in self._suspects):
                    await self._turns.leave(tenant, simulation_id)
                elif not loaded.version:
                    suspects.add(known)
            await self._tell(tenant, await self._turns.settle(tenant), _own_cause())
        self._suspects = suspects

    async def _tell(self, tenant: str, standing: Standing, cause: Cause) -> None:
        for simulation_id in standing.untold:
            try:
                await self._simulations.handle(
                    tenant, simulation_id, Admit(), command_id=f"{simulation_id}:admitted", cause=cause
                )
            except Rejected as gone:
                log.warning("a simulation that waited is not there", simulation=simulation_id, reason=str(gone))
            await self._turns.told(tenant, simulation_id)
            await self._publish(tenant, simulation_id, None)
        for place, simulation_id in enumerate(standing.beyond[:_TOLD_AT_ONCE], start=1):
            await self._publish(tenant, simulation_id, place)

    async def _publish(self, tenant: str, simulation_id: str, position: int | None) -> None:
        tick = v1.Progress(simulation_id=simulation_id, progress=None, current_step="queued", queue_position=position)
        await self._bus.publish_progress(tenant, tick)


def _own_cause() -> Cause:
    return Cause(new_id("cor"), traceparent=traceparent())
