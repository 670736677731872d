"""The bus of one process: one NATS connection for calls, consumers and fan-out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from pydantic import BaseModel

from dramatis_bus.consumers import BatchHandler, Consumer, Handler
from dramatis_bus.health import Health, HealthQuery, health_method
from dramatis_bus.inbox import Inbox
from dramatis_bus.link import Link
from dramatis_bus.parking import MongoParkingLot, ParkingLot
from dramatis_bus.retries import Retries, parked_discard, parked_retry
from dramatis_bus.rpc import Call, Caller, CallHandler
from dramatis_bus.running import Running
from dramatis_bus.server import Server
from dramatis_bus.subjects import progress_subject, token
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.v1 import Progress
from dramatis_kit import Runtime, Settings, Unavailable
from dramatis_kit.service import connect

log = structlog.get_logger()

RequestT = TypeVar("RequestT", bound=BaseModel)
ResponseT = TypeVar("ResponseT", bound=BaseModel)

Checks = Callable[[], Awaitable[dict[str, str]]]
Unsubscribe = Callable[[], Awaitable[None]]

PLATFORM = "platform"
"""The tenant of calls that concern no tenant."""


class Bus:
    """`async with Bus.open(settings, name="persona") as bus`: register, then `await bus.start()`."""

    def __init__(self, link: Link, name: str, parking: ParkingLot | None) -> None:
        self.name = token(name)
        self._link = link
        self._parking = parking
        self._resources = AsyncExitStack()
        self._inbox = Inbox(link)
        self._caller = Caller(self._inbox)
        self._server = Server(link)
        self._registered: list[tuple[Consumer, Handler | BatchHandler]] = []
        self._running: list[Running] = []
        self._retries = Retries({})

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, name: str, parking: ParkingLot | None = None) -> AsyncIterator["Bus"]:
        """Connect; raises `Unavailable` when NATS cannot be reached. Drains on exit within `settings.drain_seconds`.

        `parking` defaults to the MongoDB of the settings.
        """
        link = Link(settings, name)
        await link.connect()
        bus = cls(link, name, parking)
        try:
            await bus._inbox.open()
            yield bus
        finally:
            await bus._close(settings.drain_seconds)

    @classmethod
    @asynccontextmanager
    async def hosted(cls, runtime: Runtime, *, name: str) -> AsyncIterator["Bus"]:
        """As `open`, for a service: a connection that is closed for good ends the process, and another one begins."""
        async with cls.open(runtime.settings, name=name) as bus:
            watch = runtime.spawn(bus.watch(), f"{name} connection")
            try:
                yield bus
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)

    @property
    def connection(self) -> Client:
        """The NATS connection, for publishing with PubAck (the relay) and fan-out."""
        return self._link.client

    @property
    def connected(self) -> bool:
        return self._link.connected

    def jetstream(self) -> JetStreamContext:
        """JetStream over this connection; every request to it has a deadline."""
        return self._link.jetstream()

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back whenever the connection is restored: what a server kept in memory may be gone."""
        self._link.on_restored.append(callback)

    async def watch(self) -> None:
        """Raises `Unavailable` once the connection is closed for good, as after some errors that NATS reports.

        Only a new process helps then, which `hosted` sees to.
        """
        await self._link.lost_for_good.wait()
        raise Unavailable(f"NATS ({self.connection.last_error})")

    async def start(self) -> None:
        """Begin to serve and to consume what was registered. When it returns, calls from anywhere find this bus."""
        if self._registered:
            await self._prepare_consumers()
        await self._link.broker.start()
        await self._link.settle()
        for running in self._running:
            running.start()

    def serve(self, method: Method[RequestT, ResponseT], handler: CallHandler[RequestT, ResponseT]) -> None:
        """Answer a method. Before `start`."""
        self._server.serve(method, handler)

    def not_implemented(self, service: str) -> None:
        """Answer every other method of the service with `Rejected("NOT_IMPLEMENTED")`. Before `start`."""
        self._server.not_implemented(token(service))

    def health(self, service: str, checks: Checks | None = None) -> None:
        """Answer `rpc.<service>.health` with these checks and the state of this bus's consumers. Before `start`."""

        async def answer(call: Call[HealthQuery]) -> Health:
            found = self.checks() | await _found(checks, call.remaining() * 0.8)
            healthy = all(words == "ok" for words in found.values())
            return Health(status="ok" if healthy else "unhealthy", checks=found)

        self.serve(health_method(service), answer)

    def checks(self) -> dict[str, str]:
        """The state of the connection and of every consumer: "ok" or words for what is wrong."""
        found = {"nats": "ok" if self.connected else "closed" if self.connection.is_closed else "not connected"}
        return found | {f"consumer {running.consumer.name}": running.check() for running in self._running}

    def consume(self, consumer: Consumer, handler: Handler | BatchHandler | None = None) -> None:
        """Run a consumer from `start` on. The handler stands in the declaration or comes here."""
        chosen = handler or consumer.handler
        if chosen is None:
            raise ValueError(f"consumer {consumer.name} has no handler")
        self._registered.append((consumer, chosen))

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
        return await self._caller.call(
            method, request, tenant=tenant, command_id=command_id, correlation_id=correlation_id, timeout=timeout
        )

    async def health_of(self, service: str) -> Health:
        """How a service is. Raises `Unavailable` when nobody answers for it."""
        return await self.call(health_method(service), HealthQuery(), tenant=PLATFORM)

    async def publish_progress(self, tenant: str, progress: Progress) -> None:
        """Tell whoever listens now; nothing is stored. Left out while NATS is unreachable."""
        if self.connected:
            subject = progress_subject(tenant, progress.simulation_id)
            await self.connection.publish(subject, progress.model_dump_json().encode())

    async def subscribe(self, subject: str, callback: Callable[[Msg], Awaitable[None]]) -> Unsubscribe:
        """Core fan-out: every message of a subject that arrives while subscribed, in order, one at a time.

        An exception of the callback is logged and ends nothing.
        """

        async def receive(message: Msg) -> None:
            try:
                await callback(message)
            except Exception:  # the boundary: one bad message must not end the subscription
                log.exception("fan-out callback failed", subscription=subject)

        subscription = await self.connection.subscribe(subject, cb=receive)
        await self._link.settle()
        return subscription.unsubscribe

    async def _prepare_consumers(self) -> None:
        lot = self._parking or await self._own_parking()
        for consumer, handler in self._registered:
            self._running.append(Running(self._link, self.name, consumer, handler, lot))
        dispatchers = {
            (running.consumer.name, service): dispatcher
            for running in self._running
            for service, dispatcher in running.dispatchers.items()
        }
        self._retries = Retries(dispatchers)
        self.serve(parked_retry(self.name), self._retries.retry)
        self.serve(parked_discard(self.name), self._retries.discard)

    async def _own_parking(self) -> ParkingLot:
        client: Any = await self._resources.enter_async_context(connect(self._link.settings))
        return MongoParkingLot(client[self._link.settings.mongo_database])

    async def _close(self, seconds: float) -> None:
        """Let what is in flight end, then close."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(self._server.drain(), *(running.stop() for running in self._running))
        except TimeoutError:
            log.warning("work was cut off at the end of its drain time", bus=self.name)
        finally:
            await self._retries.stop()
            await self._link.close()
            await self._resources.aclose()


async def _found(checks: Checks | None, seconds: float) -> dict[str, str]:
    """What the checks say; one that fails or hangs is itself the finding."""
    if checks is None:
        return {}
    try:
        async with asyncio.timeout(seconds):
            return await checks()
    except TimeoutError:
        return {"checks": "no answer in time"}
    except Exception as fault:  # noqa: BLE001  # the boundary: reported as unhealthy
        return {"checks": f"{type(fault).__name__}: {fault}"[:200]}
