"""Follow a simulation to its end: progress by WebSocket for the eye, its status by HTTP for the truth."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from dramatis_engines.client import Client
from dramatis_engines.console import Voice

_ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Watcher:
    """Where to watch, with which key, and who tells about it."""

    url: str
    api_key: str
    voice: Voice


async def follow(client: Client, watcher: Watcher, simulation: str) -> dict[str, Any]:
    """Show progress until the simulation has ended, and return its status. Survives restarts of the platform."""
    with Meter(watcher.voice) as meter:
        ticks = asyncio.create_task(_watch(watcher, simulation, meter))
        try:
            while True:
                status = await client.get(f"/v1/simulations/{simulation}")
                if status["status"] in _ENDED:
                    break
                await asyncio.wait([ticks], timeout=1)
            if status["status"] == "completed":
                meter.tell(1.0, "completed")
            return status
        finally:
            ticks.cancel()
            with suppress(asyncio.CancelledError):
                await ticks


async def _watch(watcher: Watcher, simulation: str, meter: "Meter") -> None:
    """Show every frame; come back when the connection breaks. Ends with the simulation's result."""
    while True:
        with suppress(OSError, WebSocketException, TimeoutError):
            if await _listen(watcher, simulation, meter):
                return
        await asyncio.sleep(1)


async def _listen(watcher: Watcher, simulation: str, meter: "Meter") -> bool:
    """True once the simulation ended, False when the server hung up before."""
    address = f"ws{watcher.url.removeprefix('http')}/v1/ws/simulations/{simulation}"
    async with connect(address, open_timeout=5, close_timeout=1) as socket:
        await socket.send(json.dumps({"type": "auth", "token": watcher.api_key}))
        async for message in socket:
            frame = json.loads(message)
            if frame.get("type") != "progress":
                return True
            meter.tell(frame.get("progress") or 0.0, frame.get("current_step") or "")
    return False


class Meter:
    """Progress for people: a bar on a terminal, a line per quarter elsewhere."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._said = -1
        columns = (TextColumn("  {task.description:32}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=voice.console) if voice.on_terminal else None
        self._task = self._bar.add_task("waiting", total=1.0) if self._bar else None

    def __enter__(self) -> "Meter":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, progress: float, step: str) -> None:
        """`progress` from 0 to 1; a later tick may not go back."""
        words = step.replace("_", " ")
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=progress, description=words)
            return
        quarter = int(progress * 4)
        if quarter > self._said:
            self._said = quarter
            self._voice.fact("progress", f"{progress:4.0%}  {words}")
