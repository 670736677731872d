"""A third-party WebSocket client follows the feed with a ticket, and goes on where it was."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import httpx
import pytest

from dramatis_testkit.platforms import RunningPlatform

NODE = Path(__file__).parents[1] / "node"
DEADLINE = 40

pytestmark = pytest.mark.needs("node")


async def socket(api: httpx.AsyncClient, platform: RunningPlatform, messages: int, **query: str) -> Process:
    ticket = (await api.post("/v1/stream-tickets")).json()["ticket"]
    wanted = {"types": "persona.created", "ticket": ticket, **query}
    url = httpx.URL(f"{platform.url.replace('http', 'ws')}/v1/ws/events", params=wanted)
    return await asyncio.create_subprocess_exec(
        "node", "feed_socket.mjs", str(url), str(messages), cwd=NODE, stdout=PIPE, stderr=PIPE
    )


async def line(process: Process) -> dict[str, Any]:
    assert process.stdout
    async with asyncio.timeout(DEADLINE):
        message: dict[str, Any] = json.loads(await process.stdout.readline())
    return message


async def test_the_npm_websocket_client_follows_the_feed_and_resumes(
    api: httpx.AsyncClient, platform: RunningPlatform
) -> None:
    first = await socket(api, platform, 2)
    assert (await line(first))["type"] == "position"
    made = [(await api.post("/v1/personas", json={"name": f"Ann {number}"})).json()["id"] for number in range(3)]
    seen = await line(first)
    assert (seen["type"], seen["event"]["subject"]) == ("event", made[0])
    assert await first.wait() == 0
    again = await socket(api, platform, 3, last_event_id=seen["id"])
    assert (await line(again))["id"] == seen["id"]
    assert [(await line(again))["event"]["subject"] for _ in range(2)] == made[1:]
    assert await again.wait() == 0
