"""First attempts of new deliveries: posted at once, stored once, with their result.

The event bus keeps an event until it is acknowledged, so a delivery need not be stored before it is tried: one write
instead of two. Whoever announces waits for the results while they come; what takes longer is stored as it is, and its
result is written over it. A process that dies in between gets the events again and posts under the same id.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime

_LONGEST_SECONDS = 3.0
_STILL_SECONDS = 0.1


class Waiting:
    """What is `left` of a batch: its result is not stored. `refused` is what nobody here will try, with the
    time until which its endpoint takes nothing; `answered` is what was tried.
    """

    def __init__(self) -> None:
        self.left: set[str] = set()
        self.refused: dict[str, datetime | None] = {}
        self.answered: set[str] = set()
        self._moved = asyncio.Event()

    def store(self, delivery_id: str) -> None:
        self.answered.discard(delivery_id)
        self.left.discard(delivery_id)
        self._moved.set()

    def refuse(self, delivery_id: str, until: datetime | None) -> None:
        self.answered.discard(delivery_id)
        if delivery_id in self.left:
            self.refused[delivery_id] = until
        self._moved.set()

    def answer(self, delivery_id: str) -> None:
        self.answered.add(delivery_id)
        self._moved.set()

    def give_up(self, ids: Iterable[str]) -> None:
        """Wait for these no longer."""
        for delivery_id in ids:
            self.left.discard(delivery_id)
            self.refused.pop(delivery_id, None)

    async def down_to(self, most: int) -> bool:
        """Wait until no more than `most` are left. False when they make no progress any more."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _LONGEST_SECONDS
        while len(self.left) > most:
            if self.left == self.refused.keys():
                return False
            self._moved.clear()
            try:
                async with asyncio.timeout(max(0.0, min(_STILL_SECONDS, end - loop.time()))):
                    await self._moved.wait()
            except TimeoutError:
                # Only receivers are not waited for: results are on their way into the database.
                if not self.answered or loop.time() >= end:
                    return False
        return True


class Firsts:
    """Deliveries of this process that are in no database yet, by id."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}

    def __contains__(self, delivery_id: str) -> bool:
        return delivery_id in self._waiting

    def follow(self, ids: Iterable[str], waiting: Waiting) -> None:
        """Tell `waiting` what becomes of deliveries. One that is under way from an earlier try is taken over."""
        for delivery_id in ids:
            waiting.left.add(delivery_id)
            self._waiting[delivery_id] = waiting

    def answered(self, delivery_id: str) -> None:
        """The first attempt was made."""
        if waiting := self._waiting.get(delivery_id):
            waiting.answer(delivery_id)

    def stored(self, delivery_id: str) -> None:
        """The result of the first attempt is in the database."""
        if waiting := self._waiting.pop(delivery_id, None):
            waiting.store(delivery_id)

    def refused(self, delivery_id: str, until: datetime | None = None) -> None:
        """It was not tried, and nobody here will; perhaps nobody at all before a time."""
        if waiting := self._waiting.pop(delivery_id, None):
            waiting.refuse(delivery_id, until)
