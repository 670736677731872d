"""One follower of the feed: which events it wants, and the bounded queue in which they wait for it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from dramatis_contracts.envelope import Envelope
from dramatis_gateway.cursors import cursor_of

End = Literal["draining", "overflow", "unavailable", "revoked"]

QUEUE_BYTES = 8_000_000
"""Payloads that may wait for one follower, unless it is a single one."""


@dataclass(slots=True, eq=False)
class Frame:
    """One event, encoded once for all who get it. `payload` is the envelope as JSON. Not to be changed."""

    position: int
    event_id: str
    tenant: str
    type: str
    subject: str
    payload: bytes
    _sse: bytes | None = field(default=None, init=False, repr=False)
    _text: str | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, position: int, envelope: Envelope) -> "Frame":
        payload = envelope.model_dump_json().encode()
        return cls(position, envelope.id, envelope.tenantid, envelope.type, envelope.subject, payload)

    def sse(self) -> bytes:
        """The frame as a server-sent event."""
        if self._sse is None:
            cursor = cursor_of(self.tenant, self.position).encode()
            self._sse = b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor, self.type.encode(), self.payload)
        return self._sse

    def text(self) -> str:
        """The frame as the message of a WebSocket."""
        if self._text is None:
            cursor = cursor_of(self.tenant, self.position)
            self._text = f'{{"type":"event","id":"{cursor}","event":{self.payload.decode()}}}'
        return self._text


@dataclass(frozen=True, slots=True)
class Wanted:
    """`types` are exact event types; empty means all. `subject` is an aggregate's id."""

    tenant: str
    types: frozenset[str] = frozenset()
    subject: str | None = None

    def matches(self, frame: Frame) -> bool:
        return (
            frame.tenant == self.tenant
            and (not self.types or frame.type in self.types)
            and (self.subject is None or frame.subject == self.subject)
        )


@dataclass(slots=True, eq=False)
class Subscriber:
    """`after` is the position up to which the follower has all it wants; nothing at or below it is queued again.

    `key_id` is the API key that opened the stream: it ends when the key is revoked.
    """

    wanted: Wanted
    limit: int
    key_id: str = ""
    after: int = 0
    ended: End | None = None
    over: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    queue: deque[Frame] = field(default_factory=deque)
    _bytes: int = 0
    _signal: "asyncio.Future[None] | None" = None

    def offer(self, frame: Frame) -> None:
        """Queue an event. A follower that is too slow is ended: it resumes from its own position."""
        if frame.position <= self.after or self.ended:
            return
        if len(self.queue) >= self.limit or (self.queue and self._bytes + len(frame.payload) > QUEUE_BYTES):
            self.end("overflow")
            return
        self.after = frame.position
        self.queue.append(frame)
        self._bytes += len(frame.payload)
        self.wake()

    def end(self, reason: End) -> None:
        self.ended = self.ended or reason
        if not self.over.done():
            self.over.set_result(None)
        self.wake()

    async def wait(self, seconds: float) -> None:
        """Return when something is queued, when the follower is ended, or after `seconds`."""
        if self.queue or self.ended:
            return
        loop = asyncio.get_running_loop()
        self._signal = loop.create_future()
        timer = loop.call_later(seconds, self.wake)
        try:
            await self._signal
        finally:
            timer.cancel()
            self._signal = None

    def take(self) -> list[Frame]:
        """All that is queued."""
        taken = list(self.queue)
        self.queue.clear()
        self._bytes = 0
        return taken

    def wake(self) -> None:
        if self._signal is not None and not self._signal.done():
            self._signal.set_result(None)
