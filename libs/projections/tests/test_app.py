"""The service `projector` on real engines: what is published arrives, once, whatever fails in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus import Bus, encode_event
from dramatis_contracts.envelope import Envelope
from dramatis_engines.clickhouse import start_clickhouse
from dramatis_kit import Document, Settings, new_id
from dramatis_projections.app import service
from dramatis_projections.client import ClickHousePool, Row
from dramatis_testkit.envelopes import some_event
from dramatis_testkit.hosting import hosted


def platform(clickhouse: Settings, nats_url: str, mongo_url: str, database: AsyncDatabase[Document]) -> Settings:
    engines = {"nats_url": nats_url, "mongo_url": mongo_url, "mongo_database": database.name}
    return clickhouse.model_copy(update={**engines, "nats_stream_max_bytes": 2**24})


async def publish(bus: Bus, events: Iterable[Envelope]) -> None:
    for position, event in enumerate(events, 1):
        subject, payload, headers = encode_event(event, position)
        await bus.connection.jetstream().publish(subject, payload, headers=headers)


async def until(query: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(30):
        while await query() != wanted:
            await asyncio.sleep(0.05)


def counting(pool: ClickHousePool, correlation: str) -> Callable[[], Awaitable[list[Row]]]:
    """The nats-server is shared by the tests of a session: count only what this one published."""
    query = "SELECT count(), uniqExact(id), uniqExact(service) FROM events FINAL WHERE correlation_id = {c:String}"

    async def count() -> list[Row]:
        async with pool.client() as client:
            return await client.query(query, {"c": correlation})

    return count


def from_two_services(count: int, correlation: str) -> list[Envelope]:
    kinds = (("persona", "persona.created.v1"), ("simulation-engine", "simulation.started.v1"))
    return [
        some_event(n, kind, service=name, id=new_id("evt"), correlationid=correlation)
        for n in range(count)
        for name, kind in kinds
    ]


async def test_published_events_of_every_service_arrive_once(
    clickhouse: Settings, pool: ClickHousePool, nats_url: str, mongo_url: str, database: AsyncDatabase[Document]
) -> None:
    events = from_two_services(60, mine := new_id("req"))
    async with hosted(platform(clickhouse, nats_url, mongo_url, database), service) as bus:
        await publish(bus, events)
        await until(counting(pool, mine), [(120, 120, 2)])
        assert (await bus.health_of("projector")).checks["clickhouse"] == "ok"


async def test_events_wait_while_clickhouse_is_down(
    nats_url: str, mongo_url: str, database: AsyncDatabase[Document], tmp_path: Path
) -> None:
    events = from_two_services(5, mine := new_id("req"))
    running = start_clickhouse(tmp_path)
    settings = platform(Settings(clickhouse_url=running.url), nats_url, mongo_url, database)
    try:
        async with hosted(settings, service) as bus, ClickHousePool(settings) as pool:
            running.process.kill()
            running.process.wait()
            await publish(bus, events)
            health = await bus.health_of("projector")
            assert health.status == "unhealthy"
            assert "not available" in health.checks["clickhouse"]
            running = start_clickhouse(tmp_path)
            await until(counting(pool, mine), [(10, 10, 2)])
    finally:
        running.stop()
