"""The reference at `/docs` in headless Chromium: complete, usable with a key, and without a file from elsewhere."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from dramatis_gateway.openapi import openapi

from .conftest import Platform

NODE = Path(__file__).parents[3] / "tests" / "node"
DEADLINE = 150

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def seen(platform: Platform) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *("node", "docs.mjs", platform.gateway.address, platform.mine.api_key), cwd=NODE, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(DEADLINE):
        found, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    told: dict[str, Any] = json.loads(found)
    return told


@pytest.mark.needs("node", "chromium")
@pytest.mark.timeout(180)
async def test_the_reference_shows_every_operation_and_can_be_tried_with_a_key(platform: Platform) -> None:
    found = await seen(platform)
    assert found["title"] == "API · Dramatis"
    assert found["troubles"] == []
    assert found["elsewhere"] == []
    published = {(verb, path) for path, verbs in openapi()["paths"].items() for verb in verbs}
    assert {(verb, path) for verb, path in found["operations"]} == published
    assert found["status"].startswith("200")
    assert "x-ratelimit-remaining" in found["headers"]
    assert json.loads(found["example"])["name"] == "John Smith"
    assert "Idempotency-Key" in found["known"]


async def test_the_reference_allows_no_file_from_elsewhere(platform: Platform) -> None:
    page = await platform.client.get("/docs")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "://" not in page.text
    files = [part.partition('"')[0] for part in page.text.split('"/docs/assets/')[1:]]
    assert len(files) == 4
    for file in files:
        answer = await platform.client.get(f"/docs/assets/{file}")
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
    assert (await platform.client.get("/docs/assets/1/secrets.py")).status_code == 404
