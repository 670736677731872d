"""kill -9 of an engine at each step of an interrogation: the run goes on where it was, and pays for nothing twice."""

import asyncio
import json
import signal
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import pytest

from dramatis_bus import Bus
from dramatis_contracts.interrogation import v1
from dramatis_eventlog import EventLog, StreamId
from dramatis_kit import Settings
from dramatis_kit.provisioning import provision
from dramatis_kit.service import Runtime, connect, select
from dramatis_testkit.hosting import hosted, service_process
from dramatis_testkit.openai_server import ScriptedModel, schema_of, scripted_model

TENANT = "brk_1"
EXCHANGES = 2
CALLS = 1 + 3 * EXCHANGES + 1
"""Distil; question, answer and evidence of each exchange; synthesis."""
SAID = "We stopped at the third form last Tuesday because it asked for tax data."


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the model says to each form; the number of answers so far tells its questions apart."""
    fields = schema_of(body)["properties"]
    if "none_of_these" in fields:
        hypotheses = [
            {"title": "Setup asks too much", "description": "Too many questions.", "probability": 0.5},
            {"title": "The price comes early", "description": "Value is not felt yet.", "probability": 0.3},
        ]
        return {"analysis": "Conversion fell.", "hypotheses": hypotheses, "none_of_these": 0.2}
    if "questions" in fields:
        number = str(body["messages"]).count("Stakeholder, answer") + 1
        expectations = [
            {"hypothesis_id": "h-1", "supports": 0.7, "contradicts": 0.1},
            {"hypothesis_id": "h-2", "supports": 0.2, "contradicts": 0.4},
            {"hypothesis_id": "none", "supports": 0.2, "contradicts": 0.3},
        ]
        asked = ("What happened the last time somebody gave up?", "Which form did they see before they left?")
        content = asked[(number - 1) % 2]
        return {
            "questions": [{"content": content, "kind": "probe", "hypothesis_id": "h-1", "expectations": expectations}]
        }
    if "carried_by" in fields:
        return {"answer": SAID, "knows": True, "carried_by": [SAID], "invented": []}
    if "evidence" in fields:
        piece = {
            "hypothesis_id": "h-1",
            "type": "past_behaviour",
            "strength": 0.4,
            "quote": SAID,
            "why": "It happened.",
        }
        return {"evidence": [piece], "root_cause": ""}
    return {
        "final_answer": "The interview points to the setup; check it with real users.",
        "citations": [{"hypothesis_id": "h-1", "answer": 1, "quote": SAID}],
        "uncertainty": "One simulated person.",
    }


def engine(settings: Settings, server: ScriptedModel) -> AbstractAsyncContextManager[Process]:
    own = {"DRAMATIS_LLM_BASE_URL": server.url, "DRAMATIS_LLM_MODEL": "scripted"}
    return service_process(settings, "simulation-engine", own)


async def start(bus: Bus) -> str:
    request = v1.InterrogationRequest(
        user_input="Our trial conversion dropped.",
        stakeholder_profile=f"I run a small business. {SAID}",
        max_interview_messages=2 * EXCHANGES,
        mind="llm",
    )
    command = v1.RequestInterrogation(simulation_id=str(uuid4()), request=request)
    return (await bus.call(v1.request_interrogation, command, tenant=TENANT)).simulation_id


async def ended(bus: Bus, run_id: str) -> v1.Interrogation:
    query = v1.GetInterrogation(simulation_id=run_id)
    async with asyncio.timeout(90):
        while (found := await bus.call(v1.get_interrogation, query, tenant=TENANT)).status == "running":
            await asyncio.sleep(0.05)
    return found


@pytest.mark.timeout(300)
async def test_an_engine_killed_at_each_step_repeats_none_and_pays_once(settings: Settings) -> None:
    async with scripted_model(answer=answer) as server, hosted(settings, *select(["relay", "persona"])) as bus:
        server.delay_seconds = 0.1
        async with connect(settings) as mongo:
            runtime = Runtime(settings=settings, mongo=mongo)
            for service in select(["simulation-engine"]):
                await provision(service.resources(runtime))
            log = EventLog(mongo[settings.mongo_database])
            run_id = ""
            for step in range(CALLS):
                async with engine(settings, server) as doomed:
                    if run_id:
                        await assert_continued(bus, log, server, run_id)
                    run_id = await start(bus)
                    if step:
                        await server.got(step, seconds=60)
                    await asyncio.sleep(0.05 * (step % 3))  # before, in and after the call that follows
                    doomed.send_signal(signal.SIGKILL)
                    await doomed.wait()
            async with engine(settings, server):
                await assert_continued(bus, log, server, run_id)


async def assert_continued(bus: Bus, log: EventLog, server: ScriptedModel, run_id: str) -> None:
    """The run was completed by the engine that came after the killed one; forgets what was paid for it."""
    run = await ended(bus, run_id)
    assert run.status == "completed", run.error
    events = await log.read(TENANT, StreamId("interrogation", run_id))
    assert_once([event.type for event in events], [event.streamversion for event in events])
    paid = Counter(asked.key for asked in server.paid)
    assert len(paid) == CALLS
    # Only what was in flight when the engine died is asked again.
    assert sum(paid.values()) <= CALLS + 1
    server.asked.clear()


def assert_once(types: list[str], versions: list[int]) -> None:
    """The steps of two exchanges, each one time, under versions without a gap."""
    short = Counter(name.removeprefix("interrogation.").removesuffix(".v1") for name in types)
    assert versions == list(range(1, len(versions) + 1))
    assert short.pop("hypotheses_concluded") >= 1
    assert short == Counter(
        {
            "requested": 1,
            "started": 1,
            "hypotheses_distilled": 1,
            "interview_planned": 1,
            "question_asked": EXCHANGES,
            "answer_given": EXCHANGES,
            "evidence_weighed": EXCHANGES,
            "completed": 1,
        }
    ), json.dumps(types)
