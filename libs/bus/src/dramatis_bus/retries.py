"""Bring parked aggregates back, or give them up: calls that the process answers whose consumer parked them."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from dramatis_bus import headers as names
from dramatis_bus.dispatch import Dispatcher, reason_of
from dramatis_bus.messages import decode_event
from dramatis_bus.parking import CLAIM_SECONDS, ParkingKey
from dramatis_bus.rpc import Call, answering
from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method
from dramatis_kit import Rejected

log = structlog.get_logger()

ANSWER_SECONDS = 1.0
"""How much of a call's budget is kept for the answer."""


class ParkedEntry(Request):
    """Which entry of the call's tenant."""

    consumer: str
    service: str
    subject: str


class ParkedOutcome(Resource):
    """How many events were handled (or discarded) and how many remain parked, and why.

    `remaining` without a `reason` means that the work goes on: ask again.
    """

    handled: int
    remaining: int
    reason: str | None = None


def parked_retry(owner: str) -> Method[ParkedEntry, ParkedOutcome]:
    """Handle the parked events of an aggregate now, in order, until one fails."""
    return Method(owner, "parked_retry", ParkedEntry, ParkedOutcome, timeout_seconds=20)


def parked_discard(owner: str) -> Method[ParkedEntry, ParkedOutcome]:
    """Give the parked events of an aggregate up. They stay in the event log."""
    return Method(owner, "parked_discard", ParkedEntry, ParkedOutcome)


@dataclass(slots=True)
class _Progress:
    handled: int = 0
    remaining: int = 0
    reason: str | None = None

    def outcome(self) -> ParkedOutcome:
        return ParkedOutcome(handled=self.handled, remaining=self.remaining, reason=self.reason)


@dataclass(slots=True)
class Retries:
    """The parked entries of the consumers of one bus."""

    dispatchers: dict[tuple[str, str], Dispatcher]
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def retry(self, call: Call[ParkedEntry]) -> ParkedOutcome:
        """Answers in time even where the work takes longer; it goes on then."""
        dispatcher, key = self._find(call)
        progress = _Progress()
        claim = await dispatcher.lot.claim(key)
        if claim is None:
            raise await _why_not(dispatcher, key)
        task = asyncio.create_task(_retry(dispatcher, key, claim, progress), name="parked retry")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, call.deadline - time.monotonic() - ANSWER_SECONDS)):
                await asyncio.shield(task)
        return progress.outcome()

    async def discard(self, call: Call[ParkedEntry]) -> ParkedOutcome:
        dispatcher, key = self._find(call)
        if not await dispatcher.lot.is_parked(key):
            raise _not_parked(key)
        dropped = await dispatcher.lot.discard(key)
        log.warning("parked events discarded", consumer=key.consumer, subject=key.subject, events=dropped)
        return ParkedOutcome(handled=dropped, remaining=0)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _find(self, call: Call[ParkedEntry]) -> tuple[Dispatcher, ParkingKey]:
        entry = call.request
        if (dispatcher := self.dispatchers.get((entry.consumer, entry.service))) is None:
            raise Rejected("NOT_FOUND", "No such consumer here.", field="consumer", issue="unknown")
        return dispatcher, ParkingKey(entry.consumer, entry.service, call.tenant, entry.subject)


async def _retry(dispatcher: Dispatcher, key: ParkingKey, claim: str, progress: _Progress) -> None:
    answering.set(None)  # the work may outlast the call that asked for it
    renewal = asyncio.create_task(_renew(dispatcher, key, claim))
    try:
        await _handle_in_order(dispatcher, key, claim, progress)
    finally:
        renewal.cancel()
        progress.remaining = await dispatcher.lot.release(key, claim, progress.reason)


async def _handle_in_order(dispatcher: Dispatcher, key: ParkingKey, claim: str, progress: _Progress) -> None:
    while (event := await dispatcher.lot.first(key, claim)) is not None:
        progress.remaining = max(1, progress.remaining)
        try:
            received = decode_event(event.payload, event.headers)
            await dispatcher.handle(received, event.headers.get(names.TRACEPARENT))
        except Exception as fault:  # the boundary: recorded on the entry, which stays parked
            progress.reason = reason_of(fault)
            log.warning("parked event failed again", consumer=key.consumer, subject=key.subject, exc_info=fault)
            return
        await dispatcher.lot.remove(key, event)
        progress.handled += 1


async def _renew(dispatcher: Dispatcher, key: ParkingKey, claim: str) -> None:
    while True:
        await asyncio.sleep(CLAIM_SECONDS / 3)
        await dispatcher.lot.renew(key, claim)


async def _why_not(dispatcher: Dispatcher, key: ParkingKey) -> Rejected:
    if await dispatcher.lot.is_parked(key):
        return Rejected("CONFLICT", "This aggregate is being retried already.")
    return _not_parked(key)


def _not_parked(key: ParkingKey) -> Rejected:
    return Rejected("NOT_FOUND", f"{key.consumer} has nothing parked for {key.subject}.", field="subject")
