"""Composition root of the simulation engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import get_args

from dramatis_bus import Bus, OrderedConsumer, Received, WorkQueue
from dramatis_bus.consumers import Handler
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.campaigns import v1 as campaigns_v1
from dramatis_contracts.simulation_engine import v1
from dramatis_contracts.tastes import v1 as tastes_v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service
from dramatis_llm import ChatModel, MongoCache, language_model, llm_settings
from dramatis_simulation_engine.admission import Admission
from dramatis_simulation_engine.campaigns import decider as campaign_decider
from dramatis_simulation_engine.campaigns import projections as campaign_projections
from dramatis_simulation_engine.campaigns.decider import CampaignState
from dramatis_simulation_engine.campaigns.handlers import CampaignHandlers, Campaigns
from dramatis_simulation_engine.decider import Simulation, decide, evolve
from dramatis_simulation_engine.handlers import Handlers, Simulations
from dramatis_simulation_engine.interrogation.composition import interrogation_resources, serve_interrogations
from dramatis_simulation_engine.latest import EVERYWHERE, LatestProgress
from dramatis_simulation_engine.projections import decode, encode
from dramatis_simulation_engine.runner import Runner
from dramatis_simulation_engine.settings import simulation_settings
from dramatis_simulation_engine.taste_sets import decider as taste_decider
from dramatis_simulation_engine.taste_sets import projections as taste_projections
from dramatis_simulation_engine.taste_sets.decider import Tastes
from dramatis_simulation_engine.taste_sets.handlers import TasteHandlers, TasteSets
from dramatis_simulation_engine.taste_sets.lookup import LOOKED_UP_BY
from dramatis_simulation_engine.turns import Turns
from dramatis_simulation_engine.warming import warm_up

RUNS = WorkQueue(
    "simulation-engine-runs",
    service=v1.SERVICE,
    events=(*(body.type for body in get_args(v1.Requested)), v1.SimulationAdmitted.type),
    ack_wait=5.0,
)
SNAPSHOTS = OrderedConsumer("simulation-snapshots", service=v1.SERVICE, events=("simulation.*",))
CAMPAIGN_SNAPSHOTS = OrderedConsumer("campaign-snapshots", service=v1.SERVICE, events=("campaign.*",))
TASTE_SNAPSHOTS = OrderedConsumer("tastes-snapshots", service=v1.SERVICE, events=("tastes.*",))


def simulations_of(runtime: Runtime) -> Simulations:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "simulation"),
        category="simulation",
        initial=Simulation(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )


def tastes_of(runtime: Runtime) -> TasteSets:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "tastes"),
        category="tastes",
        initial=Tastes(),
        decide=taste_decider.decide,
        evolve=taste_decider.evolve,
        encode=taste_projections.encode,
        decode=taste_projections.decode,
    )


def campaigns_of(runtime: Runtime) -> Campaigns:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "campaign"),
        category="campaign",
        initial=CampaignState(),
        decide=campaign_decider.decide,
        evolve=campaign_decider.evolve,
        encode=campaign_projections.encode,
        decode=campaign_projections.decode,
    )


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    settings = simulation_settings(runtime.settings)
    simulations = simulations_of(runtime)
    tastes = tastes_of(runtime)
    campaigns = campaigns_of(runtime)
    progress = LatestProgress()
    turns = Turns(runtime.database, settings.simulation_tenant_concurrency, settings.simulation_tenant_at_work)
    # The first simulation would otherwise wait for imports and data files.
    await asyncio.to_thread(warm_up)
    async with model_of(runtime) as model, Bus.hosted(runtime, name=v1.SERVICE) as bus:
        admission = Admission(turns, simulations, bus, settings.simulation_tenant_waiting)
        handlers = Handlers(simulations, bus, settings, progress, tastes.snapshots, campaigns, admission, model)
        runner = Runner(simulations, bus, settings, runtime.clock, progress, admission, model)
        estimates = TasteHandlers(tastes, bus, settings)
        bus.serve(v1.request_focus_group, handlers.request)
        bus.serve(v1.request_campaign, handlers.request)
        bus.serve(v1.request_intervention, handlers.request)
        bus.serve(v1.request_variants, handlers.request)
        bus.serve(v1.request_viral, handlers.request)
        bus.serve(v1.cancel_simulation, handlers.cancel)
        bus.serve(v1.get_simulation, handlers.get)
        bus.serve(v1.list_simulations, handlers.list_)
        bus.serve(v1.get_results, handlers.results)
        bus.serve(v1.list_segments, handlers.segments)
        kept = CampaignHandlers(campaigns)
        bus.serve(campaigns_v1.create_campaign, kept.create)
        bus.serve(campaigns_v1.update_campaign, kept.update)
        bus.serve(campaigns_v1.delete_campaign, kept.delete)
        bus.serve(campaigns_v1.get_campaign, kept.get)
        bus.serve(campaigns_v1.list_campaigns, kept.list_)
        bus.serve(tastes_v1.fit_tastes, estimates.fit)
        bus.serve(tastes_v1.elicit_tastes, estimates.elicit)
        bus.serve(tastes_v1.get_tastes, estimates.get)
        serve_interrogations(bus, runtime, settings, model)
        bus.not_implemented(v1.SERVICE)
        bus.consume(replace(RUNS, concurrency=settings.simulation_concurrency), runner.run)
        bus.consume(SNAPSHOTS, _both(simulations.repair, admission.follow))
        bus.consume(TASTE_SNAPSHOTS, tastes.repair)
        bus.consume(CAMPAIGN_SNAPSHOTS, campaigns.repair)
        bus.health(v1.SERVICE, _checks(runtime))
        await bus.start()
        await bus.subscribe(EVERYWHERE, progress.hear)
        sweep = runtime.spawn(admission.watch(settings.simulation_sweep_seconds), "simulation turns")
        try:
            yield
        finally:
            sweep.cancel()
            await asyncio.gather(sweep, return_exceptions=True)


def _both(first: Handler, second: Handler) -> Handler:
    """One consumer for two that want the same events."""

    async def handle(received: Received) -> None:
        await first(received)
        await second(received)

    return handle


def model_of(runtime: Runtime) -> AbstractAsyncContextManager[ChatModel | None]:
    """The language model that the settings name, None where they name none."""
    configured = llm_settings(runtime.settings)
    if not configured.llm_configured:
        return nullcontext()
    return language_model(configured, _cache(runtime))


def _cache(runtime: Runtime) -> MongoCache:
    return MongoCache(runtime.database, llm_settings(runtime.settings).llm_cache_seconds, runtime.clock)


def resources(runtime: Runtime) -> Sequence[Resource]:
    simulations = simulations_of(runtime)
    return [
        *simulations.log.resources(),
        *simulations.snapshots.resources(
            [("state.status", 1), ("created_at", -1), ("id", 1)], [("state.kind", 1), ("created_at", -1), ("id", 1)]
        ),
        *_cache(runtime).resources(),
        *consumer_resources(runtime.settings, RUNS),
        *consumer_resources(runtime.settings, SNAPSHOTS),
        *tastes_of(runtime).snapshots.resources(*LOOKED_UP_BY),
        *consumer_resources(runtime.settings, TASTE_SNAPSHOTS),
        *interrogation_resources(runtime),
        *campaigns_of(runtime).snapshots.resources(
            [("state.deleted", 1), ("created_at", -1), ("id", 1)], [("state.channels", 1), ("created_at", -1)]
        ),
        *consumer_resources(runtime.settings, CAMPAIGN_SNAPSHOTS),
    ]


def _checks(runtime: Runtime) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok"}

    return checks


service = Service(name=v1.SERVICE, open=open_service, resources=resources)
