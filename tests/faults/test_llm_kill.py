"""kill -9 of an engine while a language model answers: nothing that was answered is asked, or paid for, again."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AbstractAsyncContextManager

import pytest

from dramatis_bus import Bus
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import EventLog, StreamId
from dramatis_kit import Settings, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import Runtime, connect, select
from dramatis_testkit.hosting import hosted, service_process
from dramatis_testkit.openai_server import ScriptedModel, scripted_model

TENANT = "brk_1"
PEOPLE = 12
CALLS = PEOPLE * 2 * (1 + 2)
"""A menu of photographs and two prices, two times."""
AT_ONCE = 4
DEATHS = 2

GROUP = v1.FocusGroup.model_validate(
    {
        "name": "A flat by the river",
        "property": {"price": 2_000_000, "type": "apartment", "features": ["terrace"]},
        "test_scenarios": [
            {"type": "photo_selection", "options": ["kitchen", "terrace", "view"]},
            {"type": "pricing_strategy", "price_points": [1_900_000, 2_100_000]},
        ],
        "persona_configuration": {
            "mode": "segment",
            "segments": ["tech_entrepreneurs"],
            "generated_count": PEOPLE,
        },
        "simulation_parameters": {"iterations": 50, "seed": 7, "respondents": "llm"},
    }
)


def engine(settings: Settings, server: ScriptedModel) -> AbstractAsyncContextManager[Process]:
    own = {"DRAMATIS_LLM_BASE_URL": server.url, "DRAMATIS_LLM_MODEL": "scripted"}
    own |= {"DRAMATIS_LLM_CONCURRENCY": str(AT_ONCE)}
    return service_process(settings, "simulation-engine", own)


async def completed(bus: Bus, simulation_id: str) -> v1.Results:
    query = v1.GetSimulation(simulation_id=simulation_id)
    async with asyncio.timeout(90):
        while (await bus.call(v1.get_simulation, query, tenant=TENANT)).status != "completed":
            await asyncio.sleep(0.05)
    return await bus.call(v1.get_results, v1.GetResults(simulation_id=simulation_id), tenant=TENANT)


@pytest.mark.timeout(240)
async def test_an_engine_killed_several_times_pays_for_each_answer_once(settings: Settings) -> None:
    simulation = new_id("sim")
    async with scripted_model() as server, hosted(settings, *select(["relay", "persona"])) as bus:
        server.delay_seconds = 0.05
        async with connect(settings) as mongo:
            runtime = Runtime(settings=settings, mongo=mongo)
            for service in select(["simulation-engine"]):
                await provision(service.resources(runtime))
            for death in range(DEATHS):
                async with engine(settings, server) as process:
                    if death == 0:
                        command = v1.RequestFocusGroup(simulation_id=simulation, focus_group=GROUP)
                        await bus.call(v1.request_focus_group, command, tenant=TENANT)
                    await server.got((death + 1) * CALLS // 5, seconds=60)
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
            async with engine(settings, server):
                found = await completed(bus, simulation)
            log = EventLog(mongo[settings.mongo_database])
            types = Counter(event.type for event in await log.read(TENANT, StreamId("simulation", simulation)))

    asked = Counter(a.key for a in server.paid)
    again = sum(count - 1 for count in asked.values())
    # Only what was in flight when an engine died is asked again.
    assert len(asked) == CALLS
    assert again <= DEATHS * AT_ONCE
    assert (found.n_respondents, found.respondents) == (PEOPLE, "llm")
    assert types["simulation.completed.v1"] == types["simulation.started.v1"] == 1
    longest = max(a.tokens for a in server.paid)
    assert found.tokens_used is not None
    assert server.tokens - DEATHS * AT_ONCE * longest <= found.tokens_used <= server.tokens
