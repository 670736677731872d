"""The pages of interviews in headless Chromium: started by keyboard, watched live, read to the end."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from dramatis_testkit.platforms import RunningPlatform

NODE = Path(__file__).parents[1] / "node"
VISITORS = {
    "a desk by day": {"width": 1200, "scheme": "light", "script": True},
    "a phone at night": {"width": 360, "scheme": "dark", "script": True},
    "a browser without JavaScript": {"width": 1000, "scheme": "light", "script": False},
}

pytestmark = [pytest.mark.needs("node", "chromium"), pytest.mark.timeout(180)]


@pytest.mark.parametrize("visitor", VISITORS)
async def test_an_interview_is_started_watched_and_read(visitor: str, platform: RunningPlatform) -> None:
    wishes = VISITORS[visitor]
    process = await asyncio.create_subprocess_exec(
        *("node", "interviews.mjs", platform.url, platform.api_key, json.dumps(wishes)),
        cwd=NODE,
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(90):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    found: dict[str, dict[str, Any]] = {seen["page"]: seen for seen in map(json.loads, output.splitlines())}
    for name, seen in found.items():
        assert seen["troubles"] == [] or name == "refused", name
        assert seen.get("violations", []) == [], name
        assert seen.get("overflow", 0) <= 0, name
    read = found["interview"]
    assert read["status"] == "The interview has ended."
    assert "<b>Why?</b>" in read["heading"]
    assert len(read["answer"]) > 80
    assert len(read["uncertainty"]) > 80
    assert read["beliefs"] >= 3
    assert read["lines"] == min(6, read["beliefs"])
    assert 2 <= read["messages"] <= 8
    assert read["timeline"] > read["messages"]
    if wishes["script"]:
        assert "40" in found["refused"]["said"]
        assert found["refused"]["kept"] == "I am a nurse."
        assert found["refused"]["invalid"] == "max_interview_messages"
