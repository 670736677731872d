"""One requested simulation in an engine's hands: delivered twice, with a defect, or while something is down."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from simulation_scene import EXAMPLE, JOHN, focus_group

from dramatis_bus import Bus, Received
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Cause, StreamId
from dramatis_kit import Rejected, Settings, Unavailable, new_id, utc_now
from dramatis_kit.provisioning import provision
from dramatis_kit.service import Runtime, connect
from dramatis_simulation_engine import runner as module
from dramatis_simulation_engine.admission import Admission
from dramatis_simulation_engine.app import service, simulations_of
from dramatis_simulation_engine.commands import Cancel, Request
from dramatis_simulation_engine.handlers import Simulations
from dramatis_simulation_engine.latest import LatestProgress
from dramatis_simulation_engine.runner import Runner
from dramatis_simulation_engine.settings import SimulationSettings
from dramatis_simulation_engine.turns import Turns

TENANT = "brk_1"
CAUSE = Cause(correlation_id="cor_1")


@dataclass
class Bench:
    """An engine whose deliveries are made by hand."""

    runner: Runner
    simulations: Simulations
    bus: Bus

    async def requested(self, *participants: v1.Participant) -> Envelope:
        simulation = new_id("sim")
        who = {**EXAMPLE["persona_configuration"], "specific_personas": [p.persona_id for p in participants]}
        command = Request(study=focus_group(persona_configuration=who), participants=participants, seed=7)
        await self.simulations.handle(TENANT, simulation, command, command_id=new_id("cmd"), cause=CAUSE)
        return (await self.history(simulation))[0]

    async def history(self, simulation: str) -> list[Envelope]:
        return await self.simulations.log.read(TENANT, StreamId("simulation", simulation))

    async def types(self, envelope: Envelope) -> list[str]:
        return [event.type.split(".")[1] for event in await self.history(envelope.subject)]


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[Bench]:
    async with connect(settings) as mongo, Bus.open(settings, name="test-engine") as bus:
        runtime = Runtime(settings=settings, mongo=mongo)
        await provision(service.resources(runtime))
        simulations = simulations_of(runtime)
        own = SimulationSettings(**settings.model_dump(), simulation_attempts=3)
        turns = Turns(runtime.database, limit=100)
        admission = Admission(turns, simulations, bus, most_waiting=100)
        yield Bench(Runner(simulations, bus, own, utc_now, LatestProgress(), admission), simulations, bus)


async def test_a_request_that_is_delivered_twice_is_run_to_its_end_once(engine: Bench) -> None:
    envelope = await engine.requested()
    await engine.runner.run(Received(envelope, 1))
    await engine.runner.run(Received(envelope, 1, delivered=2))
    expected = ["focus_group_requested", "started", "frozen", "responses_recorded", "completed"]
    assert await engine.types(envelope) == expected
    assert {e.causationid for e in (await engine.history(envelope.subject))[1:]} == {envelope.id}
    assert {e.correlationid for e in await engine.history(envelope.subject)} == {"cor_1"}


async def test_two_engines_at_once_complete_it_once(engine: Bench) -> None:
    envelope = await engine.requested()
    await asyncio.gather(engine.runner.run(Received(envelope, 1)), engine.runner.run(Received(envelope, 1)))
    assert (await engine.types(envelope)).count("completed") == 1


async def test_what_was_cancelled_before_it_began_is_not_begun(engine: Bench) -> None:
    envelope = await engine.requested()
    await engine.simulations.handle(TENANT, envelope.subject, Cancel(), command_id=new_id("cmd"), cause=CAUSE)
    await engine.runner.run(Received(envelope, 1))
    assert await engine.types(envelope) == ["focus_group_requested", "cancelled"]


async def test_a_defect_is_tried_again_and_then_told_as_a_failure(
    engine: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defective(*_: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(module, "carry_out", defective)
    envelope = await engine.requested()
    with pytest.raises(ZeroDivisionError):
        await engine.runner.run(Received(envelope, 1, delivered=2))
    await engine.runner.run(Received(envelope, 1, delivered=3))
    assert await engine.types(envelope) == ["focus_group_requested", "started", "failed"]
    failure = (await engine.history(envelope.subject))[-1].data
    assert failure["code"] == "INTERNAL_ERROR"
    assert "secret" not in failure["reason"]


async def test_while_personas_cannot_be_asked_for_it_is_tried_again(engine: Bench) -> None:
    envelope = await engine.requested(v1.Participant(persona_id="pers_1", version=1))
    with pytest.raises(Unavailable):
        await engine.runner.run(Received(envelope, 1, delivered=9))
    assert await engine.types(envelope) == ["focus_group_requested", "started"]


async def test_a_persona_that_is_gone_for_good_is_an_honest_failure(engine: Bench) -> None:
    async def answer(_: Any) -> persona.Personas:
        raise Rejected("NOT_FOUND", "no persona pers_1", field="personas[0].persona_id")

    engine.bus.serve(persona.get_personas, answer)
    await engine.bus.start()
    envelope = await engine.requested(v1.Participant(persona_id="pers_1", version=1))
    await engine.runner.run(Received(envelope, 1))
    assert await engine.types(envelope) == ["focus_group_requested", "started", "failed"]
    assert (await engine.simulations.load(TENANT, envelope.subject)).state.failure == (
        "A persona that takes part cannot be read any more: no persona pers_1."
    )


async def test_a_persona_answers_as_it_was_when_it_was_invited(engine: Bench) -> None:
    asked: list[persona.PersonaVersion] = []

    async def answer(call: Any) -> persona.Personas:
        asked.extend(call.request.personas)
        profile = persona.PersonaProfile.model_validate({"name": "John", **JOHN})
        found = persona.Persona(
            id="pers_1",
            **dict(profile),
            created_at=utc_now(),
            updated_at=utc_now(),
            status="active",
            enrichment_status="none",
            simulation_ready=True,
            version=4,
        )
        return persona.Personas(personas=(found,))

    engine.bus.serve(persona.get_personas, answer)
    await engine.bus.start()
    envelope = await engine.requested(v1.Participant(persona_id="pers_1", version=4))
    await engine.runner.run(Received(envelope, 1))
    assert asked == [persona.PersonaVersion(persona_id="pers_1", version=4)]
    recorded = (await engine.history(envelope.subject))[3].data["detailed_results"]
    first = recorded["persona_responses"][0]
    assert (first["persona_id"], first["version"]) == ("pers_1", 4)
