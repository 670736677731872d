"""Ten thousand events to webhooks while processes die: nothing is lost, and what asked for order gets it.

The notifier is a process of its own, as `dramatis serve` starts it; NATS is the test's own and restarts on its store.
"""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from nats.errors import Error
from pymongo.asynchronous.database import AsyncDatabase
from standardwebhooks import Webhook

from dramatis_bus import Bus, encode_event
from dramatis_bus.provisioning import stream_resources
from dramatis_contracts.envelope import Envelope, schema_of, source_of
from dramatis_contracts.notifier import v1
from dramatis_contracts.persona.v1 import PersonaCreated, PersonaProfile
from dramatis_engines.nats_server import start_nats
from dramatis_engines.processes import Running
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Document, Settings, Unavailable, new_id, utc_now
from dramatis_kit.provisioning import provision
from dramatis_testkit.receiver import Receiver, receiving

EVENTS = 10_000
OBJECTS = 100
SEED = 20261121
TENANT = "brk_1"
QUICK = {
    "DRAMATIS_EMBEDDED": "true",
    "DRAMATIS_LOG_LEVEL": "ERROR",
    "DRAMATIS_WEBHOOK_RETRY_SECONDS": str([0.1] * 40),
    "DRAMATIS_WEBHOOK_LEASE_SECONDS": "2",
    "DRAMATIS_WEBHOOK_POLL_SECONDS": "0.2",
    "DRAMATIS_WEBHOOK_CIRCUIT_FAILURES": "50",
}


@dataclass
class Scene:
    """A nats-server and a database, and whatever notifiers run on them."""

    settings: Settings
    folder: Path
    nats: Running

    def restart_nats(self) -> None:
        self.nats.process.kill()
        self.nats.process.wait()
        port = int(self.nats.url.rpartition(":")[2])
        self.nats = start_nats(self.folder, port)

    async def notifier(self) -> Process:
        command = [str(Path(sys.executable).with_name("dramatis")), "serve", "notifier", "--provision"]
        own = {
            "DRAMATIS_NATS_URL": self.settings.nats_url,
            "DRAMATIS_MONGO_URL": self.settings.mongo_url,
            "DRAMATIS_MONGO_DATABASE": self.settings.mongo_database,
        }
        return await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **own, **QUICK}, stdout=DEVNULL, stderr=DEVNULL
        )


@pytest.fixture
async def scene(mongo_url: str, database: AsyncDatabase[Document], tmp_path: Path) -> AsyncIterator[Scene]:
    nats = start_nats(tmp_path / "nats")
    settings = Settings(mongo_url=mongo_url, mongo_database=database.name, nats_url=nats.url)
    await provision(stream_resources(settings))
    made = Scene(settings, tmp_path / "nats", nats)
    yield made
    made.nats.stop()


@asynccontextmanager
async def notifiers(scene: Scene, count: int = 1) -> AsyncIterator[list[Process]]:
    """Processes that are ended with the test; a test may replace what it killed."""
    running = [await scene.notifier() for _ in range(count)]
    try:
        yield running
    finally:
        for process in running:
            if process.returncode is None:
                process.kill()
            await process.wait()


def told(number: int) -> Envelope:
    """An event that no log has: order does not matter for it."""
    return Envelope(
        id=new_id("evt"),
        source=source_of("simulation-engine"),
        type="simulation.completed.v1",
        subject=f"sim_{number}",
        time=utc_now(),
        dataschema=schema_of("simulation.completed.v1"),
        tenantid=TENANT,
        streamversion=1,
        correlationid="req_1",
        data={},
    )


async def recorded(database: AsyncDatabase[Document]) -> list[Envelope]:
    """The stories of the objects as the log has them, in turn as the relay would publish them."""
    log = EventLog(database)
    await provision(log.resources())
    stories = [[event async for event in _story(log, f"pers_{number}")] for number in range(OBJECTS)]
    return [event for chapter in zip(*stories, strict=True) for event in chapter]


async def _story(log: EventLog, subject: str) -> AsyncIterator[Envelope]:
    for start in range(0, EVENTS // OBJECTS, 20):
        facts = [PersonaCreated(profile=PersonaProfile(name=str(start + step + 1))) for step in range(20)]
        commit = await log.append(
            TENANT,
            StreamId("persona", subject),
            facts,
            expected_version=start,
            command_id=new_id("cmd"),
            cause=Cause("req_1"),
        )
        for event in commit.events:
            yield event


async def publish(bus: Bus, events: Sequence[Envelope], at_once: int = 100) -> None:
    """As the relay does: again until JetStream has acknowledged it."""
    for start in range(0, len(events), at_once):
        await asyncio.gather(*(publish_one(bus, event) for event in events[start : start + at_once]))


async def publish_one(bus: Bus, event: Envelope) -> None:
    subject, payload, headers = encode_event(event, 1)
    while True:
        try:
            await bus.jetstream().publish(subject, payload, headers=headers, timeout=2)
            return
        except (Error, OSError):
            await asyncio.sleep(0.1)


async def register(bus: Bus, url: str, **settings: str) -> v1.Webhook:
    command = v1.RegisterWebhook(webhook_id=new_id("wh"), url=url, events=("*",), **settings)
    async with asyncio.timeout(60):
        while True:
            try:
                return await bus.call(v1.register_webhook, command, tenant=TENANT)
            except Unavailable:
                await asyncio.sleep(0.1)


async def arrived(receiver: Receiver, wanted: Iterable[str], seconds: float) -> None:
    """Until each of these messages has been posted."""
    missing = set(wanted)
    seen = 0
    async with asyncio.timeout(seconds):
        while missing:
            missing.difference_update(post.message_id for post in receiver.posts[seen:])
            seen = len(receiver.posts)
            await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
async def test_nothing_is_lost_while_the_notifier_is_killed_and_jetstream_restarts(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving())
        running = await stack.enter_async_context(notifiers(scene))
        bus = await stack.enter_async_context(Bus.open(scene.settings, name="test-publisher"))
        await bus.start()
        webhook = await register(bus, receiver.url)
        events = [told(number) for number in range(EVENTS)]
        publishing = asyncio.create_task(publish(bus, events))
        for share in (0.1, 0.4, 0.7):
            await receiver.got(int(EVENTS * share), seconds=60)
            running[0].send_signal(signal.SIGKILL)
            await running[0].wait()
            if share == 0.4:
                scene.restart_nats()
            running[0] = await scene.notifier()
        await publishing
        await arrived(receiver, [event.id for event in events], seconds=100)
        for post in random.Random(SEED).sample(receiver.posts, 200):
            Webhook(webhook.secret or "").verify(post.body, post.headers)


@pytest.mark.timeout(240)
async def test_ten_thousand_events_of_a_hundred_objects_arrive_in_order_although_many_attempts_fail(
    scene: Scene, database: AsyncDatabase[Document]
) -> None:
    chance = random.Random(SEED)

    async def moody(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=500 if chance.random() < 0.05 else 204)

    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving(always=moody))
        running = await stack.enter_async_context(notifiers(scene, 2))
        bus = await stack.enter_async_context(Bus.open(scene.settings, name="test-publisher"))
        await bus.start()
        await register(bus, receiver.url, ordering="fifo")
        events = await recorded(database)
        await publish(bus, events)
        await receiver.got(EVENTS // 2, seconds=120)
        running[0].send_signal(signal.SIGKILL)
        await arrived(receiver, [event.id for event in events], seconds=120)
    story: defaultdict[str, list[int]] = defaultdict(list)
    for post in receiver.posts:
        data = orjson.loads(post.body)["data"]
        story[data["object_id"]].append(int(data["details"]["profile"]["name"]))
    assert len(story) == OBJECTS
    for steps in story.values():
        assert steps == sorted(steps)
        assert sorted(set(steps)) == list(range(1, EVENTS // OBJECTS + 1))
