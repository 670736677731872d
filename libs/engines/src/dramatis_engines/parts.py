"""The child processes of a platform: begun, watched, begun again after a crash, and ended in time."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dramatis_engines.console import Voice
from dramatis_engines.files import short
from dramatis_engines.processes import EngineFailed, Process, spawn
from dramatis_engines.settings import PlatformSettings

_TICK = 0.1

UNPREPARED = 78
"""Exit code (EX_CONFIG) of a process whose streams, indexes or tables could not be made."""


class Fault(Exception):
    """The platform cannot start or go on; the message is one line for its user."""


def first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure of a group of tasks; the others are its consequences."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


@dataclass(slots=True)
class Part:
    """One child process that must run. `begin` starts it anew, ready to work or nearly so."""

    name: str
    log_file: Path
    begin: Callable[[], Awaitable[Process]]
    process: Process
    crashes: int = 0


async def keep(part: Part, settings: PlatformSettings, voice: Voice) -> None:
    """Begin `part` again whenever it ends, later each time. Raises `Fault` when it ends too often."""
    while True:
        begun = time.monotonic()
        code = await ended(part.process)
        if code == UNPREPARED and part.crashes == 0:
            raise Fault(f"{part.name} could not be prepared: {reason_in(part.log_file)}")
        if time.monotonic() - begun > settings.crash_quiet_seconds:
            part.crashes = 0
        part.crashes += 1
        how = f"{part.name} ended unexpectedly ({describe(code)}"
        if part.crashes >= settings.crash_limit:
            raise Fault(f"{how}, {part.crashes} times in a row): {reason_in(part.log_file)}")
        delay = restart_delay(part.crashes)
        voice.notice(f"{how}); started again in {delay:g} s. Log: {short(part.log_file)}")
        await asyncio.sleep(delay)
        await _begin_again(part)


async def _begin_again(part: Part) -> None:
    """An engine that does not start counts as one that ended: its dead process is seen at once."""
    try:
        part.process = await part.begin()
    except EngineFailed:
        return


def restart_delay(crashes: int) -> float:
    """Seconds before the next start: 0.5, 1, 2, … at most 10."""
    return min(10.0, 0.5 * 2.0 ** (crashes - 1))


async def ended(process: Process) -> int:
    """The exit code of a child, as soon as it has one."""
    while (code := process.poll()) is None:  # noqa: ASYNC110 - an exit code can only be polled without a thread
        await asyncio.sleep(_TICK)
    return code


def describe(code: int) -> str:
    """`exit code 1` or `SIGKILL`."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


async def end(processes: Sequence[Process], seconds: float, hurry: asyncio.Event) -> None:
    """Ask all to end, wait up to `seconds` or until there is a hurry, and kill the rest."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + seconds
    while any(process.poll() is None for process in processes):
        if time.monotonic() > deadline or hurry.is_set():
            break
        await asyncio.sleep(0.01)
    for process in processes:
        process.kill()
        process.wait()


def dramatis(arguments: Sequence[str], log_file: Path, env: Mapping[str, str]) -> Process:
    """Spawn `dramatis …` with these additions to the environment. It imports what it needs and waits for `release`."""
    command = [sys.executable, "-m", "dramatis_engines.cli", *arguments, "--hold"]
    return spawn(command, log_file, env={**os.environ, **env}, stdin=subprocess.PIPE)


def release(process: Process, env: Mapping[str, str]) -> None:
    """Let a held child go on, with the addresses that were not known when it was spawned."""
    assert process.stdin is not None  # noqa: S101 - `dramatis` opened the pipe
    try:
        process.stdin.write(json.dumps(dict(env)).encode() + b"\n")
        process.stdin.close()
    except BrokenPipeError:
        return  # it ended meanwhile, which its watcher sees


def held() -> None:
    """In the child: wait for `release`. Ends the process when the parent is gone."""
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)
    os.environ.update(json.loads(line))


def reason_in(log_file: Path) -> str:
    """Why a child ended: what it said in words for people, else where its log is."""
    tail = log_file.read_bytes()[-65536:].decode(errors="replace") if log_file.exists() else ""
    said = [line for line in tail.splitlines() if line.startswith("dramatis: ")]
    return said[-1].removeprefix("dramatis: ") if said else f"see {short(log_file)}"
