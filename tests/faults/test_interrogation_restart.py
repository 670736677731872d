"""A gateway that is killed in the middle of an interrogation: its followers go on where they were, at the next one."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dramatis_engines.ports import free_port
from dramatis_engines.processes import Process, spawn
from dramatis_kit import Settings
from dramatis_kit.service import select
from dramatis_testkit.hosting import hosted
from dramatis_testkit.openai_server import scripted_model
from dramatis_testkit.platforms import wait_for

SECONDS_OF_AN_ANSWER = 0.15
ASKED = {
    "user_input": "Our trial conversion dropped.",
    "stakeholder_profile": "I run a small business and gave up at the third form.",
    "max_interview_messages": 6,
    "mind": "llm",
}
DEATHS = 2

pytestmark = pytest.mark.timeout(180)


@contextmanager
def gateway(settings: Settings, port: int) -> Iterator[Process]:
    """A gateway in a process of its own that listens; killed at the end."""
    names = ("mongo_url", "mongo_database", "nats_url", "data_dir", "embedded")
    own = {f"DRAMATIS_{name.upper()}": str(getattr(settings, name)) for name in names}
    command = [sys.executable, "-m", "dramatis_engines.cli", "serve", "--provision", "gateway"]
    log = Path(settings.data_dir) / "gateway.log"
    process = spawn(command, log, env={**os.environ, **own, "DRAMATIS_GATEWAY_PORT": str(port)})
    try:
        wait_for("the gateway listens", lambda: f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text())
        yield process
    finally:
        process.kill()
        process.wait()


async def messages(client: httpx.AsyncClient, run: dict[str, Any], last_id: str) -> AsyncIterator[tuple[str, str]]:
    """The id and name of each message of the story, as they come."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with client.stream("GET", run["events_url"], headers=headers) as response:
        assert response.status_code == 200
        found = ""
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                found = line.removeprefix("id: ")
            elif line.startswith("data: ") and found:
                yield found, json.loads(line.removeprefix("data: "))["event"]
                found = ""


async def test_followers_of_a_gateway_that_is_killed_miss_and_repeat_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    seen: list[tuple[str, str]] = []
    async with scripted_model() as server:
        server.delay_seconds = SECONDS_OF_AN_ANSWER
        monkeypatch.setenv("DRAMATIS_LLM_BASE_URL", server.url)
        monkeypatch.setenv("DRAMATIS_LLM_MODEL", "scripted")
        services = select(["relay", "persona", "simulation-engine"])
        async with (
            hosted(settings, *services),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
        ):
            with gateway(settings, port):
                run = (await client.post("/api/simulations", json=ASKED)).json()
                async for message in messages(client, run, ""):
                    seen.append(message)
                    if len(seen) == 5:
                        break
            for death in range(1, DEATHS):
                with gateway(settings, port):
                    async for message in messages(client, run, seen[-1][0]):
                        seen.append(message)
                        if len(seen) == 5 + 4 * death:
                            break
            with gateway(settings, port):
                seen += [message async for message in messages(client, run, seen[-1][0])]
                whole = [message async for message in messages(client, run, "")]
    assert seen == whole
    assert [number for number, _ in seen] == [str(number) for number in range(len(seen))]
    assert seen[-1][1] == "simulation.completed"
