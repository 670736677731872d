"""The bus of one process: one NATS connection for calls, consumers and fan-out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.v1 import Progress
from dramatis_kit import Settings
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel

from dramatis_bus.consumers import BatchHandler, Consumer, Handler
from dramatis_bus.health import Health
from dramatis_bus.parking import ParkingLot
from dramatis_bus.rpc import CallHandler

RequestT = TypeVar("RequestT", bound=BaseModel)
ResponseT = TypeVar("ResponseT", bound=BaseModel)

Unsubscribe = Callable[[], Awaitable[None]]


class Bus:
    """`async with Bus.open(settings, name="persona") as bus`: register, then `await bus.start()`."""

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, name: str, parking: ParkingLot | None = None) -> AsyncIterator["Bus"]:
        """Connect; raises `Unavailable` when NATS cannot be reached. Drains on exit within `settings.drain_seconds`.

        `parking` defaults to the MongoDB of the settings.
        """
        raise NotImplementedError
        yield cls()

    @property
    def connection(self) -> Client:
        """The NATS connection, for publishing with PubAck (the relay) and stream management."""
        raise NotImplementedError

    async def start(self) -> None:
        """Begin to serve and to consume what was registered."""
        raise NotImplementedError

    def serve(self, method: Method[RequestT, ResponseT], handler: CallHandler[RequestT, ResponseT]) -> None:
        """Answer a method. Before `start`."""
        raise NotImplementedError

    def not_implemented(self, service: str) -> None:
        """Answer every other method of the service with `Rejected("NOT_IMPLEMENTED")`. Before `start`."""
        raise NotImplementedError

    def health(self, service: str, checks: Callable[[], Awaitable[dict[str, str]]]) -> None:
        """Answer `rpc.<service>.health` with these checks and the state of this bus's consumers. Before `start`."""
        raise NotImplementedError

    def consume(self, consumer: Consumer, handler: Handler | BatchHandler | None = None) -> None:
        """Run a consumer from `start` on. The handler stands in the declaration or comes here."""
        raise NotImplementedError

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        tenant: str,
        command_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the deadline crosses the wire
    ) -> ResponseT:
        """Ask a service. Raises `Rejected`, `Unavailable` or `Fault`; never waits longer than the deadline.

        Within a handler the deadline of the call being answered bounds this one too.
        """
        raise NotImplementedError

    async def health_of(self, service: str) -> Health:
        """How a service is. Raises `Unavailable` when nobody answers for it."""
        raise NotImplementedError

    async def publish_progress(self, tenant: str, progress: Progress) -> None:
        """Tell whoever listens now; nothing is stored. Dropped while NATS is unreachable."""
        raise NotImplementedError

    async def subscribe(self, subject: str, callback: Callable[[Msg], Awaitable[None]]) -> Unsubscribe:
        """Core fan-out: every message of a subject that arrives while subscribed, in order, one at a time."""
        raise NotImplementedError
