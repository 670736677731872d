"""The published frontend example, unchanged, in headless Chromium."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from dramatis_testkit.platforms import RunningPlatform

NODE = Path(__file__).parents[2] / "node"

pytestmark = [pytest.mark.needs("node", "chromium"), pytest.mark.timeout(120)]


async def test_the_minimal_frontend_example_runs_unchanged(platform: RunningPlatform) -> None:
    process = await asyncio.create_subprocess_exec(
        "node", "interrogation.mjs", platform.url, cwd=NODE, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["level"] for line in lines} == {"log"}
    *messages, final = [line["said"] for line in lines]
    assert [said[0] for said in messages] == ["message"] * len(messages)
    assert [said[1]["role"] for said in messages[:2]] == ["assistant", "user"]
    assert final[0] == "final"
    assert len(final[1]) > 80
