"""The simulation engine on the real engines: asked, run, cancelled, killed midway."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.msg import Msg
from simulation_scene import EXAMPLE, JOHN, focus_group

from dramatis_bus import Bus
from dramatis_bus.subjects import progress_subject
from dramatis_contracts.base import Viewer
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import EventLog, StreamId
from dramatis_kit import Rejected, Settings, new_id
from dramatis_kit.provisioning import drift_of, provision
from dramatis_kit.service import Runtime, connect, select
from dramatis_simulation_engine.app import service
from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.runner import respondent_of
from dramatis_testkit.hosting import hosted

TENANT = "brk_1"
OTHERS = ("relay", "persona")

ENGINE = """
import asyncio
from dramatis_kit import Settings
from dramatis_kit.service import serve
from dramatis_simulation_engine.app import service
asyncio.run(serve([service], Settings(), ready=lambda: print("ready", flush=True)))
"""


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, *select(OTHERS), service) as client:
        yield client


@pytest.fixture
async def unpublished(settings: Settings) -> AsyncIterator[Bus]:
    """Without the relay: what is requested stays queued."""
    async with hosted(settings, *select(["persona"]), service) as client:
        yield client


async def invite(bus: Bus, **fields: Any) -> str:
    profile = persona.PersonaProfile.model_validate({"name": "John Smith", **JOHN, **fields})
    command = persona.CreatePersona(persona_id=new_id("pers"), profile=profile)
    return (await bus.call(persona.create_persona, command, tenant=TENANT)).id


def asked(*persona_ids: str, iterations: int = 100, **changes: Any) -> v1.FocusGroup:
    who = EXAMPLE["persona_configuration"] | {"specific_personas": list(persona_ids)} | changes.pop("who", {})
    parameters = EXAMPLE["simulation_parameters"] | {"iterations": iterations, "seed": 7}
    return focus_group(persona_configuration=who, simulation_parameters=parameters, **changes)


def long() -> v1.FocusGroup:
    """Takes seconds, so that something can happen meanwhile."""
    return asked(iterations=4000, who={"generated_count": 1000})


async def request(bus: Bus, group: v1.FocusGroup, command_id: str | None = None, sim: str | None = None) -> str:
    command = v1.RequestFocusGroup(simulation_id=sim or new_id("sim"), focus_group=group)
    simulation = await bus.call(v1.request_focus_group, command, tenant=TENANT, command_id=command_id)
    assert simulation.status == "queued"
    return simulation.simulation_id


async def state(bus: Bus, simulation_id: str) -> v1.Simulation:
    return await bus.call(v1.get_simulation, v1.GetSimulation(simulation_id=simulation_id), tenant=TENANT)


async def results(bus: Bus, simulation_id: str, tenant: str = TENANT) -> v1.Results:
    return await bus.call(v1.get_results, v1.GetResults(simulation_id=simulation_id), tenant=tenant)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.02)


async def until_status(bus: Bus, simulation_id: str, *statuses: v1.Status) -> v1.Simulation:
    async def reached() -> bool:
        return (await state(bus, simulation_id)).status in statuses

    await until(reached)
    return await state(bus, simulation_id)


async def history(settings: Settings, simulation_id: str) -> list[Envelope]:
    async with connect(settings) as mongo:
        log = EventLog(mongo[settings.mongo_database])
        return await log.read(TENANT, StreamId("simulation", simulation_id))


async def test_a_focus_group_runs_from_request_to_results(bus: Bus, settings: Settings) -> None:
    known = await invite(bus)
    simulation = await request(bus, asked(known))
    ended = await until_status(bus, simulation, "completed", "failed")
    assert (ended.status, ended.progress, ended.error) == ("completed", 1.0, None)
    assert ended.started_at is not None
    assert ended.completed_at is not None
    found = await results(bus, simulation)
    assert (found.n_respondents, found.tokens_used, found.cost, found.seed) == (21, 0, 0.0, 7)
    assert found.detailed_results is not None
    assert found.detailed_results["persona_responses"][0]["persona_id"] == known
    types = [event.type for event in await history(settings, simulation)]
    assert types == [
        "simulation.focus_group_requested.v1",
        "simulation.started.v1",
        "forecast.frozen.v1",
        "simulation.responses_recorded.v1",
        "simulation.completed.v1",
    ]


async def test_the_request_keeps_its_participants_at_their_versions(unpublished: Bus, settings: Settings) -> None:
    known = await invite(unpublished)
    changes = persona.UpdatePersona(persona_id=known, changes=persona.PersonaChanges(visibility="team"))
    await unpublished.call(persona.update_persona, changes, tenant=TENANT)
    simulation = await request(unpublished, asked(known))
    requested = (await history(settings, simulation))[0]
    assert requested.data["participants"] == [{"persona_id": known, "version": 2}]


async def test_a_summary_has_no_details(bus: Bus) -> None:
    brief = EXAMPLE["simulation_parameters"] | {"detail_level": "summary"}
    simulation = await request(bus, focus_group(simulation_parameters=brief, persona_configuration=_drawn_only()))
    await until_status(bus, simulation, "completed")
    found = await results(bus, simulation)
    assert found.detailed_results is None
    assert found.summary is not None


def _drawn_only() -> dict[str, Any]:
    return {**EXAMPLE["persona_configuration"], "specific_personas": []}


async def test_a_repeated_command_starts_one_simulation(bus: Bus, settings: Settings) -> None:
    known = await invite(bus)
    simulation = new_id("sim")
    await request(bus, asked(known), "cmd_1", simulation)
    await until_status(bus, simulation, "completed")
    await bus.call(persona.delete_persona, persona.DeletePersona(persona_id=known), tenant=TENANT)
    await request(bus, asked(known), "cmd_1", simulation)
    assert len(await history(settings, simulation)) == 5


async def test_a_persona_that_is_deleted_meanwhile_still_takes_part(unpublished: Bus, settings: Settings) -> None:
    known = await invite(unpublished)
    simulation = await request(unpublished, asked(known))
    await unpublished.call(persona.delete_persona, persona.DeletePersona(persona_id=known), tenant=TENANT)
    async with hosted(settings, *select(["relay"])):
        ended = await until_status(unpublished, simulation, "completed", "failed")
    assert ended.status == "completed"


@asynccontextmanager
async def _provisioned(settings: Settings) -> AsyncIterator[Runtime]:
    async with connect(settings) as mongo:
        runtime = Runtime(settings=settings, mongo=mongo)
        await provision(service.resources(runtime))
        yield runtime


async def test_provisioning_twice_changes_nothing(settings: Settings) -> None:
    async with _provisioned(settings) as runtime:
        assert await drift_of(service.resources(runtime)) == []


@pytest.mark.parametrize(
    ("who", "field", "issue"),
    [
        ({"segments": ["finance_executives", "martians"]}, "persona_configuration.segments[1]", "tech_entrepreneurs"),
        ({"segments": [], "mode": "specific", "specific_personas": ["x"]}, "persona_configuration.segments", "known: "),
        (
            {"specific_personas": ["pers_unknown"]},
            "persona_configuration.specific_personas[0]",
            "no persona 'pers_unknown'",
        ),
    ],
)
async def test_who_cannot_take_part_is_named(unpublished: Bus, who: dict[str, Any], field: str, issue: str) -> None:
    simulation = new_id("sim")
    with pytest.raises(Rejected) as refusal:
        await request(unpublished, asked(who=who), sim=simulation)
    assert (refusal.value.code, refusal.value.field) == ("INVALID_SIMULATION", field)
    assert issue in (refusal.value.issue or "")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await state(unpublished, simulation)


async def test_whom_an_agent_cannot_see_it_cannot_invite(unpublished: Bus) -> None:
    known = await invite(unpublished, visibility="private")

    async def requested(viewer: Viewer) -> v1.Simulation:
        command = v1.RequestFocusGroup(simulation_id=new_id("sim"), focus_group=asked(known), viewer=viewer)
        return await unpublished.call(v1.request_focus_group, command, tenant=TENANT)

    with pytest.raises(Rejected) as refusal:
        await requested(Viewer(agent_id="agt_1", team_id="team_1"))
    assert (refusal.value.code, refusal.value.field) == (
        "INVALID_SIMULATION",
        "persona_configuration.specific_personas[0]",
    )
    assert (await requested(Viewer())).status == "queued"


async def test_who_was_put_aside_cannot_be_invited(unpublished: Bus) -> None:
    known = await invite(unpublished)
    await unpublished.call(persona.archive_persona, persona.ArchivePersona(persona_id=known), tenant=TENANT)
    with pytest.raises(Rejected) as refusal:
        await request(unpublished, asked(known))
    assert refusal.value.field == "persona_configuration.specific_personas[0]"
    assert refusal.value.code == "INVALID_SIMULATION"
    assert refusal.value.issue == f"persona {known} is archived: restore it first"


async def test_a_segment_that_was_named_in_short_is_refused_where_it_stands(unpublished: Bus) -> None:
    short = v1.FocusGroupRequest.model_validate(
        {
            "property": {"price": 1_000_000, "type": "condo"},
            "persona_segments": ["nobody"],
            "test_scenarios": [{"type": "pricing_strategy", "price_points": [900_000, 1_000_000]}],
        }
    )
    command = v1.RequestFocusGroup(simulation_id=new_id("sim"), focus_group=short)
    with pytest.raises(Rejected) as refusal:
        await unpublished.call(v1.request_focus_group, command, tenant=TENANT)
    assert refusal.value.field == "persona_segments[0]"


async def test_an_agent_reaches_its_own_simulations_and_the_brokerage_all(bus: Bus) -> None:
    hers, others = Viewer(agent_id="agt_1", team_id="team_1"), Viewer(agent_id="agt_2", team_id="team_1")
    simulation = new_id("sim")
    command = v1.RequestFocusGroup(simulation_id=simulation, focus_group=asked(), viewer=hers)
    await bus.call(v1.request_focus_group, command, tenant=TENANT)
    await until_status(bus, simulation, "completed")
    for viewer in (hers, Viewer()):
        read = v1.GetResults(simulation_id=simulation, viewer=viewer)
        assert (await bus.call(v1.get_results, read, tenant=TENANT)).simulation_id == simulation
        listed = await bus.call(v1.list_simulations, v1.ListSimulations(viewer=viewer), tenant=TENANT)
        assert simulation in {item.simulation_id for item in listed.items}
    listed = await bus.call(v1.list_simulations, v1.ListSimulations(viewer=others), tenant=TENANT)
    assert listed.total == len(listed.items) == 0
    wanted = v1.GetSimulation(simulation_id=simulation, viewer=others)
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_simulation, wanted, tenant=TENANT)
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_results, v1.GetResults(simulation_id=simulation, viewer=others), tenant=TENANT)
    cancel = v1.CancelSimulation(simulation_id=simulation, viewer=others)
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.cancel_simulation, cancel, tenant=TENANT)


async def test_more_work_than_allowed_is_refused(unpublished: Bus) -> None:
    with pytest.raises(Rejected) as refusal:
        await request(unpublished, asked(iterations=10_000, who={"generated_count": 1000}, test_scenarios=_many()))
    assert refusal.value.field == "simulation_parameters.iterations"


def _many() -> list[dict[str, Any]]:
    return [{"type": "photo_selection", "options": ["kitchen", f"garden {number}"]} for number in range(20)]


async def test_another_tenant_finds_nothing(bus: Bus) -> None:
    simulation = await request(bus, asked())
    await until_status(bus, simulation, "completed")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await results(bus, simulation, tenant="brk_2")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.cancel_simulation, v1.CancelSimulation(simulation_id=simulation), tenant="brk_2")


async def test_the_segments_can_be_listed(unpublished: Bus) -> None:
    listed = await unpublished.call(v1.list_segments, v1.ListSegments(), tenant=TENANT)
    assert {"finance_executives", "tech_entrepreneurs"} <= {segment.name for segment in listed.segments}


async def test_progress_is_told_while_it_runs_and_a_cancellation_stops_it(bus: Bus, settings: Settings) -> None:
    ticks: list[v1.Progress] = []

    async def note(message: Msg) -> None:
        ticks.append(v1.Progress.model_validate_json(message.data))

    simulation = new_id("sim")
    leave = await bus.subscribe(progress_subject(TENANT, simulation), note)
    await request(bus, long(), sim=simulation)

    async def under_way() -> bool:
        return len(ticks) >= 3

    await until(under_way)
    running = await state(bus, simulation)
    assert running.status == "running"
    assert running.progress is not None
    with pytest.raises(Rejected, match="SIMULATION_NOT_COMPLETED"):
        await results(bus, simulation)
    cancel = v1.CancelSimulation(simulation_id=simulation)
    assert (await bus.call(v1.cancel_simulation, cancel, tenant=TENANT)).status == "cancelled"
    assert (await bus.call(v1.cancel_simulation, cancel, tenant=TENANT)).status == "cancelled"
    progress = [tick.progress for tick in ticks if tick.progress is not None]
    assert progress == sorted(progress)
    await _settles(lambda: len(ticks))
    types = [event.type for event in await history(settings, simulation)]
    assert types[-1] == "simulation.cancelled.v1"
    assert len(types) == 3
    await leave()


async def _settles(measure: Callable[[], int]) -> None:
    """Wait until a number has not changed for half a second: the computation has stopped."""
    last, since = measure(), time.monotonic()

    async def settled() -> bool:
        nonlocal last, since
        if (now := measure()) != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 0.5

    await until(settled)


async def test_what_waits_can_be_cancelled(unpublished: Bus) -> None:
    simulation = await request(unpublished, asked())
    cancel = v1.CancelSimulation(simulation_id=simulation)
    assert (await unpublished.call(v1.cancel_simulation, cancel, tenant=TENANT)).status == "cancelled"


async def test_what_is_completed_cannot_be_cancelled(bus: Bus) -> None:
    simulation = await request(bus, asked())
    await until_status(bus, simulation, "completed")
    with pytest.raises(Rejected, match="CONFLICT"):
        await bus.call(v1.cancel_simulation, v1.CancelSimulation(simulation_id=simulation), tenant=TENANT)


async def test_the_simulation_of_a_killed_engine_completes_once_with_the_same_bytes(settings: Settings) -> None:
    async with hosted(settings, *select(OTHERS)) as bus, _provisioned(settings):
        known = await invite(bus)
        group = asked(known, iterations=2000, who={"generated_count": 500})
        async with _engine_process(settings) as engine:
            simulation = await request(bus, group)
            await until_status(bus, simulation, "running")
            engine.send_signal(signal.SIGKILL)
            await engine.wait()
        assert len(await history(settings, simulation)) == 2
        async with _engine_process(settings):
            await until_status(bus, simulation, "completed", "failed")
            found = await results(bus, simulation)
        types = [event.type for event in await history(settings, simulation)]
        assert types.count("simulation.completed.v1") == types.count("simulation.started.v1") == 1
        query = persona.GetPersonas(personas=(persona.PersonaVersion(persona_id=known, version=1),))
        invited = (await bus.call(persona.get_personas, query, tenant=TENANT)).personas
        expected = simulate(group, [respondent_of(p) for p in invited], 7)
        assert json.dumps(found.detailed_results) == json.dumps(expected.detailed_results)
        assert found.summary == expected.summary


@asynccontextmanager
async def _engine_process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    own = {f"DRAMATIS_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ENGINE, stdout=asyncio.subprocess.PIPE, env={**os.environ, **own}
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while await process.stdout.readline() != b"ready\n":
                assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
