"""Puts the parts of interrogations together; `app.py` of the engine calls it."""

from collections.abc import Sequence
from dataclasses import replace

from dramatis_bus import BatchConsumer, Bus, WorkQueue
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.interrogation import v1
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime
from dramatis_llm import ChatModel, NotConfigured
from dramatis_simulation_engine.interrogation.decider import Interrogation, decide, evolve
from dramatis_simulation_engine.interrogation.handlers import InterrogationHandlers, Interrogations
from dramatis_simulation_engine.interrogation.language.mind import language_mind
from dramatis_simulation_engine.interrogation.minds import Mind
from dramatis_simulation_engine.interrogation.offline import offline_mind
from dramatis_simulation_engine.interrogation.projections import decode, encode
from dramatis_simulation_engine.interrogation.runner import InterrogationRunner, Run
from dramatis_simulation_engine.settings import SimulationSettings

RUNS = WorkQueue("interrogation-runs", service=v1.SERVICE, events=(v1.InterrogationRequested.type,), ack_wait=5.0)
SNAPSHOTS = BatchConsumer("interrogation-snapshots", services=(v1.SERVICE,), aggregate="interrogation")


def interrogations_of(runtime: Runtime) -> Interrogations:
    return Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "interrogation"),
        category="interrogation",
        initial=Interrogation(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )


def serve_interrogations(bus: Bus, runtime: Runtime, settings: SimulationSettings, model: ChatModel | None) -> None:
    """Register what interrogations need on a bus that has not started yet."""
    runs = interrogations_of(runtime)
    handlers = InterrogationHandlers(runs, bus, settings.interrogation_mind, model)

    def mind_of(run: Run) -> Mind:
        if run.requested.mind == "offline":
            return offline_mind(run.requested.seed)
        if model is None:
            raise NotConfigured
        return language_mind(model, run.tenant, run.id, settings)

    runner = InterrogationRunner(runs, mind_of, settings, runtime.clock)
    bus.serve(v1.request_interrogation, handlers.request)
    bus.serve(v1.get_interrogation, handlers.get)
    bus.serve(v1.list_interrogations, handlers.list_)
    bus.consume(replace(RUNS, concurrency=settings.interrogation_concurrency), runner.run)
    bus.consume(SNAPSHOTS, runs.repair_all)


def interrogation_resources(runtime: Runtime) -> Sequence[Resource]:
    return [
        *interrogations_of(runtime).snapshots.resources([("state.status", 1), ("created_at", -1), ("id", 1)]),
        *consumer_resources(runtime.settings, RUNS),
        *consumer_resources(runtime.settings, SNAPSHOTS),
    ]
