"""A standing pull request on a durable: events arrive as soon as the server has them.

nats-py's `fetch` polls, creates a task per message and hides a deleted consumer behind timeouts. Here one request
stands for half a minute, heartbeats prove that it is alive, and a durable that is gone is an error at once.
"""

import asyncio
import json
from collections import deque
from contextlib import suppress

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from dramatis_bus.consumers import Durable
from dramatis_bus.link import Link

EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 5
SILENCE_SECONDS = 12.5  # two and a half heartbeats
REFUSED_SECONDS = 0.5

_NANOSECONDS = 1_000_000_000
_NO_RESPONDERS = "503"
_DELETED = "Consumer Deleted"
_HEARTBEAT = "100"
_EXPIRED = "408"


class DurableGone(Exception):
    """The durable, its stream or JetStream itself is not there."""


class Pull:
    """Messages of one durable, at most `window` of them on their way to this process."""

    def __init__(self, link: Link, durable: Durable, window: int) -> None:
        self._link = link
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}"
        self._window = window
        self._outstanding = 0
        self._ready: deque[Msg] = deque()
        self._arrival = asyncio.Event()
        self._gone: str | None = None
        self._refused = False
        self._subscription: Subscription | None = None
        self._inbox = ""

    async def open(self) -> None:
        self._inbox = self._link.client.new_inbox()
        self._subscription = await self._link.client.subscribe(self._inbox, cb=self._arrived)
        self._link.on_restored.append(self.renew)

    async def close(self) -> None:
        """Ask for nothing more and give back what came but was not taken."""
        self._link.on_restored.remove(self.renew)
        with suppress(Error, OSError, TimeoutError):
            if self._subscription is not None and self._link.connected:
                await self._link.drain(self._subscription)
            for message in self._ready:
                await message.nak()
        self._ready.clear()

    def renew(self) -> None:
        """Forget what was asked for: a server that was away has forgotten it, too."""
        self._outstanding = 0
        self._gone = None
        self._arrival.set()

    def fail(self, why: str) -> None:
        """Have `take` raise `DurableGone`: somebody else found that it is."""
        self._gone = why
        self._outstanding = 0
        self._arrival.set()

    async def take(self, limit: int, linger: float = 0.0) -> list[Msg]:
        """At least one message, at most `limit`, at the latest `linger` seconds after the first.

        Raises `DurableGone`.
        """
        while not self._ready:
            await self._ask()
            await self._await_arrival(SILENCE_SECONDS)
        if linger and len(self._ready) < limit:
            await self._linger(limit, linger)
        taken = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        if self._window > 1 and self._outstanding + len(self._ready) <= self._window // 2:
            await self._request()
        return taken

    async def _linger(self, limit: int, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self._ready) < limit and self._outstanding and not self._gone:
                    self._arrival.clear()
                    await self._arrival.wait()

    async def _await_arrival(self, silence: float) -> None:
        try:
            async with asyncio.timeout(silence):
                await self._arrival.wait()
        except TimeoutError:
            self._outstanding = 0
        self._arrival.clear()
        if self._gone is not None and not self._ready:
            gone, self._gone = self._gone, None
            raise DurableGone(gone)

    async def _ask(self) -> None:
        await self._link.restored.wait()
        if self._refused:  # too many requests wait, or the server has other worries: do not press it
            self._refused = False
            await asyncio.sleep(REFUSED_SECONDS)
        if not self._outstanding:
            await self._request()

    async def _request(self) -> None:
        wanted = self._window - self._outstanding - len(self._ready)
        request = {
            "batch": wanted,
            "expires": EXPIRES_SECONDS * _NANOSECONDS,
            "idle_heartbeat": HEARTBEAT_SECONDS * _NANOSECONDS,
        }
        self._outstanding += wanted
        await self._link.client.publish(self._subject, json.dumps(request).encode(), reply=self._inbox)

    async def _arrived(self, message: Msg) -> None:
        if message.data or not message.headers or "Status" not in message.headers:
            self._outstanding = max(0, self._outstanding - 1)
            self._ready.append(message)
        else:
            self._read_status(message.headers)
        self._arrival.set()

    def _read_status(self, headers: dict[str, str]) -> None:
        status, words = headers["Status"], headers.get("Description", "")
        if status == _HEARTBEAT:
            return
        if status == _NO_RESPONDERS or words == _DELETED:
            self.fail("no responders" if status == _NO_RESPONDERS else words)
            return
        unfulfilled = int(headers.get("Nats-Pending-Messages", self._outstanding))
        self._outstanding = max(0, self._outstanding - unfulfilled)
        self._refused = status != _EXPIRED
