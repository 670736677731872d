"""Composition root of matching."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from clickhouse_connect.driver.exceptions import DatabaseError

from dramatis_bus import Bus, OrderedConsumer
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.matching import v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service, Unavailable
from dramatis_matching.match_runs import MatchHandlers
from dramatis_matching.projections import PERSONAS, PROPERTIES
from dramatis_matching.properties import handlers
from dramatis_matching.properties.decider import PropertyState, decide, evolve
from dramatis_matching.properties.projections import decode, encode
from dramatis_matching.scoring import Scorer
from dramatis_projections.client import ClickHousePool
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import Projector, consumer_of
from dramatis_projections.rebuild import rebuild_resource

PROJECTIONS = (PERSONAS, PROPERTIES)
SNAPSHOTS = OrderedConsumer("property-snapshots", service=v1.SERVICE, events=("property.*",))


def properties_of(runtime: Runtime) -> handlers.Properties:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "property"),
        category="property",
        initial=PropertyState(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    properties = properties_of(runtime)
    async with ClickHousePool(runtime.settings) as pool, Bus.hosted(runtime, name=v1.SERVICE) as bus:
        matches = MatchHandlers(properties, Scorer(pool), properties.log, bus)
        bus.serve(v1.list_property, partial(handlers.list_property, properties))
        bus.serve(v1.update_property, partial(handlers.update, properties))
        bus.serve(v1.withdraw_property, partial(handlers.withdraw, properties))
        bus.serve(v1.get_property, partial(handlers.get, properties))
        bus.serve(v1.list_properties, partial(handlers.list_, properties))
        bus.serve(v1.match_clients, matches.clients)
        bus.serve(v1.match_properties, matches.homes)
        bus.not_implemented(v1.SERVICE)
        bus.consume(SNAPSHOTS, properties.repair)
        for projection in PROJECTIONS:
            bus.consume(consumer_of(projection), Projector(pool, projection, runtime.clock).handle)
        bus.health(v1.SERVICE, _checks(runtime, pool))
        await bus.start()
        yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    properties = properties_of(runtime)
    return [
        *properties.log.resources(),
        *properties.snapshots.resources(
            [("state.withdrawn", 1), ("created_at", -1), ("id", 1)],
            [("state.withdrawn", 1), ("state.listing.price", 1)],
        ),
        *consumer_resources(runtime.settings, SNAPSHOTS),
        *migration_resources(runtime.settings, "dramatis_matching"),
        *(rebuild_resource(properties.log, runtime.settings, projection) for projection in PROJECTIONS),
        *(resource for p in PROJECTIONS for resource in consumer_resources(runtime.settings, consumer_of(p))),
    ]


def _checks(runtime: Runtime, pool: ClickHousePool) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok", "clickhouse": await _clickhouse(pool)}

    return checks


async def _clickhouse(pool: ClickHousePool) -> str:
    """ "ok", or why nothing can be matched at present."""
    try:
        async with pool.client() as client:
            await client.query(f"SELECT 1 FROM {PERSONAS.table} LIMIT 1")  # noqa: S608 - a constant
    except (Unavailable, DatabaseError) as error:
        return str(error)
    return "ok"


service = Service(name=v1.SERVICE, open=open_service, resources=resources)
