"""What a user's type checker says of the client."""

import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = """
from typing import assert_type

from tinytroupe_client import APIResponse, AsyncTinyTroupeClient, Page, Simulation, TinyTroupeClient
from tinytroupe_client.models import CreatedPersona, Persona, Results


def ask(client: TinyTroupeClient) -> None:
    created = client.personas.create(name="Ann", demographics={"age_range": "45-55"}, timeout=3, max_retries=0)
    assert_type(created, CreatedPersona)
    simulation = client.simulations.focus_group(
        property_id="prop_1", test_scenarios=["pricing", {"type": "photo_selection", "options": ["a", "b"]}]
    )
    assert_type(simulation, Simulation)
    assert_type(simulation.wait_for_completion(timeout=5), Results)
    for persona in client.personas.list(visibility="team"):
        assert_type(persona, Persona)
    assert_type(client.personas.list().first_page(), Page[Persona])
    assert_type(client.with_raw_response(client.personas.get)("pers_1", timeout=3), APIResponse[Persona])
    client.webhooks.update("wh_1", rate_limit=None)


async def wait(client: AsyncTinyTroupeClient) -> None:
    assert_type(await client.personas.get("pers_1"), Persona)
    async for persona in client.personas.list():
        assert_type(persona, Persona)
    assert_type(await client.with_raw_response(client.personas.get)("pers_1"), APIResponse[Persona])
    async with client.events.stream(types=["persona.*"]) as events:
        async for event in events:
            assert_type(event.subject, str)
"""

WRONG = (
    'client.personas.create(nmae="Ann")',
    "client.personas.create()",
    'client.personas.create(name="Ann", demographics={"age": "45-55"})',
    'client.personas.create(name="Ann", visibility="everyone")',
    'client.simulations.focus_group(test_scenarios=["prices"])',
    'client.with_raw_response(client.personas.get)("pers_1", timeout="3")',
    'client.personas.update("pers_1", name=None)',
)
HEAD = "from tinytroupe_client import TinyTroupeClient\n\n\ndef ask(client: TinyTroupeClient) -> None:\n"


def mypy(source: str, folder: Path) -> list[str]:
    """The errors of a strict check, as a user without our settings or plugins gets them."""
    file = folder / "user.py"
    file.write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", str(file)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


@pytest.mark.timeout(300)
def test_right_uses_pass_a_strict_check_and_wrong_ones_do_not(tmp_path: Path) -> None:
    assert mypy(RIGHT, tmp_path) == []
    errors = mypy(HEAD + "".join(f"    {line}\n" for line in WRONG), tmp_path)
    first = HEAD.count("\n") + 1
    assert {int(line.split(":")[1]) for line in errors} == set(range(first, first + len(WRONG))), errors
