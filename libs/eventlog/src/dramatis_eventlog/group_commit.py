"""Natural group commit: what arrives while one write is in flight goes into the next one together.

A lone writer never waits for company; sixty-four share one journal flush. Each document is stored or refused alone.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from dramatis_eventlog.faults import reported
from dramatis_kit import Document, Unavailable

GROUP = 128
"""Documents of one write."""

GROUP_BYTES = 8_000_000
WAITING = 4096
"""Documents that may wait; beyond it the log is overloaded and says so."""

WAITING_BYTES = 64_000_000

_DUPLICATE = 11000


@dataclass(frozen=True, slots=True)
class _Insert:
    document: bytes
    done: "asyncio.Future[None]"


class GroupCommit:
    """Inserts documents into one collection. Use it from one event loop."""

    def __init__(self, collection: AsyncCollection[Document]) -> None:
        self._collection = collection
        self._waiting: deque[_Insert] = deque()
        self._bytes = 0
        self._writing = False
        self._writer: asyncio.Task[None] | None = None

    async def insert(self, document: bytes) -> None:
        """Store one BSON document. Raises DuplicateKeyError or `Unavailable`.

        A cancelled caller may find its document stored: what was sent cannot be called back.
        """
        if self._writing:
            await self._join(document)
            return
        # Nobody else is here: a lone writer needs no task of its own.
        self._writing = True
        try:
            with reported():
                await self._collection.insert_one(RawBSONDocument(document))
        finally:
            self._writing = False
            if self._waiting:
                self._start()

    async def _join(self, document: bytes) -> None:
        if len(self._waiting) >= WAITING or self._bytes + len(document) > WAITING_BYTES:
            raise Unavailable("the event log")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Insert(document, done))
        self._bytes += len(document)
        await done

    def _start(self) -> None:
        self._writing = True
        self._writer = asyncio.create_task(self._write(), name="group commit")

    async def _write(self) -> None:
        try:
            while group := self._take():
                await self._store(group)
        finally:
            self._writing = False
            for insert in self._waiting:  # none, unless the loop is being closed
                insert.done.cancel()
            self._waiting.clear()
            self._bytes = 0

    def _take(self) -> list[_Insert]:
        group: list[_Insert] = []
        size = 0
        while self._waiting and len(group) < GROUP and size < GROUP_BYTES:
            insert = self._waiting.popleft()
            self._bytes -= len(insert.document)
            if not insert.done.done():  # its caller was cancelled before anything was sent
                group.append(insert)
                size += len(insert.document)
        return group

    async def _store(self, group: list[_Insert]) -> None:
        try:
            with reported():
                refused = await self._insert([RawBSONDocument(insert.document) for insert in group])
        except Exception as fault:  # noqa: BLE001  # the boundary: each waiting caller gets the fault
            _fail(group, fault)
            return
        except BaseException:  # the loop is being closed
            for insert in group:
                insert.done.cancel()
            raise
        for index, insert in enumerate(group):
            if not insert.done.done():
                _settle(insert.done, refused.get(index))

    async def _insert(self, documents: list[RawBSONDocument]) -> dict[int, Exception]:
        """Which of the documents were refused, by index."""
        try:
            await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if error.details["writeConcernErrors"] or not error.details["writeErrors"]:
                raise
            return {entry["index"]: _error_of(entry) for entry in error.details["writeErrors"]}
        return {}


def _error_of(entry: Document) -> Exception:
    if entry["code"] == _DUPLICATE:
        return DuplicateKeyError(entry["errmsg"], entry["code"], entry)
    return RuntimeError(f"MongoDB refused a commit: {entry['errmsg']}")


def _settle(done: "asyncio.Future[None]", error: Exception | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _fail(group: list[_Insert], fault: Exception) -> None:
    for insert in group:
        if not insert.done.done():
            insert.done.set_exception(fault)
