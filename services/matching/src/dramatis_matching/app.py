"""Composition root of matching."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from dramatis_bus import Bus, OrderedConsumer
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.matching import v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service
from dramatis_matching.properties import handlers
from dramatis_matching.properties.decider import PropertyState, decide, evolve
from dramatis_matching.properties.projections import decode, encode

SNAPSHOTS = OrderedConsumer("property-snapshots", service=v1.SERVICE)


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
    async with Bus.hosted(runtime, name=v1.SERVICE) as bus:
        bus.serve(v1.list_property, partial(handlers.list_property, properties))
        bus.serve(v1.update_property, partial(handlers.update, properties))
        bus.serve(v1.withdraw_property, partial(handlers.withdraw, properties))
        bus.serve(v1.get_property, partial(handlers.get, properties))
        bus.serve(v1.list_properties, partial(handlers.list_, properties))
        bus.not_implemented(v1.SERVICE)
        bus.consume(SNAPSHOTS, properties.repair)
        bus.health(v1.SERVICE, _checks(runtime))
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
    ]


def _checks(runtime: Runtime) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok"}

    return checks


service = Service(name=v1.SERVICE, open=open_service, resources=resources)
