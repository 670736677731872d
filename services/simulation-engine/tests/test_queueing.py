"""Simulations of a tenant that has as many under way as it may: they wait, begin in order, and hold nobody else up."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from simulation_scene import EXAMPLE, focus_group

from dramatis_bus import Bus
from dramatis_bus.subjects import progress_subject
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Rejected, Settings, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import Runtime, connect, select
from dramatis_simulation_engine.admission import Admission
from dramatis_simulation_engine.app import service, simulations_of
from dramatis_simulation_engine.commands import Cancel, Request
from dramatis_simulation_engine.latest import LatestProgress
from dramatis_simulation_engine.settings import SimulationSettings
from dramatis_simulation_engine.turns import Turns
from dramatis_testkit.hosting import hosted

ENGINE = """
import asyncio
from dramatis_kit import Settings
from dramatis_kit.service import serve
from dramatis_simulation_engine.app import service
asyncio.run(serve([service], Settings(), ready=lambda: print("ready", flush=True)))
"""
A, B = "brk_a", "brk_b"
CAUSE = Cause(correlation_id="cor_1")


def own(settings: Settings, **limits: float) -> SimulationSettings:
    return SimulationSettings.model_validate(
        settings.model_dump()
        | {"simulation_tenant_concurrency": 1, "simulation_concurrency": 2}
        | {"simulation_cancel_seconds": 0.05, "drain_seconds": 0.3}
        | limits
    )


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(own(settings, simulation_tenant_waiting=3), *select(["relay"]), service) as client:
        yield client


def study(iterations: int = 10_000, people: int = 1000) -> v1.FocusGroup:
    """With the defaults it takes longer than any test waits."""
    who = EXAMPLE["persona_configuration"] | {"specific_personas": [], "generated_count": people}
    prices = {"type": "pricing_strategy", "price_points": [42e6, 45e6]}
    return focus_group(
        persona_configuration=who, simulation_parameters={"iterations": iterations}, test_scenarios=[prices]
    )


QUICK = study(iterations=10, people=5)


async def request(bus: Bus, tenant: str = A, group: v1.FocusGroup | None = None) -> v1.Simulation:
    command = v1.RequestFocusGroup(simulation_id=new_id("sim"), focus_group=group or study())
    return await bus.call(v1.request_focus_group, command, tenant=tenant)


async def state(bus: Bus, simulation: v1.Simulation, tenant: str = A) -> v1.Simulation:
    query = v1.GetSimulation(simulation_id=simulation.simulation_id)
    return await bus.call(v1.get_simulation, query, tenant=tenant)


async def cancel(bus: Bus, simulation: v1.Simulation, tenant: str = A) -> None:
    command = v1.CancelSimulation(simulation_id=simulation.simulation_id)
    await bus.call(v1.cancel_simulation, command, tenant=tenant)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 60
    while not await condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


async def until_status(bus: Bus, simulation: v1.Simulation, status: v1.Status, tenant: str = A) -> v1.Simulation:
    async def reached() -> bool:
        return (await state(bus, simulation, tenant)).status == status

    await until(reached)
    return await state(bus, simulation, tenant)


async def history(settings: Settings, simulation: v1.Simulation, tenant: str = A) -> list[Envelope]:
    async with connect(settings) as mongo:
        log = EventLog(mongo[settings.mongo_database])
        return await log.read(tenant, StreamId("simulation", simulation.simulation_id))


async def test_beyond_the_limit_a_simulation_is_queued_with_its_position(bus: Bus) -> None:
    first, second, third = [await request(bus) for _ in range(3)]
    assert [(s.status, s.queue_position) for s in (first, second, third)] == [
        ("queued", None),
        ("queued", 1),
        ("queued", 2),
    ]
    await until_status(bus, first, "running")
    assert (await state(bus, second)).queue_position == 1
    listed = await bus.call(v1.list_simulations, v1.ListSimulations(), tenant=A)
    assert [item.queue_position for item in listed.items] == [2, 1, None]


async def test_when_one_ends_the_next_begins_and_the_others_move_up(bus: Bus, settings: Settings) -> None:
    first, second, third = [await request(bus) for _ in range(3)]
    await until_status(bus, first, "running")
    await cancel(bus, first)
    began = await until_status(bus, second, "running")
    assert began.queue_position is None
    waits = await state(bus, third)
    assert (waits.status, waits.queue_position) == ("queued", 1)
    types = [event.type for event in await history(settings, second)]
    assert types == ["simulation.focus_group_requested.v1", "simulation.admitted.v1", "simulation.started.v1"]


async def test_all_that_waited_are_carried_out_in_the_order_of_arrival(bus: Bus) -> None:
    asked = [await request(bus, group=QUICK) for _ in range(4)]
    ended = [await until_status(bus, simulation, "completed") for simulation in asked]
    began = [simulation.started_at for simulation in ended if simulation.started_at is not None]
    assert len(began) == 4
    assert began == sorted(began)


async def test_cancelling_one_that_waits_moves_the_others_up_at_once(bus: Bus) -> None:
    _, second, third = [await request(bus) for _ in range(3)]
    await cancel(bus, second)
    assert (await state(bus, second)).queue_position is None
    assert (await state(bus, third)).queue_position == 1


async def test_those_that_wait_are_told_their_new_position(bus: Bus) -> None:
    first, _, third = [await request(bus) for _ in range(3)]
    heard: list[v1.Progress] = []

    async def note(message: object) -> None:
        heard.append(v1.Progress.model_validate_json(getattr(message, "data", b"")))

    leave = await bus.subscribe(progress_subject(A, third.simulation_id), note)
    await cancel(bus, first)

    async def told() -> bool:
        return bool(heard)

    await until(told)
    await leave()
    assert (heard[0].current_step, heard[0].progress, heard[0].queue_position) == ("queued", None, 1)


async def test_the_queue_of_one_tenant_holds_no_worker_that_another_one_needs(bus: Bus) -> None:
    """The engine has two workers: what waits must occupy none of them."""
    waiting = [await request(bus, A) for _ in range(4)]
    await until_status(bus, waiting[0], "running")
    other = await request(bus, B, QUICK)
    assert other.queue_position is None
    await until_status(bus, other, "completed", B)
    assert [(await state(bus, simulation)).queue_position for simulation in waiting] == [None, 1, 2, 3]


async def test_what_one_tenant_has_under_way_leaves_workers_to_another_one(settings: Settings) -> None:
    few = own(settings, simulation_tenant_concurrency=100, simulation_tenant_at_work=1)
    async with hosted(few, *select(["relay"]), service) as bus:
        asked = [await request(bus, A) for _ in range(4)]
        assert [simulation.queue_position for simulation in asked] == [None] * 4
        await until_status(bus, asked[0], "running")
        await until_status(bus, await request(bus, B, QUICK), "completed", B)
        assert [(await state(bus, simulation)).status for simulation in asked[1:]] == ["queued"] * 3
        await cancel(bus, asked[0])
        await until_status(bus, asked[1], "running")


async def test_the_queue_is_bounded(bus: Bus) -> None:
    for _ in range(4):
        await request(bus)
    with pytest.raises(Rejected, match="RATE_LIMITED"):
        await request(bus)
    assert (await request(bus, B)).queue_position is None


async def test_what_is_refused_takes_no_place(bus: Bus) -> None:
    nobody = EXAMPLE["persona_configuration"] | {"segments": ["martians"], "specific_personas": []}
    with pytest.raises(Rejected, match="INVALID_SIMULATION"):
        await request(bus, group=focus_group(persona_configuration=nobody))
    assert (await request(bus)).queue_position is None


async def test_a_repeated_command_takes_no_second_place(bus: Bus) -> None:
    command = v1.RequestFocusGroup(simulation_id="sim_1", focus_group=study())
    for _ in range(2):
        again = await bus.call(v1.request_focus_group, command, tenant=A, command_id="cmd_1")
        assert (again.simulation_id, again.queue_position) == ("sim_1", None)
    assert (await request(bus)).queue_position == 1


async def test_after_engines_were_killed_all_that_waited_are_carried_out_one_at_a_time(settings: Settings) -> None:
    limited = own(settings)
    async with hosted(settings, *select(["relay"])) as bus, _provisioned(limited):
        middling = study(iterations=300, people=300)
        async with _engine_process(limited) as one, _engine_process(limited) as two:
            asked = [await request(bus, group=middling) for _ in range(4)]
            await until_status(bus, asked[1], "running")
            for engine in (one, two):
                engine.send_signal(signal.SIGKILL)
                await engine.wait()
        async with _engine_process(limited):
            ended = [await until_status(bus, simulation, "completed") for simulation in asked]
        began = [simulation.started_at for simulation in ended]
        for earlier, later in zip(ended, began[1:], strict=False):
            assert earlier.completed_at is not None
            assert later is not None
            assert earlier.completed_at <= later
        for simulation in asked:
            types = [event.type for event in await history(settings, simulation)]
            assert types.count("simulation.completed.v1") == 1


async def test_an_engine_knows_the_progress_that_another_one_tells(bus: Bus) -> None:
    """The tick comes from elsewhere: nobody here is at work on the second simulation, which waits for its turn."""
    await request(bus)
    other = await request(bus)
    tick = v1.Progress(simulation_id=other.simulation_id, progress=0.4, current_step="photo_preferences")
    await bus.publish_progress(A, tick)

    async def known() -> bool:
        return (await state(bus, other)).progress == 0.4

    await until(known)
    assert (await bus.call(v1.list_simulations, v1.ListSimulations(), tenant=A)).items[0].progress == 0.4


def test_of_more_simulations_than_are_remembered_the_first_is_forgotten() -> None:
    latest = LatestProgress(most=2)
    for number in (1, 2, 3):
        latest.note(A, v1.Progress(simulation_id=f"sim_{number}", progress=number / 10, current_step="x"))
    assert [latest.of(A, f"sim_{number}") for number in (1, 2, 3)] == [None, 0.2, 0.3]
    latest.note(A, v1.Progress(simulation_id="sim_3", progress=None, current_step="queued"))
    assert (latest.of(A, "sim_3"), latest.of(B, "sim_3")) == (0.3, None)


@pytest.fixture
async def alone(settings: Settings) -> AsyncIterator[tuple[Admission, Turns, Runtime]]:
    """The admission of an engine that serves nobody: what a crash leaves behind is made by hand."""
    async with connect(settings) as mongo, Bus.open(settings, name="test-engine") as bus:
        runtime = Runtime(settings=settings, mongo=mongo)
        await provision(service.resources(runtime))
        turns = Turns(runtime.database, limit=1)
        yield Admission(turns, simulations_of(runtime), bus, most_waiting=10), turns, runtime


async def test_a_place_of_a_simulation_that_was_never_recorded_is_freed_after_a_while(
    alone: tuple[Admission, Turns, Runtime],
) -> None:
    admission, turns, _ = alone
    await turns.enter(A, "sim_never")
    await turns.enter(A, "sim_waits")
    await admission.sweep()
    assert (await turns.standing(A)).position("sim_waits") == 1
    await admission.sweep()
    assert "sim_waits" in (await turns.standing(A)).active


async def test_a_simulation_that_is_recorded_late_keeps_its_place(alone: tuple[Admission, Turns, Runtime]) -> None:
    admission, turns, runtime = alone
    await turns.enter(A, "sim_late")
    await turns.enter(A, "sim_waits")
    await admission.sweep()
    command = Request(study=QUICK, participants=(), seed=7)
    await simulations_of(runtime).handle(A, "sim_late", command, command_id="cmd_1", cause=CAUSE)
    await admission.sweep()
    assert (await turns.standing(A)).active == {"sim_late"}


async def test_a_place_that_a_crash_left_taken_after_the_end_is_freed(alone: tuple[Admission, Turns, Runtime]) -> None:
    admission, turns, runtime = alone
    simulations = simulations_of(runtime)
    for name in ("sim_1", "sim_2"):
        await turns.arrive(A, name)
        command = Request(study=QUICK, participants=(), seed=7)
        await simulations.handle(A, name, command, command_id=new_id("cmd"), cause=CAUSE)
    await simulations.handle(A, "sim_1", Cancel(), command_id=new_id("cmd"), cause=CAUSE)
    await admission.sweep()
    assert (await turns.standing(A)).active == {"sim_2"}
    events = await simulations.log.read(A, StreamId("simulation", "sim_2"))
    assert [event.type for event in events] == ["simulation.focus_group_requested.v1", "simulation.admitted.v1"]


@asynccontextmanager
async def _provisioned(settings: Settings) -> AsyncIterator[None]:
    async with connect(settings) as mongo:
        await provision(service.resources(Runtime(settings=settings, mongo=mongo)))
        yield


@asynccontextmanager
async def _engine_process(settings: SimulationSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    given = {f"DRAMATIS_{name.upper()}": str(v) for name, v in settings.model_dump().items() if v is not None}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ENGINE, stdout=asyncio.subprocess.PIPE, env={**os.environ, **given}
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while await process.stdout.readline() != b"ready\n":
                assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
