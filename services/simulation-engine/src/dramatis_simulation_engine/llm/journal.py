"""The answers of one simulation in the event log."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from dramatis_contracts import registry
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Aggregate, Cause, StreamId
from dramatis_kit import new_id
from dramatis_simulation_engine.commands import Command, Record
from dramatis_simulation_engine.decider import Simulation


@dataclass(slots=True)
class LogJournal:
    """`event_id` is the event that asked for the simulation."""

    simulations: Aggregate[Simulation, Command]
    tenant: str
    simulation_id: str
    event_id: str
    cause: Cause
    _engine: str = field(default_factory=lambda: new_id("eng"))
    _appended: int = 0

    async def read(self) -> Sequence[v1.AnswersRecorded]:
        stream = StreamId(self.simulations.category, self.simulation_id)
        events = await self.simulations.log.read(self.tenant, stream)
        bodies = (registry.decode(event) for event in events if event.type == v1.AnswersRecorded.type)
        return [body for body in bodies if isinstance(body, v1.AnswersRecorded)]

    async def append(self, batch: v1.AnswersRecorded) -> None:
        # The same batch, sent again because its reply was lost, is one event.
        content = f"{self._engine}/{self._appended}/{batch.model_dump_json()}"
        digest = hashlib.sha256(content.encode()).hexdigest()[:24]
        await self.simulations.handle(
            self.tenant,
            self.simulation_id,
            Record(batch),
            command_id=f"{self.event_id}:answers:{digest}",
            cause=self.cause,
        )
        self._appended += 1
