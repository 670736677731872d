"""Attempts into the database, many per write: whatever ends while the writes are under way goes with the next."""

import asyncio

import structlog

from dramatis_kit import Clock, Unavailable
from dramatis_notifier.condition import Conditions
from dramatis_notifier.deliveries import Attempted, Deliveries
from dramatis_notifier.ending import ended

log = structlog.get_logger()

_AT_ONCE = 256
_WRITERS = 3
_LONGEST_PAUSE = 5.0


class Recorder:
    """Holds on to results while MongoDB is away: forgetting one would cost the receiver a second POST."""

    def __init__(self, deliveries: Deliveries, conditions: Conditions, clock: Clock) -> None:
        self._deliveries = deliveries
        self._conditions = conditions
        self._clock = clock
        self._waiting: list[tuple[Attempted, asyncio.Future[None]]] = []
        self._writers: set[asyncio.Task[None]] = set()
        self._writing = 0

    async def record(self, attempted: Attempted) -> None:
        """Returns once the attempt is stored."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((attempted, stored))
        # A further writer only for a full batch: small ones cost more than waiting for the next.
        if self._writing == 0 or (len(self._waiting) >= _AT_ONCE and self._writing < _WRITERS):
            self._writing += 1
            writer = asyncio.create_task(self._write_all(), name="notifier-recorder")
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        await stored

    async def close(self) -> None:
        """Give up what could not be stored; its deliveries become due again."""
        await ended(self._writers)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                await self._write([attempted for attempted, _ in batch])
                self._conditions.add([attempted for attempted, _ in batch])
                for _, stored in batch:
                    if not stored.done():
                        stored.set_result(None)
        finally:
            self._writing -= 1

    async def _write(self, attempts: list[Attempted]) -> None:
        pause = 0.1
        while True:
            try:
                return await self._deliveries.record(attempts, self._clock())
            except Unavailable as error:
                log.warning("attempts are not stored yet", count=len(attempts), error=str(error), again_in=pause)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
