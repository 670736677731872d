"""Bring JetStream back to what the log says was published: after a wipe, a purge or a crash that lost its tail.

JetStream acknowledges before it syncs, so it may lose what it acknowledged; the log is the truth. Positions rise within a
stream, hence whatever the log holds above a stream's last position is missing there.
"""

from collections.abc import AsyncIterator, Sequence

import structlog
from nats.js import JetStreamContext
from nats.js.api import StreamState
from nats.js.errors import NotFoundError
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.headers import MSG_ID, POSITION
from dramatis_bus.messages import encode_event
from dramatis_bus.provisioning import ensure_stream
from dramatis_bus.subjects import event_filter, stream_name
from dramatis_contracts.registry import SERVICES
from dramatis_eventlog.commits import envelopes, positions
from dramatis_eventlog.faults import reported
from dramatis_eventlog.log import COLLECTION
from dramatis_eventlog.publisher import Message, Publisher
from dramatis_kit import Document, Settings

log = structlog.get_logger()

_PAGE = 250


async def reconcile(
    database: AsyncDatabase[Document],
    jetstream: JetStreamContext,
    publisher: Publisher,
    settings: Settings,
    services: Sequence[str] = SERVICES,
) -> int:
    """Publish what the streams lack, under the original positions; a missing stream is created. How many events."""
    restored = 0
    for service in services:
        await ensure_stream(jetstream, settings, service)
        restored += await _restore(database.get_collection(COLLECTION), jetstream, publisher, service)
    return restored


async def _restore(
    commits: AsyncCollection[Document], jetstream: JetStreamContext, publisher: Publisher, service: str
) -> int:
    restored = 0
    last = await _last_position(jetstream, service)
    async for page in _relayed_after(commits, service, last):
        messages = [
            encode_event(envelope, position)
            for document in page
            for position, envelope in zip(positions(document), envelopes(document), strict=True)
            if position > last
        ]
        await _publish(jetstream, publisher, service, messages)
        restored += len(messages)
    if restored:
        log.warning("JetStream had lost events; republished from the log", service=service, events=restored)
    return restored


async def _last_position(jetstream: JetStreamContext, service: str) -> int:
    try:
        last = await jetstream.get_last_msg(stream_name(service), event_filter(service))
    except NotFoundError:
        return 0
    return int((last.headers or {}).get(POSITION, "0"))


async def _relayed_after(
    commits: AsyncCollection[Document], service: str, position: int
) -> AsyncIterator[list[Document]]:
    while True:
        where = {"service": service, "pos": {"$gt": position}, "relayed": True}
        with reported():
            page = await commits.find(where, sort={"pos": 1}, limit=_PAGE).to_list()
        if not page:
            return
        yield page
        position = page[-1]["pos"]


async def _publish(
    jetstream: JetStreamContext, publisher: Publisher, service: str, messages: Sequence[Message]
) -> None:
    acks = await publisher.publish(messages)
    if not any(ack.duplicate for ack in acks):
        return
    # The memory for duplicates outlives a purge: such a message was acknowledged as stored and is not there.
    state = (await jetstream.stream_info(stream_name(service))).state
    gone = [_again(message) for message, ack in zip(messages, acks, strict=True) if ack.duplicate and _lacks(state, ack.sequence)]
    if gone:
        await publisher.publish(gone)


def _lacks(state: StreamState, sequence: int) -> bool:
    return not state.first_seq <= sequence <= state.last_seq


def _again(message: Message) -> Message:
    subject, payload, headers = message
    return subject, payload, {**headers, MSG_ID: f"{headers[MSG_ID]}:again"}
