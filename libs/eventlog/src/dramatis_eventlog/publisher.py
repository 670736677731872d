"""Pipelined publishing to JetStream: many messages in flight, every acknowledgement awaited.

Not `JetStreamContext.publish_async`: a future, a random inbox and two semaphore calls per message cost more than the
message itself.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from dramatis_eventlog.messages import Message


class PublishRefused(Exception):
    """JetStream answered with an error: a stream is full or missing, or lost what it had stored."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Where JetStream stored a message, or had stored it when it was sent before."""

    sequence: int
    duplicate: bool


Receiver = Callable[[Ack | PublishRefused], Awaitable[None]]


class Publisher:
    """Sends messages and hands each answer to its receiver. What was not answered at the end is forgotten."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._sent = 0
        self._unanswered: dict[str, tuple[float, Receiver]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, client: Client) -> AsyncIterator["Publisher"]:
        publisher = cls(client)
        subscription = await client.subscribe(f"{publisher._inbox}.*", cb=publisher._answered)
        try:
            yield publisher
        finally:
            publisher._unanswered.clear()
            if client.is_connected:
                await subscription.unsubscribe()

    async def send(self, message: Message, receiver: Receiver) -> None:
        """Send without waiting for the answer. Raises nats-py's error when there is no connection.

        The message must not be larger than the server carries (`check_size`): it would close the connection.
        """
        subject, payload, headers = message
        self._sent += 1
        token = str(self._sent)
        self._unanswered[token] = (time.monotonic(), receiver)
        await self._client.publish(subject, payload, f"{self._inbox}.{token}", headers)

    def waited(self) -> float:
        """For how many seconds the oldest message has been without an answer."""
        first = next(iter(self._unanswered.values()), None)
        return time.monotonic() - first[0] if first else 0.0

    async def _answered(self, message: Msg) -> None:
        found = self._unanswered.pop(message.subject.rpartition(".")[2], None)
        if found:
            await found[1](_reading(message.data))


def _reading(answer: bytes) -> Ack | PublishRefused:
    if not answer:  # the server's "no responders"
        return PublishRefused("no stream takes the subject")
    content = orjson.loads(answer)
    if error := content.get("error"):
        return PublishRefused(error.get("description", "refused"))
    return Ack(content["seq"], content.get("duplicate", False))
