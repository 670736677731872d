"""Simulations with `respondents: llm` on the real engines: from the request to the results, refused, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from llm_scene import CALLS, PHOTOS, PRICES, preferring
from simulation_scene import EXAMPLE, JOHN, focus_group

from dramatis_bus import Bus
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import EventLog, StreamId
from dramatis_kit import Rejected, Settings, new_id
from dramatis_kit.service import connect, select
from dramatis_simulation_engine.app import service
from dramatis_testkit.hosting import hosted
from dramatis_testkit.openai_server import Fault, ScriptedModel, scripted_model

TENANT = "brk_1"


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedModel]:
    async with scripted_model(answer=preferring("sunset")) as served:
        monkeypatch.setenv("DRAMATIS_LLM_BASE_URL", served.url)
        monkeypatch.setenv("DRAMATIS_LLM_MODEL", "scripted")
        monkeypatch.setenv("DRAMATIS_LLM_BACKOFF_SECONDS", "0.01")
        yield served


@pytest.fixture
async def bus(settings: Settings, server: ScriptedModel) -> AsyncIterator[Bus]:
    del server  # the settings of the engine name it
    async with hosted(settings, *select(["relay", "persona"]), service) as client:
        yield client


async def invite(bus: Bus) -> str:
    profile = persona.PersonaProfile.model_validate({"name": "John Smith", **JOHN})
    command = persona.CreatePersona(persona_id=new_id("pers"), profile=profile)
    return (await bus.call(persona.create_persona, command, tenant=TENANT)).id


async def request(bus: Bus, *persona_ids: str, generated: int = 0, **parameters: Any) -> str:
    who = {
        **EXAMPLE["persona_configuration"],
        "mode": "segment" if generated else "specific",
        "specific_personas": list(persona_ids),
        "generated_count": generated,
    }
    parameters = {"iterations": 100, "seed": 7, "respondents": "llm", **parameters}
    group = focus_group(test_scenarios=[PHOTOS, PRICES], persona_configuration=who, simulation_parameters=parameters)
    command = v1.RequestFocusGroup(simulation_id=new_id("sim"), focus_group=group)
    return (await bus.call(v1.request_focus_group, command, tenant=TENANT)).simulation_id


async def ended(bus: Bus, simulation_id: str, seconds: float = 60) -> v1.Simulation:
    query = v1.GetSimulation(simulation_id=simulation_id)
    async with asyncio.timeout(seconds):
        while True:
            simulation = await bus.call(v1.get_simulation, query, tenant=TENANT)
            if simulation.status in ("completed", "failed", "cancelled"):
                return simulation
            await asyncio.sleep(0.02)


async def results(bus: Bus, simulation_id: str) -> v1.Results:
    return await bus.call(v1.get_results, v1.GetResults(simulation_id=simulation_id), tenant=TENANT)


async def history(settings: Settings, simulation_id: str) -> list[Envelope]:
    async with connect(settings) as mongo:
        return await EventLog(mongo[settings.mongo_database]).read(TENANT, StreamId("simulation", simulation_id))


async def test_personas_played_by_a_language_model_run_from_request_to_results(
    bus: Bus, settings: Settings, server: ScriptedModel
) -> None:
    simulation = await request(bus, await invite(bus), generated=3)
    assert (await ended(bus, simulation)).status == "completed"
    found = await results(bus, simulation)
    assert (found.respondents, found.n_respondents, found.cost) == ("llm", 4, None)
    assert found.tokens_used == server.tokens > 0
    assert len(server.paid) == 4 * CALLS
    events = await history(settings, simulation)
    answers = [a for e in events if e.type == "simulation.answers_recorded.v1" for a in e.data["answers"]]
    assert len(answers) == 4 * 2 * 2
    assert [e.type for e in events][-1] == "simulation.completed.v1"
    assert events[1].data["model_version"] == found.model_version


async def test_a_budget_that_runs_out_completes_with_those_who_were_asked(bus: Bus, server: ScriptedModel) -> None:
    simulation = await request(bus, generated=12, language_model={"max_tokens": 30_000})
    assert (await ended(bus, simulation)).status == "completed"
    found = await results(bus, simulation)
    assert 0 < found.n_respondents < 12
    assert server.tokens <= 30_000
    assert found.summary is not None
    assert any("were asked everything" in finding for finding in found.summary.key_findings)


async def test_a_budget_that_reaches_nobody_is_a_failure_with_its_reason(bus: Bus, settings: Settings) -> None:
    simulation = await request(bus, generated=2, language_model={"max_tokens": 100})
    failed = await ended(bus, simulation)
    assert (failed.status, "100 tokens" in (failed.error or "")) == ("failed", True)
    assert (await history(settings, simulation))[-1].data["code"] == "LLM_BUDGET_EXHAUSTED"


async def test_an_endpoint_that_refuses_the_key_is_a_failure_at_once(
    bus: Bus, settings: Settings, server: ScriptedModel
) -> None:
    server.faults = [Fault("error", times=999, status=401, text="Incorrect API key")]
    simulation = await request(bus, generated=2)
    assert "Incorrect API key" in ((await ended(bus, simulation)).error or "")
    assert (await history(settings, simulation))[-1].data["code"] == "LLM_MISCONFIGURED"


async def test_an_endpoint_that_is_down_for_a_while_is_waited_for(bus: Bus, server: ScriptedModel) -> None:
    server.faults = [Fault("unavailable", times=12)]
    simulation = await request(bus, generated=2)
    assert (await ended(bus, simulation)).status == "completed"
    assert len(server.paid) == 2 * CALLS


async def test_an_endpoint_that_stays_down_is_a_failure_once_patience_ends(
    settings: Settings, server: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_SIMULATION_LLM_PATIENCE_SECONDS", "0")
    server.faults = [Fault("unavailable", times=999)]
    async with hosted(settings, *select(["relay", "persona"]), service) as bus:
        simulation = await request(bus, generated=2)
        assert (await ended(bus, simulation)).status == "failed"
    assert (await history(settings, simulation))[-1].data["code"] == "LLM_UNREACHABLE"


async def test_a_limit_in_money_needs_a_known_price(bus: Bus, server: ScriptedModel) -> None:
    with pytest.raises(Rejected) as refusal:
        await request(bus, generated=2, language_model={"max_cost": 1.5})
    assert refusal.value.field == "simulation_parameters.language_model.max_cost"
    assert "'scripted'" in (refusal.value.issue or "")
    assert server.asked == []


async def test_cancelling_ends_the_calls(bus: Bus, server: ScriptedModel) -> None:
    server.delay_seconds = 0.3
    simulation = await request(bus, generated=20)
    await server.got(4)
    await bus.call(v1.cancel_simulation, v1.CancelSimulation(simulation_id=simulation), tenant=TENANT)
    async with asyncio.timeout(10):
        while server.at_once:
            await asyncio.sleep(0.05)
    assert len(server.asked) < 20 * CALLS


async def test_without_a_configured_model_nobody_is_asked_instead(settings: Settings) -> None:
    async with hosted(settings, *select(["persona"]), service) as bus:
        with pytest.raises(Rejected) as refusal:
            await request(bus, generated=2)
    assert (refusal.value.code, refusal.value.field) == ("INVALID_SIMULATION", "simulation_parameters.respondents")
    assert "DRAMATIS_LLM_BASE_URL" in (refusal.value.issue or "")
