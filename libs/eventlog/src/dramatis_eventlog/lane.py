"""The way of one service's events to its stream. A stream that is full or gone holds up nobody else.

A lane first publishes what the log holds for it, then what the sequencer hands over as it comes. If that is too much at
once, or something fails, it goes back to the log: nothing but the log has to remember anything.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog
from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus import Bus
from dramatis_bus.errors import TooLarge
from dramatis_bus.messages import check_size
from dramatis_bus.subjects import stream_name
from dramatis_eventlog.cancellation import stop_if_cancelled
from dramatis_eventlog.faults import reported
from dramatis_eventlog.flight import FAILURES, Aggregate, Flight
from dramatis_eventlog.log import COLLECTION
from dramatis_eventlog.marks import Marks
from dramatis_eventlog.messages import Message, messages
from dramatis_eventlog.publisher import Publisher, PublishRefused
from dramatis_eventlog.reconcile import Streams
from dramatis_kit import Document, Settings

log = structlog.get_logger()

QUEUE = 1024
"""Commits that the sequencer may be ahead before the lane reads them from the log instead."""

LOOK_SECONDS = 5.0
ROOM_SECONDS = 1.0
_PAGE = 256
_HEADER_BYTES = 16_384  # far more than headers ever take: a smaller payload needs no exact look
_SECONDS_BETWEEN_ATTEMPTS = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Route:
    """What all lanes share. `guard` raises when the lease has run out."""

    database: AsyncDatabase[Document]
    bus: Bus
    settings: Settings
    marks: Marks
    guard: Callable[[], None]


class Lane:
    """`trouble` says what keeps events from being published, `blocked` which aggregates cannot go on."""

    def __init__(self, service: str, route: Route) -> None:
        self._service = service
        self._route = route
        self._streams = Streams(route.database, route.bus.jetstream(), route.settings)
        self._commits = route.database[COLLECTION]
        self._queue: deque[Document] = deque()
        self._overflown = True
        self._wake = asyncio.Event()
        self._behind = asyncio.Event()
        self._flight: Flight | None = None
        self._reached = 0
        self._late: set[ObjectId] = set()
        self.blocked: dict[Aggregate, str] = {}
        self.trouble: str | None = "starting"

    def offer(self, commit: Document) -> None:
        """A commit with its position. Without room it is dropped here and read from the log later."""
        if len(self._queue) >= QUEUE:
            self._overflown = True
        if self._overflown:
            self._queue.clear()
        else:
            self._queue.append(commit)
        self._wake.set()

    async def room(self) -> None:
        """Wait until the lane has caught up a little, but not for one that is in trouble."""
        self._behind.clear()
        if len(self._queue) > QUEUE // 2 and self.trouble is None:
            try:
                async with asyncio.timeout(ROOM_SECONDS):
                    await self._behind.wait()
            except TimeoutError:
                return

    def reconnected(self) -> None:
        """The connection was lost: what JetStream still has must be looked at."""
        if self._flight:
            self._flight.fail(PublishRefused("the connection to NATS was lost"))

    async def run(self) -> None:
        """Publish for ever. Raises only when the lease is lost or for a defect."""
        attempt = 0
        while True:
            stop_if_cancelled()
            try:
                await self._publish()
            except FAILURES as failure:
                attempt = 0 if self.trouble is None else attempt + 1
                self.trouble = str(failure) or type(failure).__name__
                log.warning("publishing begins anew", service=self._service, reason=self.trouble)
            await asyncio.sleep(_SECONDS_BETWEEN_ATTEMPTS[min(attempt, len(_SECONDS_BETWEEN_ATTEMPTS) - 1)])

    async def _publish(self) -> None:
        route = self._route
        async with Publisher.open(route.bus.connection) as publisher:
            await route.marks.settle(stream_name(self._service))
            await self._streams.reconcile(self._service)
            self._flight = Flight(self._service, publisher, route.bus.jetstream(), route.marks, route.guard)
            self._flight.landed = self._wake
            self._reached = 0
            self.blocked.clear()
            while True:
                async for commit in self._backlog():
                    await self._take(self._flight, commit)
                self.trouble = None
                await self._follow(self._flight)

    async def _backlog(self) -> AsyncIterator[Document]:
        """What the log holds for this lane and was not published, by position, until there is no more."""
        self._queue.clear()
        self._overflown = False
        while True:
            where = {"relayed": False, "service": self._service, "pos": {"$gt": self._reached}}
            with reported():
                page = await self._commits.find(where, sort={"pos": 1}, limit=_PAGE).to_list()
            stop_if_cancelled()
            for commit in page:
                yield commit
            if not page:
                return

    async def _follow(self, flight: Flight) -> None:
        """Publish what is offered, until it was too much at once."""
        next_look = time.monotonic() + LOOK_SECONDS
        while not self._overflown:
            flight.check()
            if time.monotonic() > next_look:
                await self._look(flight)
                next_look = time.monotonic() + LOOK_SECONDS
            if self._queue and not flight.full:
                await self._take(flight, self._queue.popleft())
                if len(self._queue) <= QUEUE // 2:
                    self._behind.set()
            else:
                await self._pause()

    async def _take(self, flight: Flight, commit: Document) -> None:
        if commit["pos"] <= self._reached:
            return
        while flight.full:
            flight.check()
            await self._pause()
        flight.check()
        self._reached = commit["pos"]
        aggregate = (commit["tenant"], commit["stream"])
        if aggregate not in self.blocked and (messages := self._messages(aggregate, commit)):
            await flight.add(aggregate, commit["_id"], messages)

    def _messages(self, aggregate: Aggregate, commit: Document) -> list[Message]:
        """The events as messages; none, and the aggregate is blocked, if the server cannot carry one of them."""
        encoded = messages(commit)
        limit = self._route.bus.connection.max_payload
        try:
            for subject, payload, headers in encoded:
                if len(payload) > limit - _HEADER_BYTES:
                    check_size(subject, payload, headers, limit)
        except TooLarge as why:
            self.blocked[aggregate] = str(why)
            log.critical("an aggregate cannot be relayed", service=self._service, stream=aggregate[1], reason=str(why))
            return []
        return encoded

    async def _pause(self) -> None:
        stop_if_cancelled()
        self._wake.clear()
        try:
            async with asyncio.timeout(0.25):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _look(self, flight: Flight) -> None:
        """The truth behind the speed: is the stream as it was left, and is nothing left lying?"""
        if not await self._streams.intact(self._service):
            raise PublishRefused("the stream lost events")
        where = {"relayed": False, "service": self._service, "pos": {"$gt": 0, "$lte": self._reached}}
        with reported():
            found = await self._commits.find(where, {"tenant": 1, "stream": 1}, limit=_PAGE).to_list()
        late = {
            commit["_id"]
            for commit in found
            if (commit["tenant"], commit["stream"]) not in self.blocked
            and commit["_id"] not in self._route.marks
            and not flight.holds(commit["_id"])
        }
        if late & self._late:
            raise PublishRefused("some commits were passed over")
        self._late = late
