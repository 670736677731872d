"""Pipelined publishing to JetStream: many messages in flight, every acknowledgement awaited.

Not `JetStreamContext.publish_async`: that makes a future and an inbox entry per message, which costs more than the
message itself.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from dramatis_bus.messages import check_size
from dramatis_kit import Unavailable

Message = tuple[str, bytes, dict[str, str]]
"""Subject, payload, headers: what `encode_event` gives."""


class PublishRefused(Exception):
    """JetStream answered with an error, for example that a stream is full."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Where JetStream stored a message, or had stored it when it was sent before."""

    sequence: int
    duplicate: bool


class Publisher:
    """Publishes batches over one connection. One batch at a time."""

    def __init__(self, client: Client, seconds: float = 2.0) -> None:
        self._client = client
        self._seconds = seconds
        self._inbox = client.new_inbox()
        self._batch = 0
        self._replies: list[bytes | None] = []
        self._missing = 0
        self._complete = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, client: Client) -> AsyncIterator["Publisher"]:
        publisher = cls(client)
        subscription = await client.subscribe(f"{publisher._inbox}.*.*", cb=publisher._received)
        try:
            yield publisher
        finally:
            if client.is_connected:
                await subscription.unsubscribe()

    async def publish(self, messages: Sequence[Message]) -> list[Ack]:
        """Store the messages in this order and give their acknowledgements.

        Raises `Unavailable` when one is missing after the deadline, `PublishRefused` when one was refused. Others of the
        batch may have been stored then: publish the batch again, their ids make that harmless.
        """
        self._batch += 1
        self._replies = [None] * len(messages)
        self._missing = len(messages)
        self._complete.clear()
        for index, (subject, payload, headers) in enumerate(messages):
            check_size(subject, payload, headers, self._client.max_payload)
            await self._client.publish(subject, payload, f"{self._inbox}.{self._batch}.{index}", headers)
        try:
            async with asyncio.timeout(self._seconds):
                await self._complete.wait()
        except TimeoutError:
            raise Unavailable(f"JetStream ({self._missing} of {len(messages)} not acknowledged)") from None
        return [_ack(reply) for reply in self._replies]

    async def _received(self, message: Msg) -> None:
        _, _, rest = message.subject.rpartition(self._inbox + ".")
        batch, _, index = rest.partition(".")
        if int(batch) != self._batch or self._replies[int(index)] is not None:
            return
        self._replies[int(index)] = message.data
        self._missing -= 1
        if not self._missing:
            self._complete.set()


def _ack(reply: bytes | None) -> Ack:
    if not reply:  # an empty reply is the server's "no responders": no stream takes this subject
        raise PublishRefused("no stream takes the subject")
    content = orjson.loads(reply)
    if error := content.get("error"):
        raise PublishRefused(error.get("description", "refused"))
    return Ack(content["seq"], content.get("duplicate", False))
