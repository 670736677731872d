"""Composition root of the persona service."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from dramatis_bus import Bus, OrderedConsumer, WorkQueue
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.persona import stakeholders, v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service
from dramatis_llm import MongoCache, language_model, llm_settings
from dramatis_outbound import Pages
from dramatis_persona.analytics.wiring import analytics_resources, serve_analytics
from dramatis_persona.catalogue.handlers import CatalogueHandlers
from dramatis_persona.decider import PersonaState, decide, evolve
from dramatis_persona.duplicates import Identities
from dramatis_persona.enrichment.collective import Collective, collective_resources
from dramatis_persona.enrichment.model_reader import ModelReader
from dramatis_persona.enrichment.reading import Reader
from dramatis_persona.enrichment.rules import RuleReader
from dramatis_persona.enrichment.runner import EnrichmentRunner
from dramatis_persona.enrichment.sources import Sources
from dramatis_persona.handlers import Handlers, Personas
from dramatis_persona.projections import decode, encode
from dramatis_persona.settings import PersonaSettings, persona_settings
from dramatis_projections.client import ClickHousePool

SNAPSHOTS = OrderedConsumer("persona-snapshots", service="persona", events=("persona.*",))
TEXTS = WorkQueue("persona-texts", service="persona", events=(v1.EnrichmentRequested.type,))


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
    catalogue = CatalogueHandlers(personas)
    handlers = Handlers(personas, identities, runtime.clock, settings.persona_collective_seconds)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(ClickHousePool(runtime.settings))
        runner = EnrichmentRunner(personas, await _reader(stack, runtime, settings), settings, runtime.clock)
        sources = await _sources(stack, runtime, settings, personas)
        bus = await stack.enter_async_context(Bus.hosted(runtime, name="persona"))
        bus.serve(v1.create_persona, handlers.create)
        bus.serve(v1.update_persona, handlers.update)
        bus.serve(v1.delete_persona, handlers.delete)
        bus.serve(v1.archive_persona, handlers.archive)
        bus.serve(v1.restore_persona, handlers.restore)
        bus.serve(v1.enrich_persona, handlers.enrich)
        bus.serve(v1.get_persona, handlers.get)
        bus.serve(v1.get_personas, handlers.get_many)
        bus.serve(v1.list_personas, handlers.list_)
        bus.serve(stakeholders.list_stakeholders, catalogue.list_stakeholders)
        bus.serve(stakeholders.get_stakeholder, catalogue.get_stakeholder)
        serve_analytics(runtime, bus, pool, personas)
        bus.not_implemented(v1.SERVICE)
        bus.consume(SNAPSHOTS, personas.repair)
        bus.consume(TEXTS, runner.run)
        bus.health(v1.SERVICE, _checks(runtime))
        await bus.start()
        collective = Collective(
            runtime.database, runner, sources, seconds=settings.persona_collective_seconds, clock=runtime.clock
        )
        stack.callback(runtime.spawn(collective.run_forever(), "persona-collective").cancel)
        yield


async def _reader(stack: AsyncExitStack, runtime: Runtime, settings: PersonaSettings) -> Reader:
    """A language model where one is configured, else the rules; never one in place of the other."""
    configured = llm_settings(runtime.settings)
    if not configured.llm_configured:
        return RuleReader()
    model = await stack.enter_async_context(language_model(configured, _cache(runtime)))
    return ModelReader(model, settings.persona_llm_max_tokens)


def _cache(runtime: Runtime) -> MongoCache:
    return MongoCache(runtime.database, llm_settings(runtime.settings).llm_cache_seconds, runtime.clock)


async def _sources(
    stack: AsyncExitStack, runtime: Runtime, settings: PersonaSettings, personas: Personas
) -> Sources | None:
    if not settings.persona_sources:
        return None
    pages = await stack.enter_async_context(Pages.open(settings.guard, settings.limits))
    return Sources(personas, pages, runtime.clock)


def resources(runtime: Runtime) -> Sequence[Resource]:
    personas = personas_of(runtime)
    return [
        *personas.log.resources(),
        *personas.snapshots.resources(
            [("state.deleted", 1), ("created_at", -1), ("id", 1)],
            [("state.profile.segments", 1), ("created_at", -1), ("id", 1)],
        ),
        *collective_resources(runtime.database),
        *_cache(runtime).resources(),
        *consumer_resources(runtime.settings, SNAPSHOTS),
        *consumer_resources(runtime.settings, TEXTS),
        *analytics_resources(runtime, personas.log),
    ]


def _checks(runtime: Runtime) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok"}

    return checks


service = Service(name="persona", open=open_service, resources=resources)
