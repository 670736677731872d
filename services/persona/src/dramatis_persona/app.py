"""Composition root of the persona service."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from dramatis_bus import Bus, OrderedConsumer
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.persona import stakeholders, v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service
from dramatis_persona.analytics.wiring import analytics_resources, serve_analytics
from dramatis_persona.catalogue import handlers as catalogue
from dramatis_persona.decider import PersonaState, decide, evolve
from dramatis_persona.duplicates import Identities
from dramatis_persona.handlers import Handlers, Personas
from dramatis_persona.projections import decode, encode
from dramatis_persona.settings import persona_settings
from dramatis_projections.client import ClickHousePool

SNAPSHOTS = OrderedConsumer("persona-snapshots", service="persona")


def personas_of(runtime: Runtime) -> Personas:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "persona"),
        category="persona",
        initial=PersonaState(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    settings = persona_settings(runtime.settings)
    personas = personas_of(runtime)
    identities = Identities(runtime.database, personas, runtime.clock)
    handlers = Handlers(personas, identities, runtime.clock, settings.persona_collective_seconds)
    async with ClickHousePool(runtime.settings) as pool, Bus.hosted(runtime, name="persona") as bus:
        bus.serve(v1.create_persona, handlers.create)
        bus.serve(v1.update_persona, handlers.update)
        bus.serve(v1.delete_persona, handlers.delete)
        bus.serve(v1.archive_persona, handlers.archive)
        bus.serve(v1.restore_persona, handlers.restore)
        bus.serve(v1.get_persona, handlers.get)
        bus.serve(v1.get_personas, handlers.get_many)
        bus.serve(v1.list_personas, handlers.list_)
        bus.serve(stakeholders.list_stakeholders, partial(catalogue.list_stakeholders, personas))
        bus.serve(stakeholders.get_stakeholder, partial(catalogue.get_stakeholder, personas))
        serve_analytics(runtime, bus, pool, personas)
        bus.not_implemented(v1.SERVICE)
        bus.consume(SNAPSHOTS, personas.repair)
        bus.health(v1.SERVICE, _checks(runtime))
        await bus.start()
        yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    personas = personas_of(runtime)
    return [
        *personas.log.resources(),
        *personas.snapshots.resources(
            [("state.deleted", 1), ("created_at", -1), ("id", 1)],
            [("state.profile.segments", 1), ("created_at", -1), ("id", 1)],
        ),
        *consumer_resources(runtime.settings, SNAPSHOTS),
        *analytics_resources(runtime, personas.log),
    ]


def _checks(runtime: Runtime) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok"}

    return checks


service = Service(name="persona", open=open_service, resources=resources)
