"""The traps of nats-py and JetStream that this library exists to keep others out of.

Each test shows a trap as it is in the installed versions, so that an upgrade that closes one is noticed, and that ours
does not fall into it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig

from dramatis_bus import OrderedConsumer, Received, Retry, encode_event
from dramatis_bus.link import linked
from dramatis_bus.parking import list_parked
from dramatis_bus.subjects import PARTITIONS, event_subject, partition_of
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Settings


async def fill(stage: Any, count: int) -> str:
    """A stream with so many events; its name."""
    await stage.provision()
    await stage.publish(*(stage.event("agg") for _ in range(count)))
    return f"EV_{stage.service}"


# nats-py


async def test_nats_pys_drain_overtakes_itself_and_ours_does_not(stage: Any) -> None:
    """Its PING is written past the buffer that holds the UNSUB: what arrives between the two is dropped."""
    async with recorded(stage.settings.nats_url) as (url, sent):
        client = Client()
        await client.connect(url)
        subscription = await client.subscribe("calls", queue="q")
        await client.flush()
        sent.clear()
        drain: Any = subscription.drain
        await drain()
        await client.close()
        assert sent.index(b"PING") < sent.index(b"UNSUB")

    async with recorded(stage.settings.nats_url) as (url, sent), linked(Settings(nats_url=url), "trap") as link:
        subscription = await link.client.subscribe("calls", queue="q")
        await link.settle()
        sent.clear()
        await link.drain(subscription)
        assert sent.index(b"UNSUB") < sent.index(b"echo") < sent.index(b"PING")


async def test_a_request_of_nats_py_waits_on_while_the_connection_is_down(tmp_path: Any) -> None:
    running = start_nats(tmp_path)
    client = Client()
    await client.connect(running.url, reconnect_time_wait=1, error_cb=quiet)
    running.stop()
    with pytest.raises(NatsTimeout):  # test_calls shows that ours ends at once, with an hour to go
        await client.request("rpc.nobody.asks", b"", timeout=0.3)
    await client.close()


# JetStream


async def test_only_one_in_flight_keeps_the_order_through_a_delayed_nak(stage: Any) -> None:
    stream = await fill(stage, 3)
    js = stage.client.jetstream()

    async def order(durable: str, max_ack_pending: int) -> list[int]:
        await js.add_consumer(stream, ConsumerConfig(durable_name=durable, max_ack_pending=max_ack_pending))
        subscription = await js.pull_subscribe_bind(durable, stream=stream)
        seen: list[int] = []
        while len(seen) < 3:
            [message] = await subscription.fetch(1, timeout=20)
            if message.metadata.sequence.stream == 1 and message.metadata.num_delivered == 1:
                await message.nak(delay=0.2)
                continue
            seen.append(message.metadata.sequence.stream)
            await message.ack()
        await subscription.unsubscribe()
        return seen

    assert await order("hundred", 100) == [2, 3, 1]
    assert await order("one", 1) == [1, 2, 3]
    declared = OrderedConsumer("notes", service=stage.service).durables()
    assert {durable.max_ack_pending for durable in declared} == {1}
    assert len(declared) == PARTITIONS


async def test_the_table_of_message_ids_survives_a_purge(stage: Any) -> None:
    stream = await fill(stage, 0)
    js = stage.client.jetstream()
    subject, payload, headers = encode_event(stage.event("agg"), 1)
    assert not (await js.publish(subject, payload, headers=headers)).duplicate
    await js.purge_stream(stream)
    again = await js.publish(subject, payload, headers=headers)
    assert again.duplicate, "acknowledged, and not stored"
    assert (await js.stream_info(stream)).state.messages == 0
    # What whoever republishes has to do: a new id, or a new stream.
    await js.publish(subject, payload, headers={**headers, "Nats-Msg-Id": headers["Nats-Msg-Id"] + ":again"})
    assert (await js.stream_info(stream)).state.messages == 1


async def test_the_server_gives_up_on_what_it_delivered_too_often_and_ours_never_does(stage: Any, until: Any) -> None:
    stream = await fill(stage, 1)
    js = stage.client.jetstream()
    await js.add_consumer(stream, ConsumerConfig(durable_name="trap", max_deliver=2, ack_wait=0.1))
    advisories: list[bytes] = []

    async def note(message: Any) -> None:
        advisories.append(message.data)

    watching = await stage.client.subscribe(f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{stream}.>", cb=note)
    subscription = await js.pull_subscribe_bind("trap", stream=stream)
    for _ in range(2):
        await subscription.fetch(1, timeout=20)
    with pytest.raises(NatsTimeout):
        await subscription.fetch(1, timeout=0.5)
    await until(lambda: len(advisories) == 1)
    assert b'"stream_seq":1' in advisories[0]
    assert b"envelope" not in advisories[0], "only the sequence: the body has to be fetched"
    await subscription.unsubscribe()
    await watching.unsubscribe()

    parked = OrderedConsumer("notes", service=stage.service, retry=Retry(max_attempts=2, base=0.02))
    await stage.provision(parked)
    info = await js.consumer_info(stream, parked.durables()[0].name)
    assert info.config.max_deliver == -1
    async with stage.open() as bus:
        bus.consume(parked, always_fails)
        await bus.start()
        await until(lambda: has_parked(stage))


def test_the_id_of_an_aggregate_is_no_part_of_its_subject(stage: Any) -> None:
    event = stage.event("agg_1234")
    partition = partition_of(event.tenantid, "agg_1234")
    assert event_subject(event) == f"ev.{stage.service}.{partition}.ten_1.thing.happened-v1"


async def always_fails(_received: Received) -> None:
    raise RuntimeError("always")


async def quiet(_error: Exception) -> None:
    return


async def has_parked(stage: Any) -> bool:
    return bool(await list_parked(stage.database))


@asynccontextmanager
async def recorded(nats_url: str) -> AsyncIterator[tuple[str, bytearray]]:
    """An address that leads to NATS, and what a client sends on its way there."""
    host, port = nats_url.removeprefix("nats://").split(":")
    sent = bytearray()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: bytearray | None) -> None:
        while chunk := await reader.read(65536):
            if record is not None:
                record += chunk
            writer.write(chunk)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(forward(reader, server_writer, sent), forward(server_reader, writer, None))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent
    server.close()
    await server.wait_closed()
