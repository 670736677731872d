"""A part that is down is told, with when to come back; nothing hangs, and what is inside stays inside."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dramatis_bus.bus import Bus
from dramatis_contracts.notifier import v1 as notifier
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Runtime

from .conftest import Platform, own_settings, running_platform, running_runtime, until
from .sse import listening
from .test_bad_input import assert_error
from .test_event_stream import record, subjects


async def test_a_service_that_is_away_is_unavailable(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform:
        answer = await platform.client.get("/v1/webhooks")
        assert "notifier" in assert_error(answer, "SERVICE_UNAVAILABLE")["details"]["issue"]
        assert int(answer.headers["retry-after"]) >= 1
        ready = await platform.client.get("/health/ready")
        assert (ready.status_code, ready.json()["not_ready"]["notifier"]) == (503, "no answer")
        assert (await platform.client.get("/health/live")).status_code == 200


async def test_a_service_that_hangs_is_unavailable_within_the_deadline(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_DEADLINE", "0.3")
    async with running_platform(runtime) as platform:
        platform.services.before_answer = asyncio.sleep(2)
        answer = await platform.client.get("/v1/simulations/sim_1")
        assert "0.3 seconds" in assert_error(answer, "SERVICE_UNAVAILABLE")["details"]["issue"]
        assert int(answer.headers["retry-after"]) >= 1


async def test_a_body_that_never_arrives_is_given_up(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(2)

    monkeypatch.setenv("DRAMATIS_GATEWAY_DEADLINE", "0.3")
    async with running_platform(runtime) as platform:
        headers = {"Content-Type": "application/json"}
        answer = await platform.client.post("/v1/personas", content=stuck(), headers=headers)
        assert_error(answer, "INVALID_REQUEST")


async def test_a_fault_says_nothing_of_the_inside_and_is_recorded_under_the_request_id(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform, Bus.open(runtime.settings, name="broken") as bus:

        async def broken(_call: object) -> notifier.Webhook:
            raise RuntimeError("password=hunter2")

        bus.serve(notifier.register_webhook, broken)
        await bus.start()
        with capture_logs() as logs:
            body = {"url": "https://example.com", "events": ["*"]}
            answer = await platform.client.post("/v1/webhooks", json=body, headers={"X-Request-ID": "mine-1"})
        assert assert_error(answer, "INTERNAL_ERROR")["request_id"] == "mine-1"
        assert "hunter2" not in answer.text
        assert [line for line in logs if line["event"] == "request failed" and line["path"] == "/v1/webhooks"]


async def test_a_log_that_is_down_is_unavailable_and_comes_back(tmp_path: Path) -> None:
    mongod = start_mongod(tmp_path / "mongo")
    port = int(mongod.url.rpartition(":")[2].partition("/")[0])
    with own_settings(mongod.url, tmp_path) as settings:
        quick = settings.model_copy(update={"mongo_timeout_ms": 300})
        async with running_runtime(quick) as runtime, running_platform(runtime) as platform:
            await record(platform, "pers_1")
            mongod.stop()
            for path in ("/v1/events", "/v1/events?limit=1"):
                answer = await platform.client.get(path)
                assert_error(answer, "SERVICE_UNAVAILABLE")
                assert int(answer.headers["retry-after"]) >= 1
            not_known = await platform.client.get("/v1/personas", headers=platform.as_stranger)
            assert_error(not_known, "SERVICE_UNAVAILABLE")
            assert "mongodb" in (await platform.client.get("/health/ready")).json()["not_ready"]
            mongod = start_mongod(tmp_path / "mongo", port)
            async with asyncio.timeout(20):
                while (await platform.client.get("/v1/events")).status_code != 200:
                    await asyncio.sleep(0.1)
    mongod.stop()


async def test_a_bus_that_is_down_is_unavailable_and_no_event_is_missed(mongo_url: str, tmp_path: Path) -> None:
    with own_settings(mongo_url, tmp_path) as settings:
        async with running_runtime(settings) as runtime:
            nats = start_nats(tmp_path / "own")
            own = Runtime(settings=settings.model_copy(update={"nats_url": nats.url}), mongo=runtime.mongo)
            port = int(nats.url.rpartition(":")[2])
            async with running_platform(own) as platform, listening(platform.client) as stream:
                nats.stop()
                assert_error(await platform.client.get("/v1/personas"), "SERVICE_UNAVAILABLE")
                await platform.services.record(platform.mine.brokerage_id, "pers_1")
                await platform.relay.run(publish=False)
                assert subjects(await stream.take(1)) == ["pers_1"]
                nats = start_nats(tmp_path / "own", port)
                await reachable(platform)
                await record(platform, "pers_2")
                assert subjects(await stream.take(1)) == ["pers_2"]
            nats.stop()


async def reachable(platform: Platform) -> None:
    async with asyncio.timeout(20):
        while (await platform.client.get("/v1/personas")).status_code != 200:
            await asyncio.sleep(0.1)
    await until(lambda: platform.services.bus.connected)
