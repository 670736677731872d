"""The relay on the real MongoDB and NATS: every event once, in order, whatever dies."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest
from nats.js import JetStreamContext

from dramatis_bus import Bus
from dramatis_bus.messages import Received, decode_event
from dramatis_bus.subjects import stream_name
from dramatis_contracts.gateway.v1 import ApiKeyRevoked
from dramatis_contracts.notifier.v1 import WebhookRemoved
from dramatis_contracts.registry import SERVICES
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_eventlog import app as relay_app
from dramatis_eventlog.marks import Marks
from dramatis_eventlog.relay import Relay
from dramatis_kit import Runtime, Unavailable
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings

TENANT = "tenant-a"
STREAM = stream_name("gateway")


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    async with connect(settings) as mongo:
        runtime = Runtime(settings=settings, mongo=mongo)
        await provision(relay_app.resources(runtime))
        yield runtime


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with Bus.open(settings, name="test-relay") as bus:
        await bus.start()
        yield bus


@pytest.fixture
def log(runtime: Runtime) -> EventLog:
    return EventLog(runtime.database)


@asynccontextmanager
async def relaying(runtime: Runtime, bus: Bus) -> AsyncIterator[Relay]:
    relay = Relay(runtime, bus, term_seconds=1.5)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def commit(log: EventLog, stream: str, version: int, n: int = 1) -> None:
    events = [ApiKeyRevoked(key_id=f"{stream}-{version + i + 1}") for i in range(n)]
    await log.append(
        TENANT,
        StreamId("tenant", stream),
        events,
        expected_version=version,
        command_id=f"cmd-{stream}-{version}",
        cause=Cause("cor"),
    )


async def stored(jetstream: JetStreamContext) -> list[Received]:
    info = await jetstream.stream_info(STREAM)
    messages = [await jetstream.get_msg(STREAM, seq) for seq in range(info.state.first_seq, info.state.last_seq + 1)]
    return [decode_event(message.data or b"", message.headers) for message in messages]


async def settled(log: EventLog, runtime: Runtime) -> None:
    """All that is committed is marked as relayed."""
    async with asyncio.timeout(20):
        while await runtime.database.commits.count_documents({"relayed": False}):
            await asyncio.sleep(0.01)


def assert_in_order(events: list[Received]) -> None:
    versions: dict[str, int] = {}
    for event in events:
        assert event.envelope.streamversion == versions.get(event.envelope.subject, 0) + 1
        versions[event.envelope.subject] = event.envelope.streamversion


def by_position(events: list[Received]) -> list[Received]:
    return sorted(events, key=lambda event: event.position)


async def test_every_event_is_published_once_in_order_and_under_its_position(
    runtime: Runtime, bus: Bus, log: EventLog
) -> None:
    async with relaying(runtime, bus):
        await asyncio.gather(*(commit(log, f"s{n}", 0, n=3) for n in range(50)))
        await asyncio.gather(*(commit(log, f"s{n}", 3) for n in range(50)))
        await settled(log, runtime)
    events = await stored(bus.jetstream())
    assert len(events) == 200
    assert_in_order(events)
    feed = await log.read_feed(TENANT, after=0, limit=1000)
    published = sorted((event.position, event.envelope.id) for event in events)
    assert [(position, envelope.id) for position, envelope in feed] == published
    assert [position for position, _ in feed] == [(1 << 32) + n for n in range(1, 201)]


async def test_what_was_committed_while_no_relay_ran_is_found(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    for version in range(5):
        await commit(log, "late", version)
    async with relaying(runtime, bus):
        await settled(log, runtime)
    assert_in_order(events := await stored(bus.jetstream()))
    assert len(events) == 5


async def test_a_relay_that_dies_between_publishing_and_marking_loses_and_doubles_nothing(
    runtime: Runtime, bus: Bus, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(commit(log, f"s{n}", 0, n=2) for n in range(10)))
    died = asyncio.Event()

    async def die(*_: object) -> None:
        died.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Marks, "write", die)
        async with relaying(runtime, bus):
            await asyncio.wait_for(died.wait(), 10)
    assert await runtime.database.commits.count_documents({"relayed": True}) == 0
    assert len(await stored(bus.jetstream())) == 20
    async with relaying(runtime, bus):
        await settled(log, runtime)
    assert_in_order(events := await stored(bus.jetstream()))
    assert len(events) == 20
    feed = await log.read_feed(TENANT, after=0, limit=100)
    assert [position for position, _ in feed] == sorted(event.position for event in events)


async def test_a_destroyed_resume_token_loses_nothing(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    """Renaming the collection makes the server invalidate its change streams: their tokens resume nothing."""
    async with relaying(runtime, bus):
        await commit(log, "a", 0)
        await settled(log, runtime)
        await runtime.database.commits.rename("elsewhere")
        await runtime.database.elsewhere.rename("commits")
        for version in range(1, 6):
            await commit(log, "a", version)
        await settled(log, runtime)
    assert_in_order(events := await stored(bus.jetstream()))
    assert len(events) == 6


async def test_what_the_change_stream_never_showed_is_swept(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    """A commit is hidden from the change stream by marking it relayed, and shown to the sweep by taking that back."""
    await commit(log, "hidden", 0)
    await runtime.database.commits.update_many({}, {"$set": {"relayed": True}})
    async with relaying(runtime, bus):
        await commit(log, "seen", 0)
        await settled(log, runtime)
        await runtime.database.commits.update_many({"subject": "hidden"}, {"$set": {"relayed": False}})
        await settled(log, runtime)
    assert Counter(event.envelope.subject for event in await stored(bus.jetstream())) == {"hidden": 1, "seen": 1}


async def test_one_of_two_relays_leads_and_the_other_takes_over(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    async with relaying(runtime, bus) as second:
        async with asyncio.timeout(10):
            while not second.leading:
                await asyncio.sleep(0.01)
        first = Relay(runtime, bus, term_seconds=1.5)
        waiting = asyncio.create_task(first.run())
        await commit(log, "a", 0)
        await settled(log, runtime)
        assert not first.leading
    await commit(log, "a", 1)
    await settled(log, runtime)
    assert first.leading
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    positions = [event.position for event in await stored(bus.jetstream())]
    assert [position >> 32 for position in positions] == [1, 2]


async def test_a_relay_whose_lease_was_taken_stops(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    async with relaying(runtime, bus) as relay:
        await commit(log, "a", 0)
        await settled(log, runtime)
        await runtime.database.leases.update_one({"_id": "relay"}, {"$set": {"holder": "another", "epoch": 9}})
        async with asyncio.timeout(10):
            while relay.leading:
                await asyncio.sleep(0.01)
                await commit(log, "b", await log_version(log, "b"))
    assert relay.trouble is not None


async def test_a_relay_that_lost_its_lease_leads_again_when_it_is_free(
    runtime: Runtime, bus: Bus, log: EventLog
) -> None:
    async with relaying(runtime, bus) as relay:
        await commit(log, "a", 0)
        await settled(log, runtime)
        free = {"holder": "another", "epoch": 9, "expires": datetime(2026, 1, 1, tzinfo=UTC)}
        await runtime.database.leases.update_one({"_id": "relay"}, {"$set": free})
        async with asyncio.timeout(15):
            while relay.leading:
                await asyncio.sleep(0.01)
        await commit(log, "a", 1)
        await settled(log, runtime)
        assert await log.last_position() >> 32 == 10


async def log_version(log: EventLog, stream: str) -> int:
    return len(await log.read(TENANT, StreamId("tenant", stream)))


async def test_a_wiped_jetstream_is_rebuilt_with_the_same_positions(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    async with relaying(runtime, bus):
        await asyncio.gather(*(commit(log, f"s{n}", 0, n=2) for n in range(10)))
        await settled(log, runtime)
    before = await stored(bus.jetstream())
    for service in SERVICES:
        await bus.jetstream().delete_stream(stream_name(service))
    async with relaying(runtime, bus):
        await commit(log, "later", 0)
        await settled(log, runtime)
    after = await stored(bus.jetstream())
    assert_in_order(after)
    restored = by_position(after)
    assert restored[:20] == by_position(before)
    assert [event.envelope.subject for event in restored[20:]] == ["later"]


async def test_a_purged_stream_is_filled_although_its_memory_for_duplicates_remains(
    runtime: Runtime, bus: Bus, log: EventLog
) -> None:
    async with relaying(runtime, bus):
        for version in range(3):
            await commit(log, "a", version)
        await settled(log, runtime)
    await bus.jetstream().purge_stream(STREAM)
    async with relaying(runtime, bus):
        await commit(log, "b", 0)
        await settled(log, runtime)
    assert_in_order(events := await stored(bus.jetstream()))
    assert [event.envelope.subject for event in by_position(events)] == ["a", "a", "a", "b"]


async def test_a_relay_without_its_database_says_so_and_goes_on_when_it_is_back(
    runtime: Runtime, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Unavailable("the lease")

    relay = Relay(runtime, bus, term_seconds=1.5)
    with monkeypatch.context() as patch:
        patch.setattr("dramatis_eventlog.lease.Lease.acquire", away)
        task = asyncio.create_task(relay.run())
        async with asyncio.timeout(5):
            while relay.trouble is None:
                await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        while not relay.leading or relay.trouble is not None:
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_quiet_relay_keeps_its_change_stream(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    async with relaying(runtime, bus) as relay:
        await asyncio.sleep(runtime.settings.mongo_timeout_ms / 1000 + 1)
        await commit(log, "a", 0)
        await settled(log, runtime)
        assert relay.trouble is None
    assert [event.position >> 32 for event in await stored(bus.jetstream())] == [1]


async def test_a_full_stream_is_visible_and_holds_up_no_other_one(runtime: Runtime, bus: Bus, log: EventLog) -> None:
    jetstream = bus.jetstream()
    await commit(log, "a", 0)
    async with relaying(runtime, bus) as relay:
        await settled(log, runtime)
        config = (await jetstream.stream_info(STREAM)).config
        await jetstream.update_stream(config.evolve(max_bytes=1))
        await commit(log, "a", 1)
        webhook = StreamId("webhook", "wh_1")
        await log.append(
            TENANT, webhook, [WebhookRemoved()], expected_version=0, command_id="cmd-wh", cause=Cause("cor")
        )
        async with asyncio.timeout(20):
            while await runtime.database.commits.count_documents({"relayed": False, "service": "notifier"}):
                await asyncio.sleep(0.01)
            while relay.trouble is None:
                await asyncio.sleep(0.01)
        assert relay.trouble.startswith("gateway: ")
        await jetstream.update_stream(config)
        await settled(log, runtime)
    assert_in_order(events := await stored(jetstream))
    assert len(events) == 2
