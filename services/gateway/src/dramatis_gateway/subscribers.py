"""One follower of the feed: which events it wants, and the bounded queue in which they wait for it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from dramatis_contracts.envelope import Envelope
from dramatis_gateway.cursors import cursor_of

End = Literal["draining", "overflow", "unavailable"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, encoded once for all who get it. `payload` is the envelope as JSON."""

    position: int
    event_id: str
    tenant: str
    type: str
    subject: str
    payload: bytes

    @classmethod
    def of(cls, position: int, envelope: Envelope) -> "Frame":
        return cls(
            position,
            envelope.id,
            envelope.tenantid,
            envelope.type,
            envelope.subject,
            envelope.model_dump_json().encode(),
        )

    def sse(self) -> bytes:
        """The frame as a server-sent event."""
        cursor = cursor_of(self.tenant, self.position)
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), self.type.encode(), self.payload)


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
    """`after` is the position up to which the follower has all it wants; nothing at or below it is queued again."""

    wanted: Wanted
    limit: int
    after: int = 0
    ended: End | None = None
    over: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    queue: deque[tuple[Frame, bytes]] = field(default_factory=deque)
    _signal: "asyncio.Future[None] | None" = None

    def offer(self, frame: Frame, encoded: bytes) -> None:
        """Queue an event. A follower that is too slow is ended: it resumes from its own position."""
        if frame.position <= self.after or self.ended:
            return
        if len(self.queue) >= self.limit:
            self.end("overflow")
            return
        self.after = frame.position
        self.queue.append((frame, encoded))
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

    def take(self) -> bytes:
        """All that is queued, as one piece."""
        taken = b"".join(encoded for _, encoded in self.queue)
        self.queue.clear()
        return taken

    def wake(self) -> None:
        if self._signal is not None and not self._signal.done():
            self._signal.set_result(None)
