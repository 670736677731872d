"""Composition root of orchestrator.

Processes and their metrics, life loops, chat completions, conversations, agents under test and batch execution; of
these, batches are built.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from dramatis_bus import Bus, OrderedConsumer, WorkQueue
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service
from dramatis_orchestrator.batches.conductor import Conductor
from dramatis_orchestrator.batches.decider import Batch, decide, evolve
from dramatis_orchestrator.batches.handlers import Batches, BatchHandlers
from dramatis_orchestrator.batches.projections import LOOKED_UP_BY, decode, encode

# An attempt asks the engine for all that has its turn, and may then do so for batches that waited for this one.
BATCHES = OrderedConsumer("orchestrator-batches", service=v1.SERVICE, timeout=300.0, ack_wait=5.0)
ENDS = WorkQueue(
    "orchestrator-simulation-ends",
    service=engine.SERVICE,
    events=tuple(
        body.type for body in (engine.SimulationCompleted, engine.SimulationFailed, engine.SimulationCancelled)
    ),
    timeout=60.0,
)


def batches_of(runtime: Runtime) -> Batches:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "batch"),
        category="batch",
        initial=Batch(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    batches = batches_of(runtime)
    async with Bus.hosted(runtime, name=v1.SERVICE) as bus:
        handlers = BatchHandlers(batches, bus)
        conductor = Conductor(batches, bus)
        bus.serve(v1.create_personas, handlers.create_personas)
        bus.serve(v1.request_simulations, handlers.request_simulations)
        bus.serve(v1.get_batch, handlers.get)
        bus.serve(v1.list_batches, handlers.list_)
        bus.serve(v1.cancel_batch, handlers.cancel)
        bus.not_implemented(v1.SERVICE)
        bus.consume(BATCHES, conductor.on_batch)
        bus.consume(ENDS, conductor.on_end)
        bus.health(v1.SERVICE, _checks(runtime))
        await bus.start()
        yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    batches = batches_of(runtime)
    return [
        *batches.log.resources(),
        *batches.snapshots.resources(*LOOKED_UP_BY),
        *consumer_resources(runtime.settings, BATCHES),
        *consumer_resources(runtime.settings, ENDS),
    ]


def _checks(runtime: Runtime) -> Callable[[], Awaitable[dict[str, str]]]:
    async def checks() -> dict[str, str]:
        await runtime.mongo.admin.command("ping")
        return {"mongodb": "ok"}

    return checks


service = Service(name=v1.SERVICE, open=open_service, resources=resources)
