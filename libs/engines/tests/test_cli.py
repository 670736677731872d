"""The command line: quick to ask, one line when something is wrong."""

import subprocess
import sys
from pathlib import Path

import httpx
import pymongo.errors
import pytest

from dramatis_engines.failures import CommandFailed, explained
from dramatis_engines.settings import PlatformSettings
from dramatis_kit import Rejected, Unavailable


def dramatis(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dramatis_engines.cli", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={"PATH": "/usr/bin", **env}
    )


def test_help_imports_neither_services_nor_drivers() -> None:
    code = "import sys, dramatis_engines.cli; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("dramatis_kit", "pymongo", "nats", "chdb", "numpy", "fastapi", "rich", "pydantic"):
        assert f"'{heavy}'" not in loaded


def test_every_command_explains_itself() -> None:
    told = dramatis("--help")
    assert told.returncode == 0
    for command in ("up", "serve", "provision", "rebuild", "events", "doctor", "parked", "key"):
        assert command in told.stdout


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (("key",), {}, "no platform is ready on"),
        (("serve", "no-such-service"), {}, "there is no no-such-service"),
        (("provision",), {"DRAMATIS_GATEWAY_PORT": "x"}, "DRAMATIS_GATEWAY_PORT: "),
        (("up",), {"DRAMATIS_DISK_WARN_MB": "-1"}, "DRAMATIS_DISK_WARN_MB: "),
    ],
)
def test_a_failure_is_one_line_and_a_code(
    tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], words: str
) -> None:
    told = dramatis(*arguments, DRAMATIS_DATA_DIR=str(tmp_path / "none"), **env)
    assert told.returncode not in (0, None)
    assert told.stderr.splitlines()[-1].startswith("dramatis: ")
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_failures_that_a_user_can_mend_are_words_and_defects_are_not() -> None:
    assert explained(CommandFailed("so it is")) == "so it is"
    assert explained(Rejected("NOT_FOUND", "nothing here")) == "NOT_FOUND: nothing here"
    assert explained(ExceptionGroup("x", [Unavailable("NATS")])) == "NATS is not available"
    for fault in (pymongo.errors.ServerSelectionTimeoutError("away"), httpx.ConnectError("away"), TimeoutError()):
        assert "does not answer" in (explained(fault) or "")
    assert explained(KeyError("a defect")) is None


def test_the_address_of_a_gateway_that_listens_everywhere_is_a_local_one() -> None:
    settings = PlatformSettings()
    assert settings.model_copy(update={"host": "0.0.0.0", "gateway_port": 1}).url == "http://127.0.0.1:1"
    assert settings.model_copy(update={"host": "::1", "gateway_port": 1}).url == "http://[::1]:1"
