"""Clients that others wrote, run unmodified against the platform."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest

from dramatis_engines.example import PERSONAS, focus_group
from dramatis_testkit.platforms import RunningPlatform
from dramatis_testkit.receiver import receiving

NODE = Path(__file__).parents[1] / "node"
DEADLINE = 40


async def node(script: str, *arguments: str, given: str = "") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "node", script, *arguments, cwd=NODE, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(given.encode()), DEADLINE)
    return process.returncode or 0, out.decode()


@pytest.mark.needs("node")
async def test_the_npm_eventsource_client_follows_the_feed_and_resumes(
    api: httpx.AsyncClient, platform: RunningPlatform
) -> None:
    url = f"{platform.url}/v1/events/stream?types=persona.created.v1"
    listening = await asyncio.create_subprocess_exec(
        "node", "feed.mjs", url, platform.api_key, "1", cwd=NODE, stdout=PIPE, stderr=PIPE
    )
    assert listening.stderr
    assert await asyncio.wait_for(listening.stderr.readline(), DEADLINE) == b"open\n"
    first = (await api.post("/v1/personas", json=PERSONAS[0])).json()["id"]
    out, _ = await asyncio.wait_for(listening.communicate(), DEADLINE)
    seen = json.loads(out)
    assert seen["data"]["subject"] == first
    missed = (await api.post("/v1/personas", json=PERSONAS[1])).json()["id"]
    code, out_text = await node("feed.mjs", url, platform.api_key, "1", seen["id"])
    assert code == 0
    assert json.loads(out_text)["data"]["subject"] == missed


@pytest.mark.needs("node")
async def test_the_npm_websocket_client_gets_the_result(api: httpx.AsyncClient, platform: RunningPlatform) -> None:
    people = [(await api.post("/v1/personas", json=profile)).json()["id"] for profile in PERSONAS]
    simulation = (await api.post("/v1/simulations/focus-group", json=focus_group(people))).json()["simulation_id"]
    url = f"{platform.url.replace('http', 'ws')}/v1/ws/simulations/{simulation}"
    code, out = await node("simulation.mjs", url, platform.api_key)
    assert code == 0
    assert json.loads(out.splitlines()[-1])["type"] == "result"


@pytest.mark.needs("node")
async def test_the_npm_standardwebhooks_library_verifies_a_delivery(api: httpx.AsyncClient) -> None:
    async with receiving() as receiver:
        made = (await api.post("/v1/webhooks", json={"url": receiver.url, "events": ["persona.created"]})).json()
        await api.post("/v1/personas", json=PERSONAS[0])
        (post,) = await receiver.got(1)
        await api.delete(f"/v1/webhooks/{made['id']}")
    delivery = {"secret": made["secret"], "headers": post.headers, "body": post.body.decode()}
    assert await node("verify.mjs", given=json.dumps(delivery)) == (0, "persona.created\n")
    forged = delivery | {"body": post.body.decode().replace("persona.created", "persona.deleted")}
    code, _ = await node("verify.mjs", given=json.dumps(forged))
    assert code == 1


@pytest.mark.needs("chromium")
async def test_an_error_page_reads_well_in_a_browser(platform: RunningPlatform, tmp_path: Path) -> None:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path}"]
    browser = await asyncio.create_subprocess_exec(
        "chromium", *flags, "--dump-dom", f"{platform.url}/docs/errors/NOT_FOUND", stdout=PIPE, stderr=PIPE
    )
    dom, _ = await asyncio.wait_for(browser.communicate(), DEADLINE)
    assert b"<h1>NOT_FOUND</h1>" in dom
    assert b"404" in dom
