"""A server-sent event stream as an answer.

It is made for many idle clients: one piece of bytes per event for all who get it, one timer per client, and an end in
time whatever the client does.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dramatis_gateway.cursors import cursor_of
from dramatis_gateway.feed import Feed
from dramatis_gateway.following import Following
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.replay import Gap
from dramatis_gateway.subscribers import Frame, Subscriber

_HEADERS = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
    "Content-Type": "text/event-stream",
    "Connection": "close",
}
_SECONDS_TO_FINISH = 0.5


class Stream(Response):
    """A stream of server-sent events: `write` tells it, until either side ends it."""

    def __init__(
        self, feed: Feed, subscriber: Subscriber, metrics: Metrics, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({**_HEADERS, **(headers or {})})
        self._feed = feed
        self._subscriber = subscriber
        self._metrics = metrics

    async def write(self, send: Send) -> None:
        """Write all parts of the body. Returns when there is no more, or soon after the subscriber was ended."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        subscriber = self._subscriber
        writer = asyncio.create_task(self._write(send), name="write an event stream")
        leaver = asyncio.create_task(_left(receive), name="watch an event stream's client")
        with self._metrics.sse_clients.track_inprogress():
            try:
                await asyncio.wait((writer, leaver, subscriber.over), return_when=asyncio.FIRST_COMPLETED)
                if not leaver.done():
                    await asyncio.wait((writer,), timeout=_SECONDS_TO_FINISH)
            finally:
                self._feed.close(subscriber)
                leaver.cancel()
                writer.cancel()
                await asyncio.wait((writer, leaver))
        self._metrics.sse_ended.labels(subscriber.ended or "disconnected").inc()
        if not writer.cancelled():
            writer.result()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self.write(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream(Stream):
    """What the client missed of its tenant's events, then what happens."""

    def __init__(self, following: Following, metrics: Metrics, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(following.feed, following.subscriber, metrics, headers)
        self._following = following

    async def write(self, send: Send) -> None:
        await self._following.run(_Events(send, self._subscriber.wanted.tenant))


class _Events:
    """A `Line` of server-sent events."""

    __slots__ = ("_send", "_tenant")

    def __init__(self, send: Send, tenant: str) -> None:
        self._send = send
        self._tenant = tenant

    async def begin(self, position: int) -> None:
        # Clients that lost their streams at the same moment must not all come back at the same moment.
        retry = 1000 + secrets.randbelow(2000)
        await self._write(b": dramatis\nretry: %d\nid: %b\n\n" % (retry, self._cursor(position)))

    async def events(self, frames: Sequence[Frame]) -> None:
        # The only one of a list is not copied.
        await self._write(b"".join([frame.sse() for frame in frames]))

    async def gap(self, gap: Gap) -> None:
        up_to = self._cursor(gap.up_to)
        told = {"reason": "retention", "after": self._cursor(gap.after).decode(), "up_to": up_to.decode()}
        await self._write(b"id: %b\nevent: gap\ndata: %b\n\n" % (up_to, orjson.dumps(told)))

    async def heartbeat(self, position: int) -> None:
        await self._write(b": heartbeat\nid: %b\n\n" % self._cursor(position))

    def _cursor(self, position: int) -> bytes:
        return cursor_of(self._tenant, max(position, 0)).encode()

    async def _write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
