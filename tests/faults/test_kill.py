"""kill -9 of the whole tree at any moment of the demonstration; the next start ends with everything exactly once."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import nats
import pytest
from clickhouse_connect.driver.exceptions import OperationalError
from pymongo import MongoClient

from dramatis_bus.messages import decode_event
from dramatis_bus.subjects import stream_name
from dramatis_contracts.registry import SERVICES
from dramatis_testkit.platforms import RunningPlatform, start_platform, wait_for

SEED = 20260115
MOMENTS = [
    ("the start", 0.0),
    ("Ready", 0.0),
    ("Ready", 0.02),
    ("personas", 0.0),
    ("focus", 0.0),
    ("focus", 0.05),
    ("focus", 0.15),
]


def committed(platform: RunningPlatform) -> list[dict[str, Any]]:
    with MongoClient[dict[str, Any]](platform.engines["mongo_url"], timeoutMS=5000) as client:
        commits = list(client["dramatis"]["commits"].find({}, sort={"stream": 1, "ver_from": 1}))
    return [event for commit in commits for event in commit["events"]]


def projected(platform: RunningPlatform) -> Counter[str]:
    """How often each event id stands in ClickHouse; nothing while it starts again."""
    try:
        client = clickhouse_connect.get_client(dsn=platform.engines["clickhouse_url"])
    except OperationalError:
        return Counter()
    try:
        return Counter(row[0] for row in client.query("SELECT id FROM dramatis.events FINAL").result_rows)
    except OperationalError:
        return Counter()
    finally:
        client.close()


async def published(platform: RunningPlatform) -> Counter[str]:
    found: Counter[str] = Counter()
    client = await nats.connect(platform.engines["nats_url"])
    try:
        jetstream = client.jetstream()
        for service in SERVICES:
            state = (await jetstream.stream_info(stream_name(service))).state
            for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
                message = await jetstream.get_msg(stream_name(service), sequence)
                found[decode_event(message.data or b"", message.headers).envelope.id] += 1
    finally:
        await client.close()
    return found


def assert_gapless(events: list[dict[str, Any]]) -> None:
    versions: dict[str, int] = {}
    for event in events:
        assert event["streamversion"] == versions.get(event["subject"], 0) + 1
        versions[event["subject"]] = event["streamversion"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("words", "later"), MOMENTS, ids=[f"{words}+{later:g}s" for words, later in MOMENTS])
async def test_a_demonstration_killed_at_any_moment_ends_complete_and_once(
    tmp_path: Path, words: str, later: float
) -> None:
    platform = start_platform(tmp_path, demo=True)
    if words != "the start":
        platform.wait_until_said(words)
    else:
        time.sleep(random.Random(SEED).uniform(0.5, 3))
    time.sleep(later)
    platform.kill()

    platform = start_platform(tmp_path, port=platform.port, demo=True)
    try:
        platform.wait_until_said("Ctrl-C stops everything")
        events = committed(platform)
        ids = {event["id"] for event in events}
        by_type = Counter(event["type"] for event in events)
        assert len(ids) == len(events)
        assert_gapless(events)
        assert by_type["simulation.focus_group_requested.v1"] == 1
        assert by_type["simulation.completed.v1"] == 1
        assert by_type["persona.created.v1"] == 2
        wait_for("every event is in ClickHouse", lambda: set(projected(platform)) == ids, 60)
        assert projected(platform) == Counter(ids)
        assert await published(platform) == Counter(ids)
    finally:
        assert platform.stop() == 0
    assert "Traceback" not in platform.said


@pytest.mark.timeout(240)
async def test_engines_that_die_one_by_one_come_back_and_nothing_is_lost(tmp_path: Path) -> None:
    platform = start_platform(tmp_path)
    platform.wait_until_ready()
    try:
        headers = {"Authorization": f"Bearer {platform.api_key}"}
        accepted = []
        with httpx.Client(base_url=platform.url, headers=headers, timeout=20) as client:
            for engine in ("nats-server", "mongod", "dramatis_engines.clickhouse"):
                kill_child(platform, engine)
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline:
                    response = client.post("/v1/personas", json={"name": f"after {engine}"})
                    assert response.status_code in (201, 503), response.text
                    if response.status_code == 201:
                        accepted.append(response.json()["id"])
                        break
                    assert int(response.headers["Retry-After"]) >= 1
                    assert response.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
                    time.sleep(0.2)
        assert len(accepted) == 3
        events = committed(platform)
        ids = {event["id"] for event in events}
        assert set(accepted) <= {event["subject"] for event in events}
        wait_for("every event is in ClickHouse", lambda: set(projected(platform)) == ids, 60)
    finally:
        platform.stop()


def kill_child(platform: RunningPlatform, name: str) -> None:
    """SIGKILL for the engine of this platform, found by its command line below our supervisor."""
    marker = str(platform.data_dir)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if name in command and marker in command:
            os.kill(int(entry.name), signal.SIGKILL)
            return
    raise AssertionError(f"no {name} runs in {marker}")
