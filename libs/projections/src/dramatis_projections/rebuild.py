"""Build a projection anew from the log beside the live one, then swap them; readers and the projector go on meanwhile.

Why nothing is lost: the log gives an event its position before it is published, and no event ever appears below a
position that was readable before. So whatever the old table alone received, in inserts that had begun before the swap,
had a position by then: one more pass over the log, from where the last one ended, brings it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

from dramatis_eventlog import EventLog
from dramatis_kit import Resource, Settings, new_id
from dramatis_kit.service import connect
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.migrations import quoted
from dramatis_projections.projector import Projection, Projector

BATCH = 20_000
"""Rows of one insert: large parts, since nobody waits for a single event."""

_DEADLINE = 120.0
"""Seconds for one statement."""


class UnknownProjection(Exception):
    """No installed package registers a projection of this name under `dramatis.projections`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is. `events` counts what was read of the log so far."""

    phase: str
    events: int


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A finished rebuild: events read, rows written, seconds taken."""

    events: int
    rows: int
    seconds: float


def installed_projections() -> dict[str, Projection]:
    """Every projection that an installed package registers, by name."""
    return {point.name: point.load() for point in entry_points(group="dramatis.projections")}


async def rebuild(name: str, settings: Settings, report: Report = lambda _progress: None) -> Rebuilt:
    """Rebuild an installed projection. Raises `UnknownProjection`, and `Unavailable` when an engine is down.

    If it is interrupted, readers see the old table or the new one; what is then left behind is reported as drift and
    removed by the next rebuild.
    """
    projections = installed_projections()
    if name not in projections:
        raise UnknownProjection(f"{name} (installed: {', '.join(sorted(projections))})")
    async with connect(settings) as mongo, ClickHousePool(settings, seconds=_DEADLINE) as pool:
        log = EventLog(mongo[settings.mongo_database])
        return await Rebuild(log, pool, projections[name], report).run()


class Rebuild:
    """One rebuild of one projection. Two at once do no harm, but one of them may fail when the other cleans up."""

    def __init__(self, log: EventLog, pool: ClickHousePool, projection: Projection, report: Report) -> None:
        self._log = log
        self._pool = pool
        self._projection = projection
        self._projector = Projector(pool, projection)
        self._report = report
        self._position = self._events = self._rows = 0

    async def run(self) -> Rebuilt:
        """Build, swap, catch up, clean up."""
        started = time.monotonic()
        live, beside = self._projection.table, _beside(self._projection.table)
        await self._command(f"CREATE TABLE {quoted(beside)} AS {quoted(live)}")
        await self._read_into(beside, "building")
        await self._read_into(beside, "catching up")
        await self._command(f"EXCHANGE TABLES {quoted(live)} AND {quoted(beside)}")
        await self._read_into(live, "catching up after the swap")
        for leftover in await leftovers(self._pool, self._projection):
            await self._command(f"DROP TABLE IF EXISTS {quoted(leftover)} SYNC")
        self._report(Progress("done", self._events))
        return Rebuilt(self._events, self._rows, time.monotonic() - started)

    async def _command(self, sql: str) -> None:
        async with self._pool.client() as client:
            await client.command(sql)

    async def _read_into(self, table: str, phase: str) -> None:
        """Project all that the log has behind the last position read; one insert runs while the next is gathered."""
        self._report(Progress(phase, self._events))
        inserting: asyncio.Task[None] | None = None
        try:
            async for rows in self._batches():
                if inserting:
                    await inserting
                inserting = asyncio.create_task(self._projector.write(table, rows, None))
                self._rows += len(rows)
                self._report(Progress(phase, self._events))
            if inserting:
                await inserting
        finally:
            if inserting and not inserting.done():
                inserting.cancel()

    async def _batches(self) -> AsyncIterator[list[Row]]:
        """Rows, not events: tuples of plain values cost the garbage collector nothing (measured: half of the time)."""
        make, services = self._projection.rows, self._projection.services
        rows: list[Row] = []
        async for position, event in self._log.read_all(after=self._position, services=services):
            self._position = position
            self._events += 1
            rows += make(event, position)
            if len(rows) >= BATCH:
                yield rows
                rows = []
        yield rows


def _beside(table: str) -> str:
    return new_id(f"{table}__rebuild", 8)


async def leftovers(pool: ClickHousePool, projection: Projection) -> list[str]:
    """Tables of rebuilds of this projection: an interrupted one, or one that is at work."""
    async with pool.client() as client:
        found = await client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})",
            {"prefix": f"{projection.table}__rebuild_"},
        )
    return [name for (name,) in found]


def rebuild_resource(log: EventLog, settings: Settings, projection: Projection) -> Resource:
    """An interrupted rebuild as drift: it may have swapped already and lack the last events. Applying rebuilds."""

    async def drift() -> str | None:
        async with ClickHousePool(settings, size=1) as pool:
            found = await leftovers(pool, projection)
        return f"a rebuild is at work or was interrupted ({', '.join(found)})" if found else None

    async def apply() -> None:
        async with ClickHousePool(settings, seconds=_DEADLINE) as pool:
            await Rebuild(log, pool, projection, lambda _progress: None).run()

    return Resource("projection", projection.name, drift, apply)
