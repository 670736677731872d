"""What has been relayed, written down in the background, a batch at a time.

A mark that is lost only means that an event is published again, under the same id and position.
"""

import asyncio
from collections.abc import Mapping

from bson import ObjectId
from pymongo import UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.cancellation import stop_if_cancelled
from dramatis_eventlog.faults import reported
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import Document

STATE = "relay"
"""One document per stream, {_id, created, first_seq, seq}: what JetStream acknowledged, so it must still have it."""

WAITING = 10_000
"""Commits that may wait for their mark before publishing pauses."""

BATCH = 1000


class Marks:
    """Collects acknowledged commits; `run` marks them."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._commits = database.get_collection(COLLECTION)
        self._state = database.get_collection(STATE, write_concern=WriteConcern(w=1))
        self._acknowledged: dict[ObjectId, tuple[str, int]] = {}
        self._some = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def full(self) -> bool:
        return len(self._acknowledged) >= WAITING

    def add(self, commit: ObjectId, stream: str, sequence: int) -> None:
        """All events of the commit are in JetStream, the last one as number `sequence` of the stream."""
        self._acknowledged[commit] = (stream, sequence)
        self._some.set()

    def __contains__(self, commit: ObjectId) -> bool:
        return commit in self._acknowledged

    async def run(self) -> None:
        """Mark for ever. Raises `Unavailable`."""
        while True:
            stop_if_cancelled()
            await self._some.wait()
            await self.write()

    async def settle(self, stream: str) -> None:
        """Return when nothing of a stream waits for its mark."""
        while any(waiting == stream for waiting, _ in self._acknowledged.values()):
            await self.write()

    async def write(self) -> None:
        """Mark what waits, at most a batch."""
        async with self._writing:
            batch = dict(list(self._acknowledged.items())[:BATCH])
            reached: dict[str, int] = {}
            for stream, sequence in batch.values():
                reached[stream] = max(sequence, reached.get(stream, 0))
            await self._write_down(reached, list(batch))
            for commit in batch:
                del self._acknowledged[commit]
            if not self._acknowledged:
                self._some.clear()

    async def _write_down(self, reached: Mapping[str, int], commits: list[ObjectId]) -> None:
        if not commits:
            return
        with reported():
            # First what JetStream has, then the marks: a mark without it could hide a loss.
            await self._state.bulk_write(
                [UpdateOne({"_id": stream}, {"$max": {"seq": number}}) for stream, number in reached.items()]
            )
            await self._commits.update_many({"_id": {"$in": commits}}, {"$set": {"relayed": True}})
