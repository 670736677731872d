"""The console in headless Chromium: by keyboard, on a phone, in the dark, without JavaScript, for assistive tools."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from dramatis_testkit.platforms import RunningPlatform
from dramatis_testkit.receiver import Receiver, receiving

NODE = Path(__file__).parents[1] / "node"
DEADLINE = 60
ANSWER = "the database is <b>away</b>"
VISITORS = {
    "a desk by day": {"width": 1200, "scheme": "light", "script": True},
    "a phone at night": {"width": 360, "scheme": "dark", "script": True},
    "a browser without JavaScript": {"width": 1000, "scheme": "light", "script": False},
}

pytestmark = [pytest.mark.needs("node", "chromium"), pytest.mark.timeout(180)]


async def failing(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text=ANSWER)


async def endpoint(api: httpx.AsyncClient, receiver: Receiver) -> str:
    made = await api.post("/v1/webhooks", json={"url": receiver.url, "events": ["persona.created"]})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def walk(api: httpx.AsyncClient, process: Process) -> dict[str, dict[str, Any]]:
    """What the browser found, by page. While it looks at a page that refreshes itself, a persona comes into being."""
    found: dict[str, dict[str, Any]] = {}
    assert process.stdout
    async with asyncio.timeout(DEADLINE):
        async for line in process.stdout:
            seen = json.loads(line)
            found[seen["page"]] = seen
            if seen["page"] == "live":
                await api.post("/v1/personas", json={"name": "Ann, seen live"})
    assert process.stderr
    assert await process.wait() == 0, (await process.stderr.read()).decode()
    return found


@pytest.mark.parametrize("visitor", VISITORS)
async def test_somebody_looks_after_webhooks_in(
    visitor: str, platform: RunningPlatform, api: httpx.AsyncClient
) -> None:
    wishes = VISITORS[visitor]
    async with receiving() as receiver, receiving() as refusing:
        refusing.always = failing
        good, bad = await endpoint(api, receiver), await endpoint(api, refusing)
        await api.post("/v1/personas", json={"name": "Ann"})
        await receiver.got(1)
        await refusing.got(1)
        process = await asyncio.create_subprocess_exec(
            *("node", "console.mjs", platform.url, platform.api_key, good, bad, json.dumps(wishes)),
            cwd=NODE,
            stdout=PIPE,
            stderr=PIPE,
        )
        found = await walk(api, process)
        first, *_, last = receiver.posts
        await asyncio.gather(*(api.delete(f"/v1/webhooks/{made}") for made in (good, bad)))
    assert_well_made(found, wishes)
    assert found["refused"]["said"].strip().startswith("This is not an API key")
    assert found["endpoints"]["rows"] >= 2
    assert found["replayed"]["said"] == "The delivery is sent again."
    assert first.message_id in [post.message_id for post in receiver.posts[1:]]
    assert found["failing endpoint"]["state"] == "failing"
    assert found["failed delivery"]["answer"] == ANSWER
    assert (found["disabled"]["said"], found["disabled"]["state"]) == ("The endpoint is disabled.", "disabled")
    assert found["sent again"]["said"].startswith("Deliveries that are sent again: ")
    assert found["enabled"]["said"] == "The endpoint is enabled."
    assert found["signed out"]["title"] == "Sign in · Dramatis"
    if wishes["script"]:
        assert found["refreshed"]["focused"] == "disable"
        assert last.message_id != first.message_id


def assert_well_made(found: dict[str, dict[str, Any]], wishes: dict[str, Any]) -> None:
    """No page has an error in the browser, a violation that axe-core finds, or anything beyond the screen's edge."""
    grounds = {"light": "rgb(250, 250, 248)", "dark": "rgb(21, 25, 28)"}
    for name, seen in found.items():
        assert seen.get("troubles", []) == [], name
        assert seen.get("violations", []) == [], name
        assert seen.get("overflow", 0) <= 0, name
        assert seen.get("ground", grounds[wishes["scheme"]]) == grounds[wishes["scheme"]], name
