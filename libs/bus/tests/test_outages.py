"""What the bus does while NATS is down, and after."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Runtime, Settings, Unavailable
from dramatis_kit.service import connect


class Ask(Request):
    pass


class Answer(Resource):
    text: str


def method(stage: Any, name: str = "ask", seconds: float = 5.0) -> Method[Ask, Answer]:
    return Method(stage.service, name, Ask, Answer, timeout_seconds=seconds)


async def test_calls_fail_at_once_while_nats_is_down_and_work_again_when_it_is_back(tmp_path: Path, until: Any) -> None:
    running = start_nats(tmp_path)
    port = int(running.url.rpartition(":")[2])
    ask: Method[Ask, Answer] = Method("svc", "ask", Ask, Answer, timeout_seconds=3600)
    taken = asyncio.Event()

    async def hang(_call: Call[Ask]) -> Answer:
        taken.set()
        await asyncio.sleep(0 if running_again else 3600)
        return Answer(text="back")

    running_again = False
    async with Bus.open(Settings(nats_url=running.url, drain_seconds=0.2), name="svc") as bus:
        bus.serve(ask, hang)
        await bus.start()
        in_flight = asyncio.create_task(bus.call(ask, Ask(), tenant="t"))
        await taken.wait()
        running.stop()
        with pytest.raises(Unavailable):
            await in_flight
        with pytest.raises(Unavailable):
            await bus.call(ask, Ask(), tenant="t")
        assert bus.checks()["nats"] == "not connected"
        running_again = True
        restarted = start_nats(tmp_path, port)
        await until(lambda: bus.connected)
        assert (await bus.call(ask, Ask(), tenant="t", timeout=20)).text == "back"
    restarted.stop()


async def test_a_connection_that_nats_closed_for_good_is_noticed(stage: Any, until: Any) -> None:
    """nats-py does not reconnect after most errors that the server reports: the process has to be replaced."""
    async with stage.open() as bus:
        watching = asyncio.create_task(bus.watch())
        too_large = b"x" * (bus.connection.max_payload - 10)  # nats-py does not count the headers
        await bus.connection.publish("anything", too_large, headers={"a": "b" * 100})
        with pytest.raises(Unavailable, match="maximum payload"):
            await asyncio.wait_for(watching, 20)
        assert bus.checks()["nats"] == "closed"
        with pytest.raises(Unavailable):
            await bus.call(method(stage), Ask(), tenant="t")


async def test_a_bus_that_finds_no_nats_says_which_it_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dramatis_bus.link.CONNECT_SECONDS", 0.3)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        async with Bus.open(Settings(nats_url="nats://127.0.0.1:1"), name="svc"):
            pass


async def test_a_bus_closes_although_nats_is_gone(tmp_path: Path) -> None:
    running = start_nats(tmp_path)
    async with Bus.open(Settings(nats_url=running.url, drain_seconds=0.2), name="svc") as bus:
        bus.serve(Method("svc", "ask", Ask, Answer), echo)
        await bus.start()
        running.stop()


async def echo(call: Call[Ask]) -> Answer:
    return Answer(text=call.tenant)


async def test_a_service_whose_connection_was_closed_for_good_ends_its_process(stage: Any) -> None:
    async with connect(stage.settings) as mongo:
        runtime = Runtime(settings=stage.settings, mongo=mongo)
        async with Bus.hosted(runtime, name=stage.service) as bus:
            too_large = b"x" * (bus.connection.max_payload - 10)
            await bus.connection.publish("anything", too_large, headers={"a": "b" * 100})
            with pytest.raises(Unavailable, match="maximum payload"):
                await asyncio.wait_for(runtime.failed, 20)
