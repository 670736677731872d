"""The events of one service that are on their way: pipelined across aggregates, serial within one.

The next event of an aggregate leaves when JetStream has stored the one before it, so none ever overtakes a refused one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bson import ObjectId
from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from dramatis_bus.errors import TooLarge
from dramatis_bus.headers import MSG_ID
from dramatis_bus.subjects import stream_name
from dramatis_eventlog.marks import Marks
from dramatis_eventlog.messages import Message
from dramatis_eventlog.publisher import Ack, Publisher, PublishRefused
from dramatis_kit import Unavailable

WINDOW = 512
"""Events that are on their way or wait for one of their aggregate."""

ACK_SECONDS = 5.0

Aggregate = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: Message
    commit: ObjectId | None
    """The commit that is complete with this event."""


class Flight:
    """`guard` raises when publishing is not allowed any more. A failure is raised by `check`."""

    def __init__(
        self, service: str, publisher: Publisher, jetstream: JetStreamContext, marks: Marks, guard: Callable[[], None]
    ) -> None:
        self._stream = stream_name(service)
        self._publisher = publisher
        self._jetstream = jetstream
        self._marks = marks
        self._guard = guard
        self._chains: dict[Aggregate, deque[_Waiting]] = {}
        self._events = 0
        self._stored = 0
        self._failure: Exception | None = None
        self.landed = asyncio.Event()

    @property
    def full(self) -> bool:
        return self._events >= WINDOW or self._marks.full

    def holds(self, commit: ObjectId) -> bool:
        return any(waiting.commit == commit for chain in self._chains.values() for waiting in chain)

    def check(self) -> None:
        """Raise what went wrong since the last time."""
        if self._failure:
            raise self._failure
        if self._publisher.waited() > ACK_SECONDS:
            raise Unavailable(f"JetStream (no acknowledgement for {ACK_SECONDS:.0f} s)")

    def fail(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self.landed.set()

    async def add(self, aggregate: Aggregate, commit: ObjectId, messages: Sequence[Message]) -> None:
        """Send the events of a commit, in turn, behind what is under way for the aggregate."""
        waiting = [_Waiting(message, None) for message in messages[:-1]]
        waiting.append(_Waiting(messages[-1], commit))
        self._events += len(waiting)
        if aggregate in self._chains:
            self._chains[aggregate].extend(waiting)
        else:
            self._chains[aggregate] = deque(waiting)
            await self._send(aggregate, waiting[0].message)

    async def _send(self, aggregate: Aggregate, message: Message) -> None:
        self._guard()
        await self._publisher.send(message, partial(self._answered, aggregate, message))

    async def _answered(self, aggregate: Aggregate, message: Message, answer: Ack | PublishRefused) -> None:
        if isinstance(answer, PublishRefused):
            self.fail(answer)
            return
        try:
            await self._acknowledged(aggregate, message, answer)
        except Exception as failure:  # noqa: BLE001  # a callback of nats-py: `check` raises it where it is handled
            self.fail(failure)

    async def _acknowledged(self, aggregate: Aggregate, message: Message, ack: Ack) -> None:
        if ack.duplicate and not await self._has(ack.sequence):
            # The memory for duplicates outlives a purge. Under another id the event is stored once more.
            subject, payload, headers = message
            renamed = {**headers, MSG_ID: f"{headers[MSG_ID]}:{ack.sequence}"}
            await self._send(aggregate, (subject, payload, renamed))
            return
        if not ack.duplicate:
            if ack.sequence <= self._stored:
                raise PublishRefused("the stream was created anew")
            self._stored = ack.sequence
        await self._proceed(aggregate, ack.sequence)

    async def _proceed(self, aggregate: Aggregate, sequence: int) -> None:
        chain = self._chains[aggregate]
        stored = chain.popleft()
        self._events -= 1
        if stored.commit:
            self._marks.add(stored.commit, self._stream, sequence)
        if chain:
            await self._send(aggregate, chain[0].message)
        else:
            del self._chains[aggregate]
        self.landed.set()

    async def _has(self, sequence: int) -> bool:
        try:
            await self._jetstream.get_msg(self._stream, sequence)
        except NotFoundError:
            return False
        return True


FAILURES = (Error, PublishRefused, Unavailable, TooLarge, TimeoutError, OSError)
"""What a flight may end with: another attempt, later, can help."""
