"""A whole platform for a journey test: `dramatis up` as a user runs it, on free ports in a folder of its own."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dramatis_engines.processes import Process, free_port, spawn

READY_SECONDS = 90.0

FoundT = TypeVar("FoundT")


class NotInTime(Exception):
    """Something that a test waited for did not happen."""


def wait_for(what: str, look: Callable[[], FoundT | None], seconds: float = READY_SECONDS) -> FoundT:
    """The first result that is not None (or False). Raises `NotInTime`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise NotInTime(f"{what} within {seconds:g} s")


@dataclass(slots=True)
class RunningPlatform:
    """A started `dramatis up`. What it said so far is in `output`."""

    data_dir: Path
    port: int
    process: Process
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def dev(self) -> dict[str, Any]:
        """`dev.json`: empty until the platform is ready."""
        try:
            content: dict[str, Any] = json.loads((self.data_dir / "dev.json").read_text())
        except FileNotFoundError:
            return {}
        return content

    @property
    def api_key(self) -> str:
        return str(self.dev["api_key"])

    @property
    def engines(self) -> dict[str, str]:
        """The addresses of the engines, by setting: `mongo_url`, `nats_url`, `clickhouse_url`."""
        found: dict[str, str] = json.loads((self.data_dir / "engines.json").read_text())
        return found

    def wait_until_ready(self) -> None:
        wait_for("the platform is ready", lambda: bool(self.dev) or self._ended())

    def wait_until_said(self, words: str, seconds: float = READY_SECONDS) -> None:
        wait_for(f"{words!r} is said", lambda: words in self.said or self._ended(), seconds)

    def _ended(self) -> bool:
        """False while it runs. Raises `NotInTime`, with all that was said, once it has ended."""
        if (code := self.process.poll()) is not None:
            raise NotInTime(f"the platform ended with {code}:\n{self.said}")
        return False

    def stop(self, seconds: float = 60) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL for the supervisor; the kernel takes the rest down."""
        self.process.kill()
        self.process.wait()


def start_platform(
    folder: Path, *, port: int | None = None, demo: bool = False, env: Mapping[str, str] | None = None
) -> RunningPlatform:
    """Start without waiting. The same folder and port continue an earlier platform."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    output = folder / f"output-{time.monotonic_ns()}.txt"
    own = {"DRAMATIS_DATA_DIR": str(folder / "data"), "DRAMATIS_GATEWAY_PORT": str(port)}
    command = [sys.executable, "-m", "dramatis_engines.cli", "up", "--demo" if demo else "--no-demo"]
    process = spawn(command, output, env={**os.environ, **own, **(env or {})})
    return RunningPlatform(folder / "data", port, process, output)


@contextmanager
def running_platform(
    folder: Path, *, port: int | None = None, demo: bool = False, env: Mapping[str, str] | None = None
) -> Iterator[RunningPlatform]:
    """A platform that is ready; stopped afterwards, if the test has not done so."""
    platform = start_platform(folder, port=port, demo=demo, env=env)
    try:
        platform.wait_until_ready()
        yield platform
    finally:
        if platform.process.poll() is None:
            platform.stop()
