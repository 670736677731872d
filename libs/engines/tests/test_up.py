"""`dramatis up` as its user meets it: one process tree that starts, says, recovers and ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from typer.testing import CliRunner

from dramatis_engines.cli import app
from dramatis_engines.nats_server import start_nats
from dramatis_testkit.platforms import NotInTime, RunningPlatform, running_platform, start_platform, wait_for

pytestmark = [pytest.mark.engines, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("up")) as platform:
        yield platform


def processes_of(platform: RunningPlatform) -> dict[int, str]:
    """Every live process that has to do with the platform's folder, by its command line."""
    mark = str(platform.data_dir).encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in environment + command and command:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def child(platform: RunningPlatform, words: str) -> int:
    return next(pid for pid, command in processes_of(platform).items() if words in command)


def ended(platform: RunningPlatform, seconds: float = 60) -> int:
    code: list[int] = []

    def look() -> bool:
        if (found := platform.process.poll()) is not None:
            code.append(found)
        return bool(code)

    wait_for("the end of the platform", look, seconds)
    return code[0]


def test_it_is_ready_when_it_says_so(running: RunningPlatform) -> None:
    answer = httpx.get(f"{running.url}/health/ready", timeout=10)
    assert answer.status_code == 200, answer.text


def test_the_development_file_is_for_its_owner_only_and_opens_the_door(running: RunningPlatform) -> None:
    assert (running.data_dir / "dev.json").stat().st_mode & 0o777 == 0o600
    assert running.dev.keys() == {"api_key", "brokerage_id", "urls", "pid"}
    assert running.dev["pid"] == running.process.pid
    headers = {"Authorization": f"Bearer {running.api_key}", "X-Brokerage-ID": running.dev["brokerage_id"]}
    assert httpx.get(f"{running.dev['urls']['main']}/v1/personas", headers=headers, timeout=10).status_code == 200


def test_it_tells_where_everything_is_in_plain_lines(running: RunningPlatform) -> None:
    running.wait_until_said("Ctrl-C")
    for told in (running.url, "dev.json", "/logs", "curl -N -H", "/v1/events/stream"):
        assert told in running.said
    assert "\x1b" not in running.said
    assert {"mongod.log", "nats.log", "clickhouse.log", "gateway.log", "services.log"} <= {
        path.name for path in (running.data_dir / "logs").iterdir()
    }


def test_a_second_start_on_the_directory_says_who_holds_it(running: RunningPlatform) -> None:
    second = start_platform(running.data_dir.parent)
    assert ended(second) == 1
    assert f"process {running.process.pid} since" in second.said
    assert running.url in second.said


def test_a_taken_port_is_named_and_nothing_is_started(running: RunningPlatform, tmp_path: Path) -> None:
    second = start_platform(tmp_path, port=running.port)
    assert ended(second) == 1
    assert f"port {running.port} is taken by" in second.said
    assert f"(process {child(running, 'serve gateway')})" in second.said
    assert not (tmp_path / "data" / "mongo").exists()


def test_other_commands_find_the_engines_of_the_directory(
    running: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_DATA_DIR", str(running.data_dir))
    assert CliRunner().invoke(app, ["key"]).output.strip() == running.api_key
    checked = CliRunner().invoke(app, ["provision", "--check"])
    assert (checked.exit_code, checked.output) == (0, "Everything is as declared.\n")


def test_the_feed_is_shown_from_the_gateway(running: RunningPlatform) -> None:
    command = [sys.executable, "-m", "dramatis_engines.cli", "events", "tail", "--types", "persona.*"]
    env = {**os.environ, "DRAMATIS_DATA_DIR": str(running.data_dir), "PYTHONUNBUFFERED": "1"}
    headers = {"Authorization": f"Bearer {running.api_key}"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as tail:
        lines: list[str] = []
        reader = Thread(target=lambda: lines.extend(iter(tail.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]  # it is a pipe
        reader.start()

        def seen() -> bool:
            made = httpx.post(f"{running.url}/v1/personas", json={"name": "Seen"}, headers=headers, timeout=10)
            return any("persona.created.v1" in line and made.status_code == 201 for line in lines)

        wait_for("an event in the feed", seen, 30)
        tail.terminate()
        reader.join(10)


def test_doctor_finds_a_running_platform_well(running: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_DATA_DIR", str(running.data_dir))
    monkeypatch.setenv("DRAMATIS_DISK_WARN_MB", "1")
    told = CliRunner().invoke(app, ["doctor", "--json"])
    report = json.loads(told.output)
    assert [finding for finding in report["findings"] if finding["state"] == "wrong"] == []
    assert told.exit_code == 0
    assert {finding["area"] for finding in report["findings"]} >= {
        "installed",
        "disk",
        "engines",
        "declared",
        "lag",
        "services",
    }


def test_a_projection_is_rebuilt_by_name_and_an_unknown_one_is_refused(
    running: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_DATA_DIR", str(running.data_dir))
    assert CliRunner().invoke(app, ["rebuild", "events"]).exit_code == 0
    refused = CliRunner().invoke(app, ["rebuild", "no-such-thing"])
    assert refused.exit_code != 0
    assert "UnknownProjection" in repr(refused.exception)


@pytest.mark.parametrize(
    ("words", "name"), [("serve gateway", "The gateway"), ("nats-server -c", "NATS"), ("mongod", "MongoDB")]
)
def test_a_crashed_part_is_started_again_and_it_is_said(running: RunningPlatform, words: str, name: str) -> None:
    victim = child(running, words)
    os.kill(victim, signal.SIGKILL)
    running.wait_until_said(f"{name} ended unexpectedly (SIGKILL); started again in")
    wait_for(f"another {words}", lambda: victim not in processes_of(running))

    def ready() -> bool:
        try:
            return httpx.get(f"{running.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    wait_for("readiness", ready, 60)
    assert running.process.poll() is None


def test_a_part_that_keeps_crashing_ends_the_platform(tmp_path: Path) -> None:
    with running_platform(tmp_path, env={"DRAMATIS_CRASH_LIMIT": "2"}) as platform:
        first = child(platform, "nats-server -c")
        os.kill(first, signal.SIGKILL)
        wait_for("another NATS", lambda: [p for p, c in processes_of(platform).items() if "nats-" in c and p != first])
        os.kill(child(platform, "nats-server -c"), signal.SIGKILL)
        assert ended(platform) == 1
        assert "NATS ended unexpectedly (SIGKILL, 2 times in a row)" in platform.said
        wait_for("no process is left", lambda: not processes_of(platform))


def test_a_stop_is_clean_and_a_start_keeps_the_data(tmp_path: Path) -> None:
    with running_platform(tmp_path) as first:
        api_key, engines, port = first.api_key, first.engines, first.port
        first.wait_until_said("Ctrl-C")
        assert first.stop() == 0
        assert "Stopped after" in first.said
        assert "Traceback" not in first.said
        assert not (first.data_dir / "dev.json").exists()
        assert not (first.data_dir / "engines.json").exists()
        wait_for("no process is left", lambda: not processes_of(first))
    with running_platform(tmp_path, port=port) as second:
        assert second.api_key == api_key
        assert second.engines == engines
        second.kill()
        wait_for("the kernel has taken everything down", lambda: not processes_of(second), 10)
    with running_platform(tmp_path, port=port) as third:
        assert third.api_key == api_key


def test_a_start_that_is_interrupted_early_leaves_nothing_behind(tmp_path: Path) -> None:
    platform = start_platform(tmp_path)
    platform.wait_until_said("Dramatis starts")
    assert platform.stop() == 0
    assert not (platform.data_dir / "dev.json").exists()
    wait_for("no process is left", lambda: not processes_of(platform))


def test_a_foreign_nats_is_used_instead_of_an_embedded_one(tmp_path: Path) -> None:
    theirs = start_nats(tmp_path / "theirs")
    with running_platform(tmp_path / "ours", env={"DRAMATIS_NATS_URL": theirs.url}) as platform:
        assert f"yours, at {theirs.url}" in platform.said
        assert platform.engines["nats_url"] == theirs.url
        assert not (platform.data_dir / "nats").exists()
    assert theirs.process.poll() is None
    theirs.stop()


def test_a_foreign_engine_that_is_away_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    platform = start_platform(tmp_path, env={"DRAMATIS_NATS_URL": f"nats://127.0.0.1:{port}"})
    assert ended(platform) == 1
    assert "DRAMATIS_NATS_URL" in platform.said
    assert "Traceback" not in platform.said
    wait_for("no process is left", lambda: not processes_of(platform))


def test_a_part_that_cannot_run_ends_the_platform_with_its_reason(tmp_path: Path) -> None:
    platform = start_platform(tmp_path, env={"DRAMATIS_GATEWAY_SSE_QUEUE": "-1"})
    with pytest.raises(NotInTime):
        platform.wait_until_ready()
    assert ended(platform) == 1
    assert "The gateway could not be prepared: DRAMATIS_GATEWAY_SSE_QUEUE: " in platform.said
    assert "Traceback" not in platform.said
    wait_for("no process is left", lambda: not processes_of(platform))
