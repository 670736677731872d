"""schemathesis reads our OpenAPI document and sends what fits it and what does not to a platform of its own.

`FUZZ_EXAMPLES=100` makes that many random requests per operation, and tries the boundaries of every field and header
as well: some 6,600 requests, which keep two cores busy for minutes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dramatis_testkit.platforms import RunningPlatform, running_platform

HERE = Path(__file__).parent
THOROUGH = "FUZZ_EXAMPLES" in os.environ
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "6")
PHASES = ["examples,coverage", "fuzzing,stateful"] if THOROUGH else ["examples,fuzzing,stateful"]
SECONDS = 3000 if THOROUGH else 300
OPERATIONS = "^/(v1|api/(stakeholders|simulations))"
STREAMS = ("/v1/events/stream", "/api/simulations/{simulation_id}/events")
"""Without an end: they have tests of their own."""

WITHOUT_LIMITS = {
    "DRAMATIS_GATEWAY_DEVELOPMENT_PER_HOUR": "10000000",
    "DRAMATIS_GATEWAY_DEVELOPMENT_PER_MINUTE": "10000000",
    "DRAMATIS_GATEWAY_FAILURES_PER_MINUTE": "10000000",
    "DRAMATIS_GATEWAY_PROMPT_SECONDS": "0.2",
}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """What is sent to it would be in the way of other tests."""
    with running_platform(tmp_path_factory.mktemp("fuzzed"), env=WITHOUT_LIMITS) as running:
        yield running


def schemathesis(platform: RunningPlatform, folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, 0 for a platform without a fault, and what was said."""
    known = {
        "FUZZ_HOOKS": str(HERE / "fuzzing_hooks.py"),
        "FUZZ_KEY": platform.api_key,
        "FUZZ_BROKERAGE": str(platform.dev["brokerage_id"]),
    }
    command = ["--config-file", str(HERE / "fuzzing.toml"), "run", f"{platform.url}/openapi.json", "--no-color"]
    command += ["--include-path-regex", OPERATIONS, *(part for path in STREAMS for part in ("--exclude-path", path))]
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command, *arguments],
        cwd=folder,
        env={**os.environ, **known},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ended.returncode, ended.stdout


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("phases", PHASES)
def test_every_answer_is_one_that_the_openapi_document_promises(
    fuzzed: RunningPlatform, tmp_path: Path, phases: str
) -> None:
    code, said = schemathesis(fuzzed, tmp_path, "--phases", phases, "--max-examples", EXAMPLES)
    assert code == 0, said
    assert "No issues found" in said


def test_what_was_sent_left_no_fault_in_the_logs(fuzzed: RunningPlatform) -> None:
    """A fault that a repetition hid is one all the same."""
    lines = [line for name in ("gateway", "services") for line in (fuzzed.data_dir / f"logs/{name}.log").open()]
    faults = [line for line in lines if line.startswith("{") and json.loads(line).get("level") in ("error", "critical")]
    assert lines
    assert faults == []
