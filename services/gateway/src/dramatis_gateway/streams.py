"""A server-sent event stream as an answer.

It is made for many idle clients: one piece of bytes per event for all who get it, one timer per client, and an end in
time whatever the client does.
"""

import asyncio
import secrets
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dramatis_gateway.cursors import cursor_of
from dramatis_gateway.feed import Feed
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.subscribers import Subscriber
from dramatis_kit import Unavailable

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream"}
_SECONDS_TO_FINISH = 0.5


class EventStream(Response):
    """Replays what the client missed after `after` (None: nothing), then is live until either side ends it."""

    def __init__(
        self, feed: Feed, metrics: Metrics, subscriber: Subscriber, *, after: int | None, heartbeat: float
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)
        self._feed = feed
        self._metrics = metrics
        self._subscriber = subscriber
        self._after = after
        # Clients that came at the same moment must not all be written to, nor come back, at the same moment.
        self._heartbeat = heartbeat * (0.75 + secrets.randbelow(250) / 1000)
        self._retry = 1000 + secrets.randbelow(2000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        writer = asyncio.create_task(self._write(send), name="write an event stream")
        leaver = asyncio.create_task(_left(receive), name="watch an event stream's client")
        with self._metrics.sse_clients.track_inprogress():
            try:
                await asyncio.wait((writer, leaver, self._subscriber.over), return_when=asyncio.FIRST_COMPLETED)
                if not leaver.done():
                    await asyncio.wait((writer,), timeout=_SECONDS_TO_FINISH)
            finally:
                self._feed.close(self._subscriber)
                leaver.cancel()
                writer.cancel()
                await asyncio.wait((writer, leaver))
        self._metrics.sse_ended.labels(self._subscriber.ended or "disconnected").inc()
        if not writer.cancelled():
            writer.result()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        start = self._feed.next_position - 1 if self._after is None else self._after
        await _send(send, b": dramatis\nretry: %d\n%b\n" % (self._retry, self._id_line(start)))
        try:
            async with aclosing(self._feed.replay(self._subscriber, start)) as missed:
                async for frames in missed:
                    await _send(send, b"".join(frame.sse() for frame in frames))
                    if self._subscriber.ended:
                        break
            await self._follow(send)
        except Unavailable:
            self._subscriber.end("unavailable")
        await send({"type": "http.response.body", "body": self._subscriber.take(), "more_body": False})

    async def _follow(self, send: Send) -> None:
        while not self._subscriber.ended:
            await self._subscriber.wait(self._heartbeat)
            if self._subscriber.queue or not self._subscriber.ended:
                await _send(send, self._subscriber.take() or self._heart_beat())

    def _heart_beat(self) -> bytes:
        """Nothing is queued, so the client has all below the feed's next position: it will not resume before it."""
        return b": heartbeat\n%b\n" % self._id_line(self._feed.next_position - 1)

    def _id_line(self, position: int) -> bytes:
        return b"id: %b\n" % cursor_of(self._subscriber.wanted.tenant, max(position, 0)).encode()


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
