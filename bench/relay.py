"""From the log to JetStream against bare publishing of the same messages to the same kind of stream.

Both are timed by the server: from the first stored message to the last. The relay gives every event its position and
marks it besides; the marks of the last events may follow the end of the measurement.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import nats
from bson.raw_bson import RawBSONDocument
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from bench.engines import engine, folder
from bench.events import commits
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of
from bench.waiting import until
from dramatis_bus.subjects import stream_name
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_eventlog import app as relay_app
from dramatis_eventlog.commits import encode_commit
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import Runtime, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings

Message = tuple[str, bytes, dict[str, str]]

STREAM = stream_name("persona")
_RAW = "RAW"
_WINDOW = 1000
"""Messages of the bare publisher that may be without an answer."""


async def measure(size: Size) -> list[Row]:
    events = size.of(10_000, 50_000)
    with folder() as under, engine(start_mongod, under / "mongod") as mongo_url:
        await _pair(mongo_url, under, 1000)
        pairs = [await _pair(mongo_url, under, events) for _ in range(size.of(5, 9))]
    ratio = ratio_of(pairs)
    return [
        Row(
            name="relay",
            what="relay a backlog to JetStream",
            n=f"{len(pairs)} pairs of {events} events",
            unit="events/s",
            ours=ours_of(pairs),
            reference=reference_of(pairs),
            reference_is="nats-py publish_async, pipelined",
            ratio=ratio,
            target=Target("≥ 0.7 ×", ratio.median >= 0.7),
        )
    ]


async def _pair(mongo_url: str, under: Path, events: int) -> Pair:
    """A nats-server and a database of the pair's own: every relay finds the same."""
    name = new_id("bench")
    with engine(start_nats, under / name) as nats_url:
        settings = Settings(mongo_url=mongo_url, mongo_database=name, nats_url=nats_url)
        async with _runtime(settings) as runtime:
            await _fill(runtime, events)
            ours = await _relayed(runtime, events)
            await runtime.mongo.drop_database(name)
        return Pair(ours, await _published(nats_url))


@asynccontextmanager
async def _runtime(settings: Settings) -> AsyncIterator[Runtime]:
    async with connect(settings) as mongo:
        runtime = Runtime(settings=settings, mongo=mongo)
        await provision(relay_app.resources(runtime))
        yield runtime


async def _fill(runtime: Runtime, events: int) -> None:
    """Commits that wait for a relay: ten of each of the streams."""
    documents = [RawBSONDocument(encode_commit(commit)) for commit in commits("r", events, streams=events // 10)]
    for start in range(0, events, 1000):
        await runtime.database[COLLECTION].insert_many(documents[start : start + 1000])


async def _relayed(runtime: Runtime, events: int) -> float:
    """Events per second of a relay that starts on a full log."""

    async def marked() -> bool:
        return await runtime.database[COLLECTION].find_one({"relayed": False}) is None

    async with _jetstream(runtime.settings.nats_url) as jetstream, relay_app.service.open(runtime):
        await until("the relay publishes everything", partial(_holds, jetstream, STREAM, events))
        await until("every commit is marked", marked)
        return await _rate(jetstream, STREAM)


async def _published(nats_url: str) -> float:
    """Messages per second of a publisher that does nothing else, with the messages of the relay."""
    async with _jetstream(nats_url) as jetstream:
        messages = await _messages(jetstream)
        declared = (await jetstream.stream_info(STREAM)).config
        await jetstream.add_stream(declared.evolve(name=_RAW, subjects=["raw.>"]))
        answers = [
            await jetstream.publish_async(f"raw.{subject}", payload, headers=headers)
            for subject, payload, headers in messages
        ]
        await asyncio.gather(*answers)
        return await _rate(jetstream, _RAW)


@asynccontextmanager
async def _jetstream(nats_url: str) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(nats_url)
    try:
        yield client.jetstream(publish_async_max_pending=_WINDOW)
    finally:
        await client.close()


async def _messages(jetstream: JetStreamContext) -> list[Message]:
    count = (await jetstream.stream_info(STREAM)).state.messages
    reader = await jetstream.pull_subscribe("", stream=STREAM, config=ConsumerConfig(ack_policy=AckPolicy.NONE))
    found: list[Message] = []
    while len(found) < count:
        found += [(m.subject, m.data, m.headers or {}) for m in await reader.fetch(500, timeout=10)]
    return found


async def _holds(jetstream: JetStreamContext, stream: str, events: int) -> bool:
    return (await jetstream.stream_info(stream)).state.messages >= events


async def _rate(jetstream: JetStreamContext, stream: str) -> float:
    """Stored messages per second, by the server's clock."""
    state = (await jetstream.stream_info(stream)).state
    first, last = await jetstream.get_msg(stream, state.first_seq), await jetstream.get_msg(stream, state.last_seq)
    if first.time is None or last.time is None:
        raise RuntimeError("the server does not say when it stored a message")
    return (state.messages - 1) / (last.time - first.time).total_seconds()
