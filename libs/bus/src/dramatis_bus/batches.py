"""What becomes of a batch: handled as a whole, or, when that keeps failing, event by event."""

import asyncio
from collections.abc import Sequence

import structlog
from nats.aio.msg import Msg
from opentelemetry.trace import Link, SpanKind, get_current_span
from pydantic import ValidationError

from dramatis_bus import headers as names
from dramatis_bus.consumers import BatchConsumer, BatchHandler
from dramatis_bus.dispatch import HANDLED, RETRIED, Dispatcher, acknowledge, give_back, kept_alive
from dramatis_bus.errors import Poison, is_outage
from dramatis_bus.messages import Received, decode_event
from dramatis_bus.metrics import CONSUMED
from dramatis_bus.parking import ParkingKey
from dramatis_kit import Rejected
from dramatis_kit.telemetry import context_of, tracer

log = structlog.get_logger()

WHOLE_ATTEMPTS = 3
"""How often a batch is tried as a whole before its events are tried one by one."""

SPAN_LINKS = 16


class BatchDispatcher:
    """One batch consumer's way with the events of one service."""

    def __init__(self, consumer: BatchConsumer, handler: BatchHandler, single: Dispatcher) -> None:
        self._consumer = consumer
        self._handler = handler
        self._single = single
        self._attempt = f"{single.owner}/{consumer.name}/{single.service}"

    async def dispatch(self, messages: Sequence[Msg]) -> None:
        """Deal with a batch to the end: every message is acknowledged or given back."""
        attempt = max(message.metadata.num_delivered for message in messages)
        try:
            with kept_alive(messages, self._consumer.ack_wait):
                one_by_one = await self._settle(messages, attempt)
        except asyncio.CancelledError:
            await _give_all_back(messages, 0)
            raise
        except Exception as fault:  # the boundary: recorded, and the events come again
            delay = self._consumer.retry.delay(attempt)
            log.warning(
                "batch will be tried again",
                consumer=self._consumer.name,
                attempt=attempt,
                delay=delay,
                error=str(fault),
                exc_info=None if is_outage(fault) else fault,
            )
            await _give_all_back(messages, delay)
            CONSUMED.labels(self._consumer.name, RETRIED).inc(len(messages))
            return
        for message in one_by_one:
            await self._single.dispatch(message, self._parked)

    async def _settle(self, messages: Sequence[Msg], attempt: int) -> Sequence[Msg]:
        """Handle and acknowledge what can be handled together; what is returned goes one by one."""
        together, apart = await self._divide(messages)
        if not together:
            return apart
        if attempt == 1:
            done = await self._try([received for _, received in together], attempt)
        else:
            done = await self._try_again([received for _, received in together], attempt)
        if not done:
            return messages
        for message, _ in together:
            await acknowledge(message)
        CONSUMED.labels(self._consumer.name, HANDLED).inc(len(together))
        return apart

    async def _divide(self, messages: Sequence[Msg]) -> tuple[list[tuple[Msg, Received]], list[Msg]]:
        parked = await self._single.lot.keys(self._consumer.name, self._single.service)
        together: list[tuple[Msg, Received]] = []
        apart: list[Msg] = []
        for message in messages:
            received = _read(message)
            if received is None or (parked and self._single.key_of(message) in parked):
                apart.append(message)
            else:
                together.append((message, received))
        return together, apart

    async def _try_again(self, events: list[Received], attempt: int) -> bool:
        died = await self._single.lot.begin(self._attempt)
        try:
            return died < WHOLE_ATTEMPTS and await self._try(events, attempt)
        finally:
            await self._single.lot.end(self._attempt)

    async def _try(self, events: list[Received], attempt: int) -> bool:
        """False when the events must be tried one by one. Raises what shall be tried again as a whole."""
        links = _links(events)
        try:
            with tracer.start_as_current_span(f"consume {self._consumer.name}", kind=SpanKind.CONSUMER, links=links):
                async with asyncio.timeout(self._consumer.timeout):
                    await self._handler(events)
        except (Rejected, Poison):
            return False
        except Exception as fault:
            if is_outage(fault) or attempt < WHOLE_ATTEMPTS:
                raise
            log.exception("batch goes one by one", consumer=self._consumer.name, events=len(events))
            return False
        return True

    async def _parked(self, key: ParkingKey, _message: Msg) -> bool:
        return await self._single.lot.is_parked(key)


def _read(message: Msg) -> Received | None:
    try:
        return decode_event(message.data, message.headers, message.metadata.num_delivered)
    except ValidationError:
        return None


def _links(events: Sequence[Received]) -> list[Link]:
    """To the traces of the first few events: a batch has many causes."""
    traces = {event.envelope.traceparent: None for event in events if event.envelope.traceparent}
    contexts = [context_of({names.TRACEPARENT: trace}) for trace in list(traces)[:SPAN_LINKS] if trace]
    return [Link(get_current_span(context).get_span_context()) for context in contexts]


async def _give_all_back(messages: Sequence[Msg], delay: float) -> None:
    for message in messages:
        if not message.is_acked:
            await give_back(message, delay)
