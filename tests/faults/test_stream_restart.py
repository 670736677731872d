"""A thousand followers through restarts of gateway and relay: each gets every event once, in the order of the log.

Followers are raw sockets that do what a browser does: read blocks, keep the last `id:`, come back with it.
"""

import asyncio
import json
import os
import random
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import WebSocketException

from dramatis_contracts.persona.v1 import PersonaCreated, PersonaProfile
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_engines.ports import free_port
from dramatis_engines.processes import Process, spawn
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Settings, Unavailable, new_id
from dramatis_kit.service import connect
from dramatis_testkit.platforms import wait_for

STREAMS, SOCKETS = 980, 20
EVENTS = 240
BLOCK = re.compile(rb"id: (?P<id>\S+)(?:\nevent: \S+\ndata: (?P<data>.*))?")
SEED = 20260121

pytestmark = pytest.mark.timeout(240)


@dataclass
class Crowd:
    """All followers: where they may go, and what each has seen."""

    ports: list[int]
    key: str
    seen: list[list[str]] = field(default_factory=list)
    open: int = 0
    leaving: bool = False
    refusals: Counter[str] = field(default_factory=Counter)
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))

    def pause(self) -> float:
        return self.chance.uniform(0.05, 0.4)

    def port(self) -> int:
        return self.chance.choice(self.ports)


class Connection(asyncio.Protocol):
    """One connection of one follower."""

    def __init__(self, follower: "Follower") -> None:
        self._follower = follower
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._follower.request())

    def data_received(self, data: bytes) -> None:
        assert self._transport
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
            self._follower.crowd.refusals[data[9:12].decode()] += 1
            self._transport.close()
            return
        *blocks, self._buffer = (self._buffer + data).split(b"\n\n")
        for block in blocks:
            self._follower.read(block)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


@dataclass
class Follower:
    """A client of the event stream."""

    crowd: Crowd
    last_id: bytes = b""
    seen: list[str] = field(default_factory=list)

    def read(self, block: bytes) -> None:
        if (found := BLOCK.search(block)) is None:
            return
        if not self.last_id:
            self.crowd.open += 1
        self.last_id = found["id"]
        if found["data"]:
            self.seen.append(json.loads(found["data"])["id"])

    async def follow(self) -> None:
        while not self.crowd.leaving:
            try:
                transport, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self), "127.0.0.1", self.crowd.port()
                )
            except OSError:
                await asyncio.sleep(self.crowd.pause())
                continue
            try:
                await connection.ended
            finally:
                transport.close()
            await asyncio.sleep(self.crowd.pause())

    def request(self) -> bytes:
        lines = ["GET /v1/events/stream?types=persona.created HTTP/1.1", "Host: localhost"]
        lines.append(f"Authorization: Bearer {self.crowd.key}")
        if self.last_id:
            lines.append(f"Last-Event-ID: {self.last_id.decode()}")
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class SocketFollower:
    """A client of the WebSocket."""

    crowd: Crowd
    last_id: str = ""
    seen: list[str] = field(default_factory=list)

    async def follow(self) -> None:
        while not self.crowd.leaving:
            try:
                await self._connected()
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(self.crowd.pause())

    async def _connected(self) -> None:
        resume = f"&last_event_id={self.last_id}" if self.last_id else ""
        address = f"ws://127.0.0.1:{self.crowd.port()}/v1/ws/events?types=persona.created{resume}"
        headers = {"Authorization": f"Bearer {self.crowd.key}"}
        async with connect_socket(address, additional_headers=headers, compression=None) as opened:
            async for text in opened:
                message = json.loads(text)
                if not self.last_id:
                    self.crowd.open += 1
                self.last_id = message["id"]
                if message["type"] == "event":
                    self.seen.append(message["event"]["id"])


@asynccontextmanager
async def crowd(ports: list[int], key: str, streams: int = STREAMS) -> AsyncIterator[Crowd]:
    """A thousand followers, or fewer, who all know where they stand."""
    made = Crowd(ports, key)
    followers: list[Follower | SocketFollower] = [Follower(made) for _ in range(streams)]
    followers += [SocketFollower(made) for _ in range(SOCKETS)]
    made.seen = [follower.seen for follower in followers]
    tasks = [asyncio.create_task(follower.follow()) for follower in followers]
    try:
        await until("all follow", lambda: made.open == len(followers))
        yield made
    finally:
        made.leaving = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(what: str, met: Callable[[], bool], seconds: float = 60) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not met():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {seconds:g} s") from None


@dataclass
class Parts:
    """The processes under test. All are killed at the end of the test."""

    settings: Settings
    started: list[Process] = field(default_factory=list)

    def start(self, name: str, port: int = 0) -> Process:
        names = ("mongo_url", "mongo_database", "nats_url", "data_dir", "embedded")
        own = {f"DRAMATIS_{setting.upper()}": str(getattr(self.settings, setting)) for setting in names}
        command = [sys.executable, "-m", "dramatis_engines.cli", "serve", "--provision", name]
        log = self.settings.data_dir / f"{name}-{len(self.started)}.log"
        process = spawn(command, log, env={**os.environ, **own, "DRAMATIS_GATEWAY_PORT": str(port)})
        self.started.append(process)
        return process

    def gateway(self, port: int) -> Process:
        """A gateway that listens."""
        process = self.start("gateway", port)
        wait_for("the gateway listens", lambda: listens(port))
        return process

    def credentials(self) -> Any:
        return json.loads((self.settings.data_dir / "dev-credentials.json").read_text())


def listens(port: int) -> bool:
    return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()


@contextmanager
def running_parts(mongo_url: str, folder: Path) -> Iterator[Parts]:
    nats = start_nats(folder / "nats")
    settings = Settings(
        mongo_url=mongo_url, mongo_database=new_id("test"), nats_url=nats.url, data_dir=folder, embedded=True
    )
    made = Parts(settings)
    try:
        yield made
    finally:
        for process in made.started:
            process.kill()
            process.wait()
        nats.stop()


@pytest.fixture
def parts(mongo_url: str, tmp_path: Path) -> Iterator[Parts]:
    with running_parts(mongo_url, tmp_path) as made:
        yield made


async def drained(process: Process) -> None:
    """Ask the process to end, and wait until it has: a rolling restart must not take longer than five seconds."""
    process.send_signal(signal.SIGTERM)
    await until("the gateway drains", lambda: process.poll() is not None, 5)
    assert process.returncode == 0


async def listening(port: int) -> None:
    await until("the gateway listens", lambda: listens(port))


class Producer:
    """Appends events at a steady pace, as services do; the log is all it needs."""

    def __init__(self, log: EventLog, tenant: str) -> None:
        self._log = log
        self._tenant = tenant
        self.ids: list[str] = []

    async def run(self) -> None:
        for number in range(EVENTS):
            self.ids.append(await self._event(number))
            await asyncio.sleep(0.03)

    async def _event(self, number: int) -> str:
        """The id of the event, which is committed once however often the log must be asked."""
        body = PersonaCreated(profile=PersonaProfile(name=f"Ann {number}"))
        stream = StreamId("persona", f"pers_{number}")
        while True:
            try:
                commit = await self._log.append(
                    self._tenant,
                    stream,
                    [body],
                    expected_version=0,
                    command_id=f"create-{number}",
                    cause=Cause("req_fault"),
                )
            except Unavailable:
                await asyncio.sleep(0.2)
            else:
                return commit.events[0].id

    async def made(self, number: int) -> None:
        await until(f"{number} events are made", lambda: len(self.ids) >= number)


@asynccontextmanager
async def producing(parts: Parts, followers: Crowd) -> AsyncIterator[Producer]:
    """Events are made during the block; after it everybody must have all of them, once, in the order of the log."""
    tenant = parts.credentials()["brokerage_id"]
    async with connect(parts.settings) as mongo:
        log = EventLog(mongo[parts.settings.mongo_database])
        producer = Producer(log, tenant)
        work = asyncio.create_task(producer.run())
        yield producer
        await work
        await until("all have all events", lambda: min(map(len, followers.seen)) >= EVENTS)
        found = await log.read_feed(tenant, after=0, limit=2 * EVENTS, types=["persona.created.v1"])
    order = [envelope.id for _, envelope in found]
    assert sorted(order) == sorted(producer.ids)
    assert [seen for seen in followers.seen if seen != order] == []
    assert set(followers.refusals) <= {"503"}


async def test_followers_of_a_gateway_and_a_relay_that_are_killed_miss_and_repeat_nothing(parts: Parts) -> None:
    port = free_port()
    relay = parts.start("relay")
    gateway = parts.gateway(port)
    async with crowd([port], parts.credentials()["api_key"]) as followers, producing(parts, followers) as producer:
        await producer.made(EVENTS // 6)
        gateway.kill()
        await producer.made(EVENTS // 3)
        gateway = parts.start("gateway", port)
        await producer.made(EVENTS // 2)
        relay.kill()
        parts.start("relay")
        await listening(port)
        await producer.made(2 * EVENTS // 3)
        gateway.kill()
        parts.start("gateway", port)


async def test_followers_of_gateways_that_are_restarted_in_turn_miss_and_repeat_nothing(parts: Parts) -> None:
    ports = [free_port(), free_port()]
    parts.start("relay")
    gateways = [parts.gateway(port) for port in ports]
    async with crowd(ports, parts.credentials()["api_key"]) as followers, producing(parts, followers) as producer:
        await producer.made(EVENTS // 6)
        for port, gateway in zip(ports, gateways, strict=True):
            await drained(gateway)
            parts.start("gateway", port)
            await listening(port)


async def test_followers_of_a_log_whose_mongodb_is_killed_miss_and_repeat_nothing(tmp_path: Path) -> None:
    """What they were told of survives, under its position: they resume at a gateway that has only the log."""
    mongo, port = start_mongod(tmp_path / "mongo"), free_port()
    try:
        with running_parts(mongo.url, tmp_path) as parts:
            parts.start("relay")
            gateway = parts.gateway(port)
            key = parts.credentials()["api_key"]
            async with crowd([port], key, streams=80) as followers, producing(parts, followers) as producer:
                for part in range(1, 5):
                    await producer.made(part * EVENTS // 6)
                    mongo.process.kill()
                    gateway.kill()
                    mongo.process.wait()
                    mongo = start_mongod(tmp_path / "mongo")
                    gateway = parts.start("gateway", port)
    finally:
        mongo.stop()
