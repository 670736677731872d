"""Simulations in batches on the real engines: the real simulation engine runs them, the real relay tells of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Rejected, Runtime, Unavailable, new_id, utc_now
from dramatis_kit.service import connect, select
from dramatis_kit.settings import Settings
from dramatis_orchestrator.app import batches_of, service
from dramatis_orchestrator.batches.decider import Request, Start
from dramatis_testkit.hosting import hosted

TENANT = "brk_1"
DEADLINE = 60
GROUP: dict[str, Any] = {
    "name": "A flat by the river",
    "property": {"price": 2_000_000, "type": "apartment", "features": ["terrace"]},
    "test_scenarios": [{"type": "photo_selection", "options": ["kitchen", "terrace"]}],
    "persona_configuration": {"mode": "segment", "segments": ["tech_entrepreneurs"], "generated_count": 3},
    "simulation_parameters": {"iterations": 5},
}
NOBODY = {"mode": "segment", "segments": ["nobles"], "generated_count": 3}


def group(**changes: Any) -> v1.SimulationItem:
    return v1.SimulationItem(type="focus_group", request=GROUP | changes)


async def ask(bus: Bus, *items: v1.SimulationItem, **options: Any) -> v1.Batch:
    batch_id = options.pop("batch_id", None) or new_id("batch")
    command = v1.RequestSimulations(batch_id=batch_id, items=items, **options)
    return await bus.call(v1.request_simulations, command, tenant=TENANT, command_id=batch_id)


async def read(bus: Bus, batch: v1.Batch) -> v1.Batch:
    return await bus.call(v1.get_batch, v1.GetBatch(batch_id=batch.batch_id), tenant=TENANT)


async def until(bus: Bus, batch: v1.Batch, true: Callable[[v1.Batch], bool]) -> v1.Batch:
    async with asyncio.timeout(DEADLINE):
        while not true(found := await read(bus, batch)):
            await asyncio.sleep(0.02)
    return found


async def ended(bus: Bus, batch: v1.Batch) -> v1.Batch:
    return await until(bus, batch, lambda b: b.status != "running" and not b.running)


@dataclass
class Engine:
    """An engine that a test holds in its hands: it accepts, and ends a simulation when it is told to."""

    log: EventLog
    requested: list[str] = field(default_factory=list)
    commands: Counter[str] = field(default_factory=Counter)
    cancelled: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event | None = None
    """Requests wait for it where there is one."""

    async def request(self, call: Call[engine.RequestFocusGroup]) -> engine.Simulation:
        self.arrived.set()
        if self.open is not None:
            await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.commands[call.command_id] += 1
        self.requested.append(call.request.simulation_id)
        return _simulation(call.request.simulation_id)

    async def get(self, call: Call[engine.GetSimulation]) -> engine.Simulation:
        if call.request.simulation_id in self.requested:
            return _simulation(call.request.simulation_id)
        raise Rejected("NOT_FOUND", "no such simulation", field="simulation_id")

    async def cancel(self, call: Call[engine.CancelSimulation]) -> engine.Simulation:
        found = await self.get(call)  # type: ignore[arg-type]  # both name a simulation
        self.cancelled.append(found.simulation_id)
        await self.tell(found.simulation_id, engine.SimulationCancelled())
        return found

    async def tell(self, simulation: str, event: engine.Event) -> None:
        """The end of a simulation, as the log tells it."""
        stream, command = StreamId("simulation", simulation), f"{simulation}.{event.type}"
        await self.log.append(TENANT, stream, [event], expected_version=0, command_id=command, cause=Cause("cor_1"))

    async def fail(self, simulation: str) -> None:
        await self.tell(simulation, engine.SimulationFailed(code="INTERNAL_ERROR", reason="It failed."))

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while len(self.requested) < count:
                await asyncio.sleep(0.01)

    async def stays_at(self, count: int) -> None:
        """As many were asked for, and no more though time was given."""
        await self.wait_for(count)
        await asyncio.sleep(0.3)
        assert len(self.requested) == count


def _simulation(simulation: str) -> engine.Simulation:
    return engine.Simulation(
        simulation_id=simulation,
        type="focus_group",
        name="A flat by the river",
        status="queued",
        created_at=utc_now(),
        started_at=None,
        completed_at=None,
        progress=None,
        error=None,
        estimated_duration_seconds=1,
        version=1,
    )


@asynccontextmanager
async def held(settings: Settings) -> AsyncIterator[tuple[Bus, Engine]]:
    async with connect(settings) as mongo, Bus.open(settings, name="simulation-engine") as other:
        own = Engine(EventLog(mongo[settings.mongo_database]))
        other.serve(engine.request_focus_group, own.request)
        other.serve(engine.get_simulation, own.get)
        other.serve(engine.cancel_simulation, own.cancel)
        await other.start()
        async with hosted(settings, *select(["relay"]), service) as client:
            yield client, own


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, *select(["relay", "persona", "simulation-engine"]), service) as client:
        yield client


async def test_a_batch_runs_to_its_end(bus: Bus) -> None:
    accepted = await ask(bus, *(group() for _ in range(6)), execution=v1.Execution(max_concurrent=3))
    assert (accepted.status, accepted.total, accepted.pending) == ("running", 6, 6)
    done = await ended(bus, accepted)
    assert (done.status, done.successful, done.completed_at is not None) == ("completed", 6, True)
    for item in done.items:
        assert item.id is not None
        simulation = await bus.call(engine.get_simulation, engine.GetSimulation(simulation_id=item.id), tenant=TENANT)
        assert simulation.status == "completed"


async def test_what_the_engine_refuses_fails_alone_with_its_reason(bus: Bus) -> None:
    accepted = await ask(bus, group(), group(persona_configuration=NOBODY), group())
    done = await ended(bus, accepted)
    assert [item.status for item in done.items] == ["completed", "failed", "completed"]
    error = done.items[1].error
    assert error is not None
    assert (error.code, error.field) == ("INVALID_SIMULATION", "params.persona_configuration.segments[0]")
    assert done.items[1].id is None


async def test_a_batch_of_refusals_ends_at_once(bus: Bus) -> None:
    error = v1.ItemError(code="INVALID_SIMULATION", message="It is invalid.", field="params.name")
    refused = v1.SimulationItem(type="intervention", refused=error)
    batch = await ask(bus, refused, refused)
    assert (batch.status, batch.failed, batch.items[0].error) == ("completed", 2, error)


async def test_an_item_that_is_no_request_of_its_type_fails(bus: Bus) -> None:
    done = await ended(bus, await ask(bus, v1.SimulationItem(type="intervention", request={"scenario": 1})))
    error = done.items[0].error
    assert error is not None
    assert (error.code, error.field) == ("INVALID_SIMULATION", "params.scenario")


async def test_no_more_run_at_once_than_asked_for(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        batch = await ask(bus, *(group() for _ in range(4)), execution=v1.Execution(max_concurrent=2))
        await own.stays_at(2)
        assert (await read(bus, batch)).running == 2
        await own.fail(own.requested[1])
        await own.stays_at(3)
        assert own.requested == [f"sim_{batch.batch_id[6:]}_{place}" for place in (0, 1, 2)]


async def test_without_parallel_they_run_one_by_one(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        await ask(bus, group(), group(), execution=v1.Execution(parallel=False, max_concurrent=5))
        await own.stays_at(1)
        await own.fail(own.requested[0])
        await own.wait_for(2)


async def test_the_first_failure_stops_it_where_that_is_wanted(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        batch = await ask(
            bus, *(group() for _ in range(4)), continue_on_error=False, execution=v1.Execution(max_concurrent=2)
        )
        await own.wait_for(2)
        await own.fail(own.requested[0])
        await until(bus, batch, lambda b: b.skipped == 2)
        assert (await read(bus, batch)).status == "running"
        await own.tell(own.requested[1], engine.SimulationCancelled())
        done = await ended(bus, batch)
        assert (done.status, done.failed, done.cancelled, done.skipped) == ("stopped", 1, 1, 2)
        assert done.items[0].error == v1.ItemError(code="INTERNAL_ERROR", message="It failed.")
        assert len(own.requested) == 2


async def test_items_of_a_high_priority_start_before_lower_ones(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        one = {"max_concurrent": 1}
        low = await ask(bus, group(), group(), execution=v1.Execution(priority="low", **one))
        await own.stays_at(1)
        high = await ask(bus, group(), group(), execution=v1.Execution(priority="high", **one))
        await own.stays_at(2)
        await own.fail(own.requested[0])
        # The low batch has room, but a high one has an item that waits.
        await until(bus, low, lambda b: b.failed == 1)
        await own.stays_at(2)
        await own.fail(own.requested[1])
        await own.wait_for(4)
        names = [name.rpartition("_")[0].replace("sim_", "batch_") for name in own.requested]
        assert names == [low.batch_id, high.batch_id, high.batch_id, low.batch_id]


async def test_priorities_are_a_matter_of_one_tenant(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        await ask(bus, group(), group(), execution=v1.Execution(priority="high", max_concurrent=1))
        command = v1.RequestSimulations(
            batch_id=new_id("batch"), items=(group(),), execution=v1.Execution(priority="low")
        )
        await bus.call(v1.request_simulations, command, tenant="brk_2")
        await own.wait_for(2)


async def test_a_cancelled_batch_starts_nothing_more_and_what_runs_is_cancelled(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        batch = await ask(bus, *(group() for _ in range(4)), execution=v1.Execution(max_concurrent=2))
        await own.wait_for(2)
        cancel = v1.CancelBatch(batch_id=batch.batch_id)
        first = await bus.call(v1.cancel_batch, cancel, tenant=TENANT)
        assert (first.status, first.cancelled) == ("cancelled", 2)
        done = await until(bus, batch, lambda b: b.cancelled == 4)
        assert set(own.cancelled) == set(own.requested)
        assert [item.id is not None for item in done.items] == [True, True, False, False]
        again = await bus.call(v1.cancel_batch, cancel, tenant=TENANT)
        assert again.status == "cancelled"
        await own.stays_at(2)


async def test_what_was_on_its_way_when_the_batch_was_cancelled_is_cancelled_too(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        own.open = asyncio.Event()
        batch = await ask(bus, group())
        await own.arrived.wait()
        await bus.call(v1.cancel_batch, v1.CancelBatch(batch_id=batch.batch_id), tenant=TENANT)
        own.open.set()
        await until(bus, batch, lambda b: b.cancelled == 1)
        assert own.cancelled


async def test_what_had_its_turn_when_the_process_died_is_asked_for_by_the_next(settings: Settings) -> None:
    async with connect(settings) as mongo:
        batches = batches_of(Runtime(settings=settings, mongo=mongo))
        for resource in batches.log.resources():
            await resource.apply()
        items = tuple(
            v1.RequestedItem(index=place, type="focus_group", id=f"sim_x_{place}", request=GROUP) for place in range(3)
        )
        once = v1.Execution(max_concurrent=2)
        asked = Request("simulations", items, (), continue_on_error=True, viewer=Viewer(), execution=once)
        await batches.handle(TENANT, "batch_x", asked, command_id="cmd_1", cause=Cause("cor_1"))
        await batches.handle(TENANT, "batch_x", Start(), command_id="cmd_2", cause=Cause("cor_1"))
    async with held(settings) as (_, own):
        await own.stays_at(2)
        assert sorted(own.requested) == ["sim_x_0", "sim_x_1"]
        for simulation in tuple(own.requested):
            await own.fail(simulation)
        await own.wait_for(3)
        assert own.commands == Counter(f"sim_x_{place}.request" for place in range(3))


async def test_another_tenants_batch_cannot_be_cancelled(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        batch = await ask(bus, group())
        await own.wait_for(1)
        with pytest.raises(Rejected, match="NOT_FOUND"):
            await bus.call(v1.cancel_batch, v1.CancelBatch(batch_id=batch.batch_id), tenant="brk_2")
        assert (await read(bus, batch)).status == "running"


async def test_an_engine_that_is_away_is_waited_for(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        own.failures = [Unavailable("the event log"), Unavailable("the event log")]
        await ask(bus, group())
        await own.stays_at(1)


async def test_a_request_that_is_refused_though_it_was_accepted_before_counts_as_accepted(settings: Settings) -> None:
    """The reply was lost, and what it names has changed since."""
    async with held(settings) as (bus, own):
        batch_id = new_id("batch")
        own.requested.append(f"sim_{batch_id[6:]}_0")
        own.failures = [Rejected("NOT_FOUND", "no property", field="property_id")]
        batch = await ask(bus, group(), batch_id=batch_id)
        await until(bus, batch, lambda b: b.running == 1)
        await asyncio.sleep(0.2)
        assert (await read(bus, batch)).running == 1


async def test_a_repeated_command_starts_nothing_twice(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        batch = await ask(bus, group())
        assert (await ask(bus, group(), batch_id=batch.batch_id)).batch_id == batch.batch_id
        await own.stays_at(1)
        assert (await bus.call(v1.list_batches, v1.ListBatches(), tenant=TENANT)).total == 1


async def test_a_list_of_batches_can_be_narrowed(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        batch = await ask(bus, group())
        await own.wait_for(1)
        for chosen, found in (({"status": "running"}, 1), ({"status": "cancelled"}, 0), ({"type": "personas"}, 0)):
            page = await bus.call(v1.list_batches, v1.ListBatches.model_validate(chosen), tenant=TENANT)
            assert [summary.batch_id for summary in page.items] == [batch.batch_id] * found


async def test_simulations_of_nobodys_batch_change_nothing(settings: Settings) -> None:
    async with held(settings) as (bus, own):
        for foreign in ("sim_8k7j6h5g4f3d2s1a", "sim_nobody_0"):
            await own.fail(foreign)
        batch = await ask(bus, group())
        await own.wait_for(1)
        await own.fail(own.requested[0])
        assert (await ended(bus, batch)).failed == 1
