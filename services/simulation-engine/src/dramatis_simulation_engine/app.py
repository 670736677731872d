"""Composition root of the simulation engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import get_args

from dramatis_bus import Bus, OrderedConsumer, WorkQueue
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service
from dramatis_simulation_engine.decider import Simulation, decide, evolve
from dramatis_simulation_engine.handlers import Handlers, Simulations
from dramatis_simulation_engine.projections import decode, encode
from dramatis_simulation_engine.runner import Runner
from dramatis_simulation_engine.settings import simulation_settings
from dramatis_simulation_engine.warming import warm_up

RUNS = WorkQueue(
    "simulation-engine-runs",
    service=v1.SERVICE,
    events=tuple(body.type for body in get_args(v1.Requested)),
    ack_wait=5.0,
)
SNAPSHOTS = OrderedConsumer("simulation-snapshots", service=v1.SERVICE)


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


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    settings = simulation_settings(runtime.settings)
    simulations = simulations_of(runtime)
    progress: dict[tuple[str, str], float] = {}
    # The first simulation would otherwise wait for imports and data files.
    await asyncio.to_thread(warm_up)
    async with Bus.hosted(runtime, name=v1.SERVICE) as bus:
        handlers = Handlers(simulations, bus, settings, progress)
        runner = Runner(simulations, bus, settings, runtime.clock, progress)
        bus.serve(v1.request_focus_group, handlers.request_focus_group)
        bus.serve(v1.cancel_simulation, handlers.cancel)
        bus.serve(v1.get_simulation, handlers.get)
        bus.serve(v1.get_results, handlers.results)
        bus.serve(v1.list_segments, handlers.segments)
        bus.not_implemented(v1.SERVICE)
        bus.consume(replace(RUNS, concurrency=settings.simulation_concurrency), runner.run)
        bus.consume(SNAPSHOTS, simulations.repair)
        bus.health(v1.SERVICE, _checks(runtime))
        await bus.start()
        yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    simulations = simulations_of(runtime)
    return [
        *simulations.log.resources(),
        *simulations.snapshots.resources(),
        *consumer_resources(runtime.settings, RUNS),
        *consumer_resources(runtime.settings, SNAPSHOTS),
    ]


def _checks(runtime: Runtime) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok"}

    return checks


service = Service(name=v1.SERVICE, open=open_service, resources=resources)
