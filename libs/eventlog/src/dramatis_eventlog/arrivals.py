"""Which commits wait for a position: at once by a change stream, and without fail by a sweep."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bson import Timestamp
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from dramatis_eventlog.cancellation import stop_if_cancelled
from dramatis_eventlog.faults import reported
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import Document, Unavailable

WINDOW = 256
"""Commits that get their positions in one write."""

NEEDED = ("tenant", "stream", "service", "subject", "n", "events", "at")
"""What the relay must know of a commit."""

_QUEUE = 4 * WINDOW


class Arrivals:
    """Reads only what no fail-over can take back."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database
        self._commits = database.get_collection(COLLECTION, read_concern=ReadConcern("majority"))

    async def now(self) -> Timestamp:
        """The time of the database, on the clock by which commits are stamped (`at`)."""
        with reported():
            async with self._database.client.start_session(causal_consistency=True) as session:
                await self._database.command("ping", session=session)
                reached = session.operation_time
        if reached is None:
            raise Unavailable("the event log (MongoDB is not a replica set)")
        return reached

    async def waiting(self, until: Timestamp) -> AsyncIterator[list[Document]]:
        """Windows of the commits without a position that were stamped up to `until`, in the order of commitment.

        Of one stream they are complete: whoever commits version 2 has seen version 1, which was stamped before.
        """
        where: Document = {"relayed": False, "service": {"$in": await self._services(until)}, "pos": None}
        after = Timestamp(0, 0)
        while page := await self._page({**where, "at": {"$gt": after, "$lte": until}}):
            yield page
            after = page[-1]["at"]

    async def _services(self, until: Timestamp) -> list[str]:
        """Which services have commits that wait. What is read from now on is at least as new as `until`."""
        async with self._database.client.start_session(causal_consistency=True) as session:
            session.advance_operation_time(until)
            with reported():
                return await self._commits.distinct("service", {"relayed": False, "pos": None}, session=session)

    async def _page(self, where: Document) -> list[Document]:
        # Without the session, which would wait until the positions just given are durable.
        with reported():
            return await self._commits.find(where, NEEDED, sort={"at": 1}, limit=WINDOW).to_list()

    @asynccontextmanager
    async def since(self, start: Timestamp) -> AsyncIterator["Feed"]:
        """Commits as they are made, from `start` on."""
        needed = {f"fullDocument.{name}": 1 for name in ("_id", *NEEDED)}
        pipeline: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": needed}]
        with reported():
            stream = await self._commits.watch(
                pipeline, start_at_operation_time=start, max_await_time_ms=1000, batch_size=WINDOW
            )
        async with stream:
            queue: asyncio.Queue[Document | FeedLost] = asyncio.Queue(_QUEUE)
            reader = asyncio.create_task(_read(stream, queue), name="relay change stream")
            try:
                yield Feed(queue)
            finally:
                reader.cancel()
                await asyncio.wait([reader])


class FeedLost(Exception):
    """The change stream ended, for example because the oplog no longer reaches back so far. A sweep mends it."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A change stream that is being read. A fault of it comes as its last entry."""

    queue: "asyncio.Queue[Document | FeedLost]"

    async def window(self, seconds: float) -> list[Document]:
        """What has arrived, or nothing after so many quiet seconds. Raises `FeedLost`."""
        try:
            async with asyncio.timeout(seconds):
                entry = await self.queue.get()
        except TimeoutError:
            return []
        found: list[Document] = []
        while not isinstance(entry, FeedLost):
            found.append(entry)
            if self.queue.empty() or len(found) == WINDOW:
                return found
            entry = self.queue.get_nowait()
        raise entry


async def _read(stream: AsyncChangeStream[Document], queue: "asyncio.Queue[Document | FeedLost]") -> None:
    try:
        while stream.alive:
            stop_if_cancelled()
            change = await stream.try_next()
            if change is not None:
                await queue.put(change["fullDocument"])
        await queue.put(FeedLost("the server closed it"))
    except PyMongoError as fault:
        await queue.put(FeedLost(str(fault)))
