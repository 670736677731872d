"""The NATS connection of a process: one, named, reconnecting for ever, and honest about being down."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog
from faststream import AckPolicy
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error
from nats.js import JetStreamContext

from dramatis_kit import Settings, Unavailable

log = structlog.get_logger()

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 1.5
GRACE_SECONDS = 0.2
"""What FastStream's own stop may still wait: the bus has drained before it."""

JETSTREAM_SECONDS = 5.0

ErrorCallback = Callable[[Exception], Awaitable[None]]


@dataclass
class TimedMsg(Msg):
    """A message that knows when it came in, so that a deadline also counts the time that it waited in a queue."""

    arrived: float = field(default_factory=time.monotonic)


class _Broker(NatsBroker):
    """FastStream's own error callback raises on some errors, which ends nats-py's reconnect loop for ever."""

    def _log_connection_broken(self, error_cb: ErrorCallback | None = None) -> ErrorCallback:
        async def record(error: Exception) -> None:
            if error_cb is not None:
                await error_cb(error)

        return record


class Link:
    """A connection. `on_lost` and `on_restored` are called when it breaks and when it is back."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings = settings
        self.on_lost: list[Callable[[], None]] = []
        self.on_restored: list[Callable[[], None]] = []
        self.restored = asyncio.Event()
        self.broker = _Broker(
            settings.nats_url.split(","),
            name=name,
            logger=None,
            apply_types=False,
            ack_policy=AckPolicy.MANUAL,
            graceful_timeout=GRACE_SECONDS,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=5,
            max_outstanding_pings=2,
            drain_timeout=1,
            flush_timeout=CLOSE_SECONDS,
            error_cb=self._failed,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            closed_cb=self._closed,
        )
        self.lost_for_good = asyncio.Event()
        self._closing = False
        self._client: Client | None = None
        self._last_error: Exception | None = None

    @property
    def client(self) -> Client:
        if self._client is None:
            raise Unavailable("NATS")
        return self._client

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream(timeout=JETSTREAM_SECONDS)

    async def connect(self) -> None:
        """Raises `Unavailable` when no server answers in time."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._client = await self.broker.connect()
        except (TimeoutError, OSError, Error) as error:
            raise Unavailable(f"NATS at {self.settings.nats_url} ({self._last_error or error})") from error
        self._client.msg_class = TimedMsg
        self.restored.set()

    async def settle(self) -> None:
        """Wait until the server has processed all that was sent, and all that it sent meanwhile has arrived.

        nats-py's `flush` does not: its PING is written past the buffer and overtakes the commands in it.
        """
        inbox = self.client.new_inbox()
        echo = await self.client.subscribe(inbox)
        await self.client.publish(inbox, b"echo")
        await echo.next_msg(timeout=JETSTREAM_SECONDS)
        await echo.unsubscribe()

    async def drain(self, subscription: Subscription) -> None:
        """Ask for no more messages and wait until those on their way have arrived and were processed.

        nats-py's own drain alone loses messages: what arrives between its overtaking PING and its UNSUB is dropped.
        """
        await self.client._send_unsubscribe(subscription._id)  # noqa: SLF001  # there is no public way to send it alone
        await self.settle()
        drain: Callable[[], Awaitable[None]] = subscription.drain
        await drain()

    async def close(self) -> None:
        """Drain and close, also when the server is gone."""
        if self._client is None:
            return
        self._closing = True
        self.on_lost.clear()
        self.on_restored.clear()
        with suppress(TimeoutError, Error, OSError, ExceptionGroup):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.broker.stop()
        if not self._client.is_closed:
            await self._client.close()

    async def _failed(self, error: Exception) -> None:
        self._last_error = error
        log.warning("nats error", error=str(error) or type(error).__name__)

    async def _disconnected(self) -> None:
        self.restored.clear()
        for tell in self.on_lost:
            tell()

    async def _closed(self) -> None:
        if not self._closing:
            log.critical("nats connection closed for good", error=str(self.client.last_error))
            self.lost_for_good.set()

    async def _reconnected(self) -> None:
        self.restored.set()
        for tell in self.on_restored:
            tell()


@asynccontextmanager
async def linked(settings: Settings, name: str) -> AsyncIterator[Link]:
    """A connection for the length of a block."""
    link = Link(settings, name)
    await link.connect()
    try:
        yield link
    finally:
        await link.close()
