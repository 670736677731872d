"""The demonstration: personas and a focus group through the public API, once, however often it is interrupted.

`demo.json` in the data directory remembers what was created. It is written before and after every request, so that a
demonstration that was killed goes on with its own personas and its own simulation.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from dramatis_engines.announce import feed_line
from dramatis_engines.client import Client, Refused, Unclear
from dramatis_engines.console import Voice
from dramatis_engines.example import NAME, PERSONAS, focus_group
from dramatis_engines.files import read_private, write_private
from dramatis_engines.findings import show
from dramatis_engines.following import Watcher, follow
from dramatis_engines.settings import PlatformSettings

_SETTLE_SECONDS = 5.0
"""After a crash the relay needs a moment until what was committed last can be found through the API."""

_ATTEMPTS = 5
_COMPLETE_SECONDS = 300.0

Find = Callable[[], Awaitable[str | None]]
Create = Callable[[], Awaitable[str]]


class Memory:
    """What this demonstration has created so far. `pending` is a request whose outcome is not yet known."""

    def __init__(self, file: Path) -> None:
        stored = read_private(file)
        self._file = file
        self.ids: dict[str, str] = stored.get("ids", {})
        self.pending: str | None = stored.get("pending")
        self.played: bool = stored.get("played", False)

    def save(self) -> None:
        told = {"ids": self.ids, "pending": self.pending, "played": self.played}
        write_private(self._file, json.dumps(told, indent=2) + "\n")


async def demonstrate(settings: PlatformSettings, voice: Voice) -> None:
    """Play what has not been played yet. A failure is said and ends the demonstration only."""
    memory = Memory(settings.data_dir / "demo.json")
    if memory.played:
        voice.line(f"The demonstration was played before: {settings.url}/v1/simulations/{memory.ids['simulation']}")
        return
    api_key = read_private(settings.data_dir / "dev.json")["api_key"]
    voice.line()
    voice.title("Demonstration: what would 22 people say about a penthouse?")
    try:
        async with Client(settings.url, api_key) as client:
            await _play(client, memory, Watcher(settings.url, api_key, voice), voice)
    except (Refused, Unclear, TimeoutError) as fault:
        voice.notice(f"The demonstration was interrupted: {fault}. The next start goes on with it.")
    else:
        voice.fact("events", feed_line(settings))
    voice.line()


async def _play(client: Client, memory: Memory, watcher: Watcher, voice: Voice) -> None:
    persona_ids = [await _persona(client, memory, profile) for profile in PERSONAS]
    named = " and ".join(f"{profile['name']} ({known})" for profile, known in zip(PERSONAS, persona_ids, strict=True))
    voice.fact("personas", f"{named}, and 20 more to be generated")
    simulation = await _simulation(client, memory, persona_ids)
    voice.fact("focus", f"{NAME}: {simulation}")
    async with asyncio.timeout(_COMPLETE_SECONDS):
        status = await follow(client, watcher, simulation)
    if status["status"] != "completed":
        raise Refused(f"the simulation {status['status']}: {status.get('error')}")
    show(await client.get(f"/v1/simulations/{simulation}/results"), voice)
    memory.played = True
    memory.save()


async def _persona(client: Client, memory: Memory, profile: dict[str, Any]) -> str:
    async def find() -> str | None:
        async for event in client.events("persona.created.v1"):
            found = event["data"]["profile"]
            if all(_same(found.get(field), value) for field, value in profile.items()):
                return str(event["subject"])
        return None

    async def create() -> str:
        return str((await client.post("/v1/personas", profile))["id"])

    return await once(memory, profile["name"], find, create)


async def _simulation(client: Client, memory: Memory, persona_ids: list[str]) -> str:
    async def find() -> str | None:
        async for event in client.events("simulation.focus_group_requested.v1"):
            found = event["data"]["focus_group"]
            if found["name"] == NAME and found["persona_configuration"]["specific_personas"] == persona_ids:
                return str(event["subject"])
        return None

    async def create() -> str:
        return str((await client.post("/v1/simulations/focus-group", focus_group(persona_ids)))["simulation_id"])

    return await once(memory, "simulation", find, create)


async def once(memory: Memory, what: str, find: Find, create: Create, settle: float = _SETTLE_SECONDS) -> str:
    """The id of a thing that is created at most once over all runs of the demonstration.

    Raises `Unclear` when the platform does not say, again and again, what became of the request.
    """
    if what in memory.ids:
        return memory.ids[what]
    for _ in range(_ATTEMPTS):
        if found := await _find(find, settle if memory.pending == what else 0):
            return _remember(memory, what, found)
        memory.pending = what
        memory.save()
        try:
            return _remember(memory, what, await create())
        except Unclear as fault:
            unclear = fault
            await asyncio.sleep(0.5)
    raise unclear


async def _find(find: Find, seconds: float) -> str | None:
    deadline = time.monotonic() + seconds
    while (found := await find()) is None and time.monotonic() < deadline:  # noqa: ASYNC110 - nobody here knows
        await asyncio.sleep(0.2)
    return found


def _remember(memory: Memory, what: str, found: str) -> str:
    memory.ids[what] = found
    memory.pending = None
    memory.save()
    return found


def _same(found: object, wanted: object) -> bool:
    """Whether a stored value holds the wanted one; it may have further fields, at their defaults."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_same(found.get(name), value) for name, value in wanted.items())
    return found == wanted
