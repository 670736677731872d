"""The service `projector`: keeps the table `events` current."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from clickhouse_connect.driver.exceptions import DatabaseError

from dramatis_bus import Bus
from dramatis_bus.provisioning import consumer_resources
from dramatis_eventlog import EventLog
from dramatis_kit import Resource, Runtime, Service, Unavailable
from dramatis_projections.client import ClickHousePool
from dramatis_projections.events import EVENTS
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import Projector, consumer_of
from dramatis_projections.rebuild import rebuild_resource

NAME = "projector"


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    async with ClickHousePool(runtime.settings) as pool, Bus.hosted(runtime, name=NAME) as bus:
        bus.consume(consumer_of(EVENTS), Projector(pool, EVENTS, runtime.clock).handle)
        bus.health(NAME, lambda: checks(pool))
        await bus.start()
        yield


async def checks(pool: ClickHousePool) -> dict[str, str]:
    """ "ok", or why events are not projected at present; they wait in their streams then."""
    try:
        async with pool.client() as client:
            await client.query(f"SELECT 1 FROM {EVENTS.table} LIMIT 1")  # noqa: S608 - a constant
    except (Unavailable, DatabaseError) as error:
        return {"clickhouse": str(error)}
    return {"clickhouse": "ok"}


def resources(runtime: Runtime) -> Sequence[Resource]:
    return [
        *migration_resources(runtime.settings),
        rebuild_resource(EventLog(runtime.database), runtime.settings, EVENTS),
        *consumer_resources(runtime.settings, consumer_of(EVENTS)),
    ]


service = Service(name=NAME, open=open_service, resources=resources)
