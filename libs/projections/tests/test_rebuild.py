"""A rebuilt projection is the live one, whatever happens while it is being built."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus import Received
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona.v1 import PersonaDeleted
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Document, Settings
from dramatis_kit.provisioning import drift_of, provision
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.events import EVENTS
from dramatis_projections.projector import Projector
from dramatis_projections.rebuild import Progress, Rebuild, UnknownProjection, rebuild, rebuild_resource

Stored = Callable[[], Awaitable[list[Row]]]


class World:
    """Commits events, gives them positions as the relay does, and projects them live."""

    def __init__(self, database: AsyncDatabase[Document], pool: ClickHousePool) -> None:
        self.log = EventLog(database)
        self._commits = database["commits"]
        self._projector = Projector(pool, EVENTS)
        self._commands = self._position = 0

    async def happen(self, commits: int, *, events: int = 2, live: bool = True) -> None:
        recorded = [await self._commit(events) for _ in range(commits)]
        if live:
            received = [Received(envelope, 1) for envelopes in recorded for envelope in envelopes]
            await self._projector.handle(received)

    async def _commit(self, events: int) -> Sequence[Envelope]:
        self._commands += 1
        commit = await self.log.append(
            "acme",
            StreamId("persona", f"pers_{self._commands}"),
            [PersonaDeleted()] * events,
            expected_version=0,
            command_id=f"command-{self._commands}",
            cause=Cause("req"),
        )
        self._position += events
        marked = {"$set": {"pos": self._position, "relayed": True}}
        await self._commits.update_one({"commit_id": f"command-{self._commands}"}, marked)
        return commit.events


@pytest.fixture
async def world(database: AsyncDatabase[Document], pool: ClickHousePool) -> World:
    world = World(database, pool)
    await provision(world.log.resources())
    return world


def rebuilding(
    world: World, pool: ClickHousePool, report: Callable[[Progress], None] = lambda _progress: None
) -> Rebuild:
    return Rebuild(world.log, pool, EVENTS, report)


async def tables(pool: ClickHousePool) -> list[str]:
    async with pool.client() as client:
        found = await client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'View'"
        )
    return sorted(name for (name,) in found)


async def test_rebuilt_is_what_came_live(world: World, pool: ClickHousePool, stored: Stored) -> None:
    await world.happen(150)
    live = await stored()
    rebuilt = await rebuilding(world, pool).run()
    assert await stored() == live
    assert (rebuilt.events, rebuilt.rows, len(live)) == (300, 300, 300)
    assert await tables(pool) == ["events", "migrations"]


async def test_a_rebuild_brings_what_was_lost_and_removes_what_never_happened(
    world: World, pool: ClickHousePool, stored: Stored
) -> None:
    await world.happen(20, live=False)
    async with pool.client() as client:
        await client.command("INSERT INTO events (id, recorded_at) VALUES ('evt_never', '2026-01-01 00:00:00')")
    await rebuilding(world, pool).run()
    found = await stored()
    assert len(found) == 40
    assert "evt_never" not in {row[0] for row in found}


async def test_events_that_arrive_during_a_rebuild_are_not_lost(
    world: World, pool: ClickHousePool, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatis_projections.rebuild.BATCH", 10)
    await world.happen(50)
    finished = asyncio.Event()

    async def go_on() -> int:
        rounds = 0
        while not finished.is_set():
            await world.happen(3)
            rounds += 1
        return rounds

    arriving = asyncio.create_task(go_on())
    for _ in range(2):
        await rebuilding(world, pool).run()
    finished.set()
    rounds = await arriving
    assert len(await stored()) == 2 * (50 + 3 * rounds)


async def test_what_only_the_old_table_received_at_the_swap_is_brought_over(
    world: World, pool: ClickHousePool, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.happen(10)
    command = Rebuild._command

    async def arrive_before_the_swap(self: Rebuild, sql: str) -> None:
        if sql.startswith("EXCHANGE"):
            await world.happen(5)
        await command(self, sql)

    monkeypatch.setattr(Rebuild, "_command", arrive_before_the_swap)
    await rebuilding(world, pool).run()
    assert len(await stored()) == 30


@pytest.mark.parametrize("phase", ["building", "catching up", "catching up after the swap"])
async def test_an_interrupted_rebuild_is_seen_and_mended(
    world: World, pool: ClickHousePool, stored: Stored, clickhouse: Settings, phase: str
) -> None:
    await world.happen(10)
    live = await stored()

    def interrupt(progress: Progress) -> None:
        if progress.phase == phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuilding(world, pool, interrupt).run()
    assert await stored() == live  # readers see the old table or the new one, never half of it
    resource = rebuild_resource(world.log, clickhouse, EVENTS)
    (drift,) = await drift_of([resource])
    assert "interrupted" in drift.what
    await provision([resource])
    assert await drift_of([resource]) == []
    assert await stored() == live
    assert await tables(pool) == ["events", "migrations"]


async def test_progress_counts_the_events_read(
    world: World, pool: ClickHousePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatis_projections.rebuild.BATCH", 4)
    await world.happen(5)
    seen: list[Progress] = []
    await rebuilding(world, pool, seen.append).run()
    assert [progress.events for progress in seen if progress.phase == "building"] == [0, 4, 8, 10]
    assert seen[-1] == Progress("done", 10)


async def test_the_command_finds_installed_projections_and_names_them(
    world: World, stored: Stored, clickhouse: Settings, mongo_url: str, database: AsyncDatabase[Document]
) -> None:
    settings = clickhouse.model_copy(update={"mongo_url": mongo_url, "mongo_database": database.name})
    await world.happen(3, live=False)
    assert (await rebuild("events", settings)).events == 6
    assert len(await stored()) == 6
    with pytest.raises(UnknownProjection, match="installed: events"):
        await rebuild("evnts", settings)
