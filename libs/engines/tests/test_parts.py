"""A part that crashes is begun again, later each time, and not for ever."""

import asyncio
import os
import signal
import sys
from io import StringIO
from pathlib import Path

import pytest

from dramatis_engines.console import Voice
from dramatis_engines.parts import (
    UNPREPARED,
    Fault,
    Part,
    describe,
    dramatis,
    end,
    keep,
    reason_in,
    release,
    restart_delay,
)
from dramatis_engines.processes import EngineFailed, Process, spawn
from dramatis_engines.settings import PlatformSettings


def settings(**changes: object) -> PlatformSettings:
    return PlatformSettings().model_copy(update=changes)


def part_of(folder: Path, *commands: str) -> Part:
    """A part whose n-th process runs the n-th command."""
    rest = iter(commands[1:])

    async def begin() -> Process:
        return spawn(["sh", "-c", next(rest)], folder / "log")

    return Part("The part", folder / "log", begin, spawn(["sh", "-c", commands[0]], folder / "log"))


def test_each_restart_waits_longer_up_to_a_bound() -> None:
    assert [restart_delay(crashes) for crashes in (1, 2, 3, 5, 20)] == [0.5, 1.0, 2.0, 8.0, 10.0]


async def test_a_part_that_keeps_ending_is_given_up_with_what_it_said_last(tmp_path: Path) -> None:
    said = StringIO()
    part = part_of(tmp_path, "exit 3", "echo 'dramatis: no more wine' >&2; exit 4")
    with pytest.raises(Fault, match=r"exit code 4, 2 times in a row\): no more wine"):
        await keep(part, settings(crash_limit=2), Voice(said))
    assert "The part ended unexpectedly (exit code 3); started again in 0.5 s" in said.getvalue()


async def test_a_part_that_ran_for_long_has_its_earlier_crashes_forgotten(tmp_path: Path) -> None:
    part = part_of(tmp_path, "exit 1", "sleep 0.4; exit 1", "exit 1")
    said = StringIO()
    with pytest.raises(Fault):
        await keep(part, settings(crash_limit=2, crash_quiet_seconds=0.2), Voice(said))
    assert said.getvalue().count("started again") == 2


async def test_a_part_that_could_not_be_prepared_is_not_tried_again(tmp_path: Path) -> None:
    part = part_of(tmp_path, f"echo 'dramatis: an index is in the way'; exit {UNPREPARED}")
    with pytest.raises(Fault, match="The part could not be prepared: an index is in the way"):
        await keep(part, settings(), Voice(StringIO()))


async def test_an_engine_that_does_not_start_again_counts_as_crashed(tmp_path: Path) -> None:
    async def begin() -> Process:
        raise EngineFailed("no")

    part = Part("NATS", tmp_path / "log", begin, spawn(["false"], tmp_path / "log"))
    with pytest.raises(Fault, match="2 times in a row"):
        await keep(part, settings(crash_limit=2), Voice(StringIO()))


async def test_who_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    stubborn = spawn(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], tmp_path / "a")
    polite = spawn(["sleep", "60"], tmp_path / "b")
    await asyncio.sleep(0.2)
    await end([stubborn, polite], 0.3, asyncio.Event())
    assert (describe(stubborn.returncode), describe(polite.returncode)) == ("SIGKILL", "SIGTERM")


async def test_a_second_interrupt_ends_the_waiting(tmp_path: Path) -> None:
    stubborn = spawn(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], tmp_path / "a")
    await asyncio.sleep(0.2)
    hurry = asyncio.Event()
    hurry.set()
    await end([stubborn], 3600, hurry)
    assert stubborn.returncode == -signal.SIGKILL


def test_a_held_process_goes_on_with_the_addresses_that_it_is_released_with(tmp_path: Path) -> None:
    process = dramatis(["serve", "no-such-service"], tmp_path / "log", {})
    release(process, {"DRAMATIS_MONGO_URL": "mongodb://x"})
    assert process.wait(30) == UNPREPARED
    assert "there is no no-such-service" in reason_in(tmp_path / "log")


def test_a_held_process_ends_with_its_supervisor(tmp_path: Path) -> None:
    code = "from dramatis_engines.parts import held; held(); print('released')"
    reading, writing = os.pipe()
    process = spawn([sys.executable, "-c", code], tmp_path / "log", stdin=reading)
    os.close(reading)
    os.close(writing)
    assert process.wait(30) == 0
    assert (tmp_path / "log").read_text() == ""


def test_a_part_that_said_nothing_is_explained_by_its_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("{}\n")
    assert str(tmp_path / "log") in reason_in(tmp_path / "log")
