"""The demonstration creates each thing once, however often it is interrupted, and shows numbers with their n."""

import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest

from dramatis_contracts.persona.v1 import PersonaProfile
from dramatis_contracts.simulation_engine.v1 import FocusGroup
from dramatis_engines.client import Unclear
from dramatis_engines.console import Voice
from dramatis_engines.demo import Memory, once
from dramatis_engines.example import PERSONAS, focus_group
from dramatis_engines.findings import estimates, show
from dramatis_engines.following import Meter
from dramatis_engines.tail import Message, parse


class World:
    """What the platform holds, and how it answers a creation: `accepts` and `answers`, call by call."""

    def __init__(self, *behaviours: tuple[bool, bool], visible_after: int = 0) -> None:
        self.things: list[str] = []
        self._behaviours = list(behaviours)
        self._looks_until_visible = visible_after

    async def find(self) -> str | None:
        if self.things and self._looks_until_visible <= 0:
            return self.things[0]
        self._looks_until_visible -= 1
        return None

    async def create(self) -> str:
        accepts, answers = self._behaviours.pop(0)
        if accepts:
            self.things.append(f"thing-{len(self.things)}")
        if not answers:
            raise Unclear("the connection broke")
        return self.things[-1]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "demo.json")


async def test_what_was_created_is_remembered(memory: Memory, tmp_path: Path) -> None:
    world = World((True, True))
    assert await once(memory, "simulation", world.find, world.create) == "thing-0"
    again = Memory(tmp_path / "demo.json")
    assert again.ids == {"simulation": "thing-0"}
    assert again.pending is None
    assert await once(again, "simulation", world.find, world.create) == "thing-0"


async def test_a_request_that_was_accepted_without_an_answer_is_not_sent_again(memory: Memory) -> None:
    world = World((True, False), visible_after=3)
    assert await once(memory, "simulation", world.find, world.create) == "thing-0"
    assert world.things == ["thing-0"]


async def test_a_request_that_was_lost_is_sent_again(memory: Memory) -> None:
    world = World((False, False), (True, True))
    assert await once(memory, "simulation", world.find, world.create, settle=0.1) == "thing-0"


async def test_a_kill_between_request_and_memory_does_not_create_a_second_thing(memory: Memory, tmp_path: Path) -> None:
    world = World((True, True), visible_after=2)
    memory.pending = "simulation"
    memory.save()
    await world.create()
    assert await once(Memory(tmp_path / "demo.json"), "simulation", world.find, world.create) == "thing-0"
    assert world.things == ["thing-0"]


async def test_a_platform_that_never_says_is_given_up(memory: Memory) -> None:
    world = World(*[(False, False)] * 9)
    with pytest.raises(Unclear):
        await once(memory, "simulation", world.find, world.create, settle=0)
    assert memory.pending == "simulation"


def test_the_example_is_the_one_of_the_specification() -> None:
    asked = FocusGroup.model_validate(focus_group(["pers_1", "pers_2"]))
    assert asked.persona_configuration.generated_count == 20
    assert asked.simulation_parameters.iterations == 100
    assert [PersonaProfile.model_validate(profile).name for profile in PERSONAS] == ["John Smith", "Maya Chen"]


ESTIMATE = {"value": 0.5, "low": 0.4, "high": None, "level": 0.95, "n": 22, "method": "m", "calibration": "assumed"}


def test_every_estimate_of_a_result_is_found_with_the_words_that_lead_to_it() -> None:
    details = {
        "photo_preferences": {"options": [{"option": "sunset_view", "share": ESTIMATE}]},
        "pricing": [{"price": 42_000_000.0, "demand": ESTIMATE}],
        "persona_responses": [{"share": ESTIMATE}],
    }
    assert [name for name, _ in estimates(details)] == [
        "photo preferences · options · sunset view · share",
        "pricing · $42,000,000 · demand",
    ]


def test_results_are_shown_with_n_and_interval_and_what_is_unknown() -> None:
    said = StringIO()
    results = {
        "simulation_id": "sim_1",
        "n_respondents": 22,
        "model_version": "v1",
        "summary": {"key_findings": ["Most prefer the sunset."]},
        "detailed_results": {"share": ESTIMATE},
        "recommendations": [{"action": "Lead with it", "confidence": 0.9}],
    }
    show(results, Voice(said))
    for words in ("22 respondents", "Most prefer", "n = 22", "0.4 to unknown", "95 % interval", "Lead with it", "0.90"):
        assert words in said.getvalue()


def test_progress_without_a_terminal_is_a_line_per_quarter() -> None:
    said = StringIO()
    with Meter(Voice(said)) as meter:
        for tick in (0.0, 0.1, 0.3, 0.4, 1.0):
            meter.tell(tick, "asking_people")
    assert [line.split()[1] for line in said.getvalue().splitlines()] == ["0%", "30%", "100%"]


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


async def test_server_sent_events_are_read_as_the_standard_says() -> None:
    text = ": hello\nretry: 1000\nid: 7\n\nid:8\nevent: gap\ndata: {\ndata: }\n\ndata:x\n\n"
    assert [message async for message in parse(lines(text))] == [
        Message("8", "gap", "{\n}"),
        Message("8", "message", "x"),
    ]


def test_a_damaged_memory_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"ids": {"simul')
    assert Memory(tmp_path / "demo.json").ids == {}
    assert json.loads(json.dumps(Memory(tmp_path / "demo.json").played)) is False
