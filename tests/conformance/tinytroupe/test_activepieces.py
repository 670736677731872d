"""The Activepieces piece on the real framework: its own tests, and its operations and triggers on a whole platform."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from dramatis_testkit.platforms import RunningPlatform

PIECE = Path(__file__).parents[3] / "libs/activepieces"
OPERATIONS = ("create_persona", "run_focus_group", "match_property", "test_campaign")
TRIGGERS = ("new_property", "persona_enriched", "simulation_completed")
DEADLINE = 200

pytestmark = [pytest.mark.needs("node", "npm:libs/activepieces"), pytest.mark.timeout(300)]


async def npm(script: str, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code and all that was said."""
    command = ("npm", "run", "--silent", script, "--", *arguments)
    environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
    process = await asyncio.create_subprocess_exec(*command, cwd=PIECE, env=environment, stdout=PIPE, stderr=PIPE)
    try:
        out, err = await asyncio.wait_for(process.communicate(), DEADLINE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out.decode() + err.decode()


async def test_the_pieces_own_tests_pass() -> None:
    code, said = await npm("test")
    assert code == 0, said


async def built() -> None:
    code, said = await npm("build")
    assert code == 0, said


async def test_its_package_is_built_and_loads_as_activepieces_loads_it() -> None:
    await built()
    names = "Object.keys(p.actions()).concat(Object.keys(p.triggers()))"
    script = f"const p = require('./dist').tinytroupe; console.log(JSON.stringify({names}))"
    process = await asyncio.create_subprocess_exec("node", "-e", script, cwd=PIECE, stdout=PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert json.loads(out) == [*OPERATIONS, *TRIGGERS]


async def test_operations_and_triggers_work_on_a_platform(platform: RunningPlatform, tmp_path: Path) -> None:
    env = {
        "TINYTROUPE_BASE_URL": f"{platform.url}/v1",
        "TINYTROUPE_API_KEY": platform.api_key,
        "TINYTROUPE_BROKERAGE_ID": platform.dev["brokerage_id"],
    }
    report = tmp_path / "report.json"
    code, said = await npm("test:platform", "--reporter=default", "--reporter=json", f"--outputFile={report}", env=env)
    assert code == 0, said
    tests = told(json.loads(report.read_text()))
    assert set(tests.values()) == {"passed"}
    for name in (*OPERATIONS, *TRIGGERS):
        assert any(title.startswith(f"{name} ") for title in tests)


async def test_the_quick_start_of_the_readme_works(platform: RunningPlatform) -> None:
    await built()
    script = (PIECE / "README.md").read_text().split("```js\n", 1)[1].split("```", 1)[0]
    env = os.environ | {"TINYTROUPE_BASE_URL": f"{platform.url}/v1", "TINYTROUPE_API_KEY": platform.api_key}
    process = await asyncio.create_subprocess_exec("node", "-e", script, cwd=PIECE, env=env, stdout=PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert b"success: true" in out


def told(report: dict[str, Any]) -> dict[str, str]:
    """What became of each test, by its title."""
    return {test["title"]: test["status"] for file in report["testResults"] for test in file["assertionResults"]}
