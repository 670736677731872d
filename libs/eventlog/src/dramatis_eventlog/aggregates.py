"""Load, decide, append, remember: how a command meets the state of an aggregate.

The rules (`decide`, `evolve`) are pure functions of the service; this module is all the I/O between them and the log.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from dramatis_bus.messages import Received
from dramatis_contracts import registry
from dramatis_contracts.base import EventBody
from dramatis_contracts.envelope import Envelope
from dramatis_eventlog.commits import Cause, Commit, StreamId, VersionConflict
from dramatis_eventlog.log import EventLog
from dramatis_eventlog.snapshots import Snapshot, Snapshots
from dramatis_kit import Document, Rejected, Unavailable

State = TypeVar("State")
Command = TypeVar("Command")

ATTEMPTS = 30
"""How often one command is decided anew before its aggregate counts as contended."""


_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Loaded(Generic[State]):
    """An aggregate at `version`; 0 means that it does not exist, and `state` is the initial one.

    The times are those of its first and its latest event, None at version 0.
    """

    id: str
    state: State
    version: int
    created_at: datetime | None = None
    updated_at: datetime | None = None


class _Versions:
    """The versions at which snapshots were seen to be durable; of the aggregates that were looked at last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], int] = OrderedDict()

    def version(self, tenant: str, aggregate_id: str) -> int:
        return self._known.get((tenant, aggregate_id), 0)

    def note(self, tenant: str, aggregate_id: str, version: int) -> None:
        self._known[tenant, aggregate_id] = version
        self._known.move_to_end((tenant, aggregate_id))
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Generic[State, Command]):
    """One category of aggregates.

    `decide(command, state)` gives events or raises `Rejected`; `evolve(state, event)` takes any event of the category;
    `encode` and `decode` turn the state into a MongoDB document and back.
    """

    log: EventLog
    snapshots: Snapshots
    category: str
    initial: State
    decide: Callable[[Command, State], Sequence[EventBody]]
    evolve: Callable[[State, Any], State]
    encode: Callable[[State], Document]
    decode: Callable[[Document], State]
    _durable: "_Versions" = field(default_factory=lambda: _Versions(), init=False, repr=False, compare=False)

    async def load(self, tenant: str, aggregate_id: str, *, as_of: int | None = None) -> Loaded[State]:
        """The present state, or that at version `as_of`; where the stream is shorter, `version` says so."""
        snapshot = await self.snapshots.load(tenant, aggregate_id)
        loaded = self.restored(snapshot) if snapshot else None
        if loaded is None or (as_of is not None and loaded.version > as_of):
            loaded = Loaded(aggregate_id, self.initial, 0)
        if loaded.version == as_of:
            return loaded
        events = await self.log.read(tenant, StreamId(self.category, aggregate_id), after=loaded.version, up_to=as_of)
        return self._fold(loaded, events)

    def restored(self, snapshot: Snapshot) -> Loaded[State]:
        """The aggregate that a snapshot holds, for lists that were read from `snapshots`."""
        state = self.decode(snapshot.state)
        return Loaded(snapshot.id, state, snapshot.version, snapshot.created_at, snapshot.updated_at)

    async def handle(
        self, tenant: str, aggregate_id: str, command: Command, *, command_id: str, cause: Cause
    ) -> Loaded[State]:
        """Decide and commit; gives the state after the command.

        A repeated command id gives the state after it and no new event, even where `decide` would now reject. The loser
        of a conflict decides again on fresh state. Raises `Rejected` and `Unavailable`.
        """
        for attempt in range(ATTEMPTS):
            loaded = await self.load(tenant, aggregate_id)
            try:
                return await self._decide(tenant, loaded, command, command_id, cause)
            except VersionConflict:
                await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, 0.1)))  # noqa: S311  # jitter, no secret
        raise Unavailable(f"{self.category} (too many writers at once)")

    async def repair(self, received: Received) -> None:
        """Bring the snapshot up to a published event, if a crash kept it behind: a handler for an `OrderedConsumer`."""
        envelope = received.envelope
        if envelope.type.partition(".")[0] != self.category:
            return
        tenant, aggregate_id = envelope.tenantid, envelope.subject
        # Most events come in commits of several, whose snapshot was looked at with the first of them.
        if self._durable.version(tenant, aggregate_id) >= envelope.streamversion:
            return
        durable = await self.snapshots.load(tenant, aggregate_id, durable=True)
        if durable is None or durable.version < envelope.streamversion:
            await self._save(tenant, await self.load(tenant, aggregate_id), durably=True)
        else:
            self._durable.note(tenant, aggregate_id, durable.version)

    async def repair_all(self, batch: Sequence[Received]) -> None:
        """The same for many events at once: a handler for a `BatchConsumer`. The latest of each aggregate decides."""
        latest: dict[tuple[str, str], Received] = {}
        for received in batch:
            key = (received.envelope.tenantid, received.envelope.subject)
            if key not in latest or latest[key].envelope.streamversion < received.envelope.streamversion:
                latest[key] = received
        for received in latest.values():
            await self.repair(received)

    async def _decide(
        self, tenant: str, loaded: Loaded[State], command: Command, command_id: str, cause: Cause
    ) -> Loaded[State]:
        try:
            events = self.decide(command, loaded.state)
        except Rejected:
            if commit := await self._committed(tenant, loaded.id, command_id):
                return await self._after(tenant, commit)
            raise
        if not events:
            commit = await self._committed(tenant, loaded.id, command_id)
            return await self._after(tenant, commit) if commit else loaded
        stream = StreamId(self.category, loaded.id)
        commit = await self.log.append(
            tenant, stream, events, expected_version=loaded.version, command_id=command_id, cause=cause
        )
        if commit.repeated:
            return await self._after(tenant, commit)
        after = self._fold(loaded, commit.events)
        await self._save(tenant, after)
        return after

    async def _committed(self, tenant: str, aggregate_id: str, command_id: str) -> Commit | None:
        commit = await self.log.find_commit(tenant, command_id)
        return commit if commit and commit.stream == StreamId(self.category, aggregate_id) else None

    async def _after(self, tenant: str, commit: Commit) -> Loaded[State]:
        """The state right after a commit of the past. Whoever repeats a command may have seen its reply get lost."""
        await self._save(tenant, await self.load(tenant, commit.stream.id))
        return await self.load(tenant, commit.stream.id, as_of=commit.version)

    async def _save(self, tenant: str, loaded: Loaded[State], *, durably: bool = False) -> None:
        if loaded.created_at is None or loaded.updated_at is None:
            return
        state = self.encode(loaded.state)
        snapshot = Snapshot(loaded.id, loaded.version, state, loaded.created_at, loaded.updated_at)
        await self.snapshots.save(tenant, snapshot, durably=durably)

    def _fold(self, loaded: Loaded[State], events: Sequence[Envelope]) -> Loaded[State]:
        state = loaded.state
        for envelope in events:
            state = self.evolve(state, registry.decode(envelope))
        if not events:
            return loaded
        first, last = events[0], events[-1]
        return Loaded(loaded.id, state, last.streamversion, loaded.created_at or first.time, last.time)
