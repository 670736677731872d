"""What becomes of one delivered event: handled, skipped, tried again later, or parked with its aggregate."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

import structlog
from nats.aio.msg import Msg
from nats.errors import Error
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from dramatis_bus import headers as names
from dramatis_bus.consumers import Handler, Retry
from dramatis_bus.errors import Poison, is_outage
from dramatis_bus.messages import Received, decode_event
from dramatis_bus.metrics import CONSUMED
from dramatis_bus.parking import ParkedEvent, ParkingKey, ParkingLot
from dramatis_bus.subjects import event_tokens
from dramatis_kit import Rejected
from dramatis_kit.telemetry import context_of, tracer

log = structlog.get_logger()

HANDLED, SKIPPED, RETRIED, PARKED = "handled", "skipped", "retried", "parked"


class Parkedness(Protocol):
    """Whether an aggregate is parked, asked for a message that was just delivered."""

    async def __call__(self, key: ParkingKey, message: Msg, /) -> bool: ...


class Dispatcher:
    """One consumer's way with single events of one service."""

    def __init__(
        self,
        *,
        owner: str,
        consumer: str,
        service: str,
        handler: Handler,
        events: Sequence[str],
        retry: Retry,
        timeout: float,
        ack_wait: float,
        lot: ParkingLot,
    ) -> None:
        self.owner = owner
        self.consumer = consumer
        self.service = service
        self.lot = lot
        self.retry = retry
        self._handler = handler
        self._wanted = None if "*" in events else {event_tokens(event) for event in events}
        self._timeout = timeout
        self._ack_wait = ack_wait

    async def dispatch(self, message: Msg, parkedness: Parkedness) -> str:
        """Deal with a message to the end: it is acknowledged or given back. Says what became of it."""
        delivered = message.metadata.num_delivered
        try:
            with kept_alive([message], self._ack_wait):
                outcome = await self._settle(message, delivered, parkedness)
            await acknowledge(message)
        except asyncio.CancelledError:
            await give_back(message, 0)
            raise
        except Exception as fault:  # the boundary: recorded, and the event comes again
            outcome = RETRIED
            delay = self.retry.delay(delivered)
            log.warning(
                "event will be tried again",
                consumer=self.consumer,
                attempt=delivered,
                delay=delay,
                exc_info=None if is_outage(fault) else fault,
                error=str(fault),
            )
            await give_back(message, delay)
        CONSUMED.labels(self.consumer, outcome).inc()
        return outcome

    async def handle(self, received: Received, trace: str | None) -> None:
        """One attempt of the handler, within the event's trace and the consumer's timeout."""
        context = context_of({names.TRACEPARENT: trace}) if trace else None
        with tracer.start_as_current_span(f"consume {self.consumer}", context=context, kind=SpanKind.CONSUMER):
            async with asyncio.timeout(self._timeout):
                await self._handler(received)

    async def park(self, key: ParkingKey, event: ParkedEvent, reason: str) -> None:
        await self.lot.park(self.owner, key, event, reason)
        log.error(
            "aggregate parked",
            consumer=key.consumer,
            tenant=key.tenant,
            subject=key.subject,
            event_id=event.id,
            event_type=event.type,
            reason=reason,
        )

    def wants(self, message: Msg) -> bool:
        if self._wanted is None:
            return True
        aggregate, event = message.subject.split(".")[-2:]
        return (aggregate, event) in self._wanted or (aggregate, "*") in self._wanted

    def key_of(self, message: Msg) -> ParkingKey:
        tenant = message.subject.split(".")[3]
        subject = (message.headers or {}).get(names.SUBJECT) or f"unreadable-{message.metadata.sequence.stream}"
        return ParkingKey(self.consumer, self.service, tenant, subject)

    async def _settle(self, message: Msg, delivered: int, parkedness: Parkedness) -> str:
        if not self.wants(message):
            return SKIPPED
        key = self.key_of(message)
        if await parkedness(key, message) and await self.lot.add(key, parked_event(message)):
            return PARKED
        if delivered == 1:
            reason = await self._try(message, delivered)
        else:
            reason = await self._try_again(message, delivered)
        if reason is None:
            return HANDLED
        await self.park(key, parked_event(message), reason)
        return PARKED

    async def _try_again(self, message: Msg, delivered: int) -> str | None:
        """An attempt that leaves a note if it takes the process down with it."""
        attempt = f"{self.owner}/{self.consumer}/{parked_event(message).id}"
        died = await self.lot.begin(attempt)
        try:
            if died >= self.retry.max_crashes:
                return f"its handler ended the process {died} times"
            return await self._try(message, delivered)
        finally:
            await self.lot.end(attempt)

    async def _try(self, message: Msg, delivered: int) -> str | None:
        """Why the event must be parked, or None when it was handled. Raises what shall be tried again."""
        try:
            received = decode_event(message.data, message.headers, delivered)
        except ValidationError as error:
            return f"not an event: {error.errors(include_url=False, include_input=False)[0]['msg']}"
        try:
            await self.handle(received, (message.headers or {}).get(names.TRACEPARENT))
        except (Rejected, Poison) as no:
            return reason_of(no)
        except Exception as fault:
            if is_outage(fault) or delivered < self.retry.max_attempts:
                raise
            log.exception("attempts used up", consumer=self.consumer, attempts=delivered)
            return reason_of(fault)
        return None


def reason_of(error: BaseException) -> str:
    """What an operator reads next to a parked aggregate."""
    return f"{type(error).__name__}: {error}"[:500]


def parked_event(message: Msg) -> ParkedEvent:
    """The message as it is kept when it cannot be handled, also when it is not an event at all."""
    headers = message.headers or {}
    sequence = message.metadata.sequence.stream
    try:
        envelope = decode_event(message.data, headers).envelope
    except ValidationError:
        event_id = headers.get(names.MSG_ID) or f"sequence-{sequence}"
        return ParkedEvent(event_id, sequence, "unreadable", message.data, dict(headers))
    return ParkedEvent(envelope.id, envelope.streamversion, envelope.type, message.data, dict(headers))


async def acknowledge(message: Msg) -> None:
    """Acknowledge. A lost acknowledgement means that the event comes again."""
    with suppress(Error):
        await message.ack()


async def give_back(message: Msg, delay: float) -> None:
    """Have the event delivered again after `delay` seconds; where that fails, after the durable's ack_wait."""
    with suppress(Error):
        await message.nak(delay=delay or None)


@contextmanager
def kept_alive(messages: Sequence[Msg], ack_wait: float) -> Iterator[None]:
    """Tell the server, every third of `ack_wait`, that these messages are in work."""
    heartbeat = _Heartbeat(messages, ack_wait / 3)
    heartbeat.arm()
    try:
        yield
    finally:
        heartbeat.timer.cancel()


class _Heartbeat:
    """A timer rather than a task: most handlers are done long before the first beat."""

    __slots__ = ("beats", "messages", "seconds", "timer")

    def __init__(self, messages: Sequence[Msg], seconds: float) -> None:
        self.messages = messages
        self.seconds = seconds
        self.beats: set[asyncio.Task[None]] = set()
        self.timer: asyncio.TimerHandle

    def arm(self) -> None:
        self.timer = asyncio.get_running_loop().call_later(self.seconds, self.beat)

    def beat(self) -> None:
        task = asyncio.get_running_loop().create_task(_in_progress(self.messages))
        self.beats.add(task)
        task.add_done_callback(self.beats.discard)
        self.arm()


async def _in_progress(messages: Sequence[Msg]) -> None:
    with suppress(Error):
        for message in messages:
            await message.in_progress()
