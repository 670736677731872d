"""The relay: every committed event, in order per aggregate, from the log to JetStream.

A change stream brings commits at once; a sweep over what is not yet marked `relayed` is the truth and finds what the
change stream lost. One relay at a time leads, under a lease; the others wait.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure, PyMongoError

from dramatis_bus import Bus
from dramatis_bus.messages import encode_event
from dramatis_contracts.envelope import Envelope
from dramatis_eventlog.commits import envelopes, positions
from dramatis_eventlog.faults import reported
from dramatis_eventlog.lease import Held, Lease
from dramatis_eventlog.log import COLLECTION, EventLog
from dramatis_eventlog.publisher import Message, Publisher, PublishRefused
from dramatis_eventlog.reconcile import reconcile
from dramatis_eventlog.sequencer import Sequencer, epoch_of
from dramatis_kit import Document, Runtime, Unavailable, new_id

log = structlog.get_logger()

WINDOW = 256
"""Commits that are published together."""

QUEUE = 4 * WINDOW
RENEW_SECONDS = 1.5
SWEEP_SECONDS = 5.0
SAFE_SECONDS = 2.5
"""With less of its lease left a relay begins no window: one may take as long as a publish may wait."""

_REMEMBERED = 20_000


class LeaseLost(Exception):
    """Another relay may lead: this one must stop at once."""


class Relay:
    """One candidate. `trouble` says what keeps the leader from relaying, `leading` whether this is the leader."""

    def __init__(self, runtime: Runtime, bus: Bus, *, term_seconds: float = 5.0) -> None:
        self._runtime = runtime
        self._bus = bus
        self._log = EventLog(runtime.database)
        self._commits: AsyncCollection[Document] = runtime.database.get_collection(COLLECTION)
        self._lease = Lease(runtime.database, "relay", new_id("relay"), term_seconds)
        self._term = term_seconds
        self._held: Held | None = None
        self._lost_connection = asyncio.Event()
        self._recent: OrderedDict[Any, None] = OrderedDict()
        self.trouble: str | None = None
        bus.on_reconnect(self._lost_connection.set)

    @property
    def leading(self) -> bool:
        return self._held is not None

    async def run(self) -> None:
        """Relay for ever: wait for the lease, lead until it is lost or something fails, begin anew."""
        while True:
            try:
                await self._lead()
            except (Unavailable, PyMongoError, PublishRefused, LeaseLost) as fault:
                self.trouble = str(fault)
                log.warning("the relay begins anew", reason=self.trouble)
            await asyncio.sleep(self._term / 10)

    async def _lead(self) -> None:
        self._held = await self._lease.acquire(above=epoch_of(await self._log.last_position()))
        if self._held is None:
            self.trouble = None
            return
        log.info("the relay leads", epoch=self._held.epoch)
        try:
            async with Publisher.open(self._bus.connection) as publisher, self._renewing():
                await self._relay(publisher, Sequencer(self._runtime.database, self._held.epoch))
        finally:
            held, self._held = self._held, None
            await self._give_up(held)

    async def _give_up(self, held: Held) -> None:
        try:
            await asyncio.shield(self._lease.release(held))
        except Unavailable:  # it expires by itself
            log.info("the relay's lease expires")

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._renew(), name="relay lease")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _renew(self) -> None:
        while self._held is not None:
            await asyncio.sleep(min(RENEW_SECONDS, self._term / 3))
            try:
                renewed = await self._lease.renew(self._held)
            except Unavailable:
                continue  # the lease runs out unless a later renewal succeeds
            self._held = renewed or Held(self._held.epoch, 0.0)

    async def _relay(self, publisher: Publisher, sequencer: Sequencer) -> None:
        # The stream is opened before the first sweep: what is committed in between is seen by both, never by neither.
        async with _arrivals(self._commits) as arrived:
            due = 0.0
            while True:
                if self._lost_connection.is_set() or time.monotonic() >= due:
                    await self._restore(publisher)
                    await self._sweep(publisher, sequencer)
                    self.trouble = None
                    due = time.monotonic() + SWEEP_SECONDS
                commits = await _next(arrived, SWEEP_SECONDS)
                await self._window(publisher, sequencer, [c for c in commits if c["_id"] not in self._recent])

    async def _restore(self, publisher: Publisher) -> None:
        self._lost_connection.clear()
        jetstream = self._bus.jetstream()
        await reconcile(self._runtime.database, jetstream, publisher, self._runtime.settings)

    async def _sweep(self, publisher: Publisher, sequencer: Sequencer) -> None:
        """Relay all that is not marked, in the order of commitment."""
        while True:
            with reported():
                waiting = await self._commits.find({"relayed": False}, sort={"at": 1}, limit=WINDOW).to_list()
            if not waiting:
                return
            # What a crash left numbered goes first and keeps its number: positions rise within a stream.
            waiting.sort(key=lambda commit: commit.get("pos", 1 << 63))
            await self._window(publisher, sequencer, waiting)

    async def _window(self, publisher: Publisher, sequencer: Sequencer, commits: Sequence[Document]) -> None:
        if not commits:
            return
        if self._held is None or self._held.remaining() < min(SAFE_SECONDS, self._term / 2):
            raise LeaseLost("the lease of the relay has run out")
        await sequencer.number(commits)
        for batch in batches(commits):
            await publisher.publish(batch)
        await sequencer.relayed(commits)
        self._remember(commits)

    def _remember(self, commits: Sequence[Document]) -> None:
        self._recent.update((commit["_id"], None) for commit in commits)
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)


def batches(commits: Sequence[Document]) -> Iterator[list[Message]]:
    """The events of the commits by position, cut so that no batch holds two events of one aggregate.

    A batch is acknowledged as a whole before the next one leaves: an aggregate's event never overtakes a refused one.
    """
    batch: list[Message] = []
    present: set[tuple[str, str]] = set()
    for position, envelope in _numbered(commits):
        aggregate = (envelope.tenantid, envelope.subject)
        if aggregate in present:
            yield batch
            batch, present = [], set()
        batch.append(encode_event(envelope, position))
        present.add(aggregate)
    if batch:
        yield batch


def _numbered(commits: Sequence[Document]) -> Iterator[tuple[int, Envelope]]:
    for commit in commits:
        yield from zip(positions(commit), envelopes(commit), strict=True)


@asynccontextmanager
async def _arrivals(commits: AsyncCollection[Document]) -> AsyncIterator["asyncio.Queue[Document | Exception]"]:
    """Commits as they are made, from now on. A fault of the change stream arrives as the last entry."""
    arrived: asyncio.Queue[Document | Exception] = asyncio.Queue(QUEUE)
    left = asyncio.Event()
    pipeline: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": {"fullDocument": 1}}]
    with reported():
        stream = await commits.watch(pipeline, max_await_time_ms=1000, batch_size=WINDOW)

    async def read() -> None:
        try:
            while not left.is_set():
                change = await stream.try_next()
                if change is not None:
                    await arrived.put(change["fullDocument"])
                elif not stream.alive:  # the server ended it, and PyMongo would give nothing for ever
                    raise OperationFailure("the change stream was invalidated")
        except PyMongoError as fault:
            await arrived.put(fault)

    task = asyncio.create_task(read(), name="relay change stream")
    try:
        yield arrived
    finally:
        left.set()
        # PyMongo takes a cancelled read for a broken connection and resumes: one cancellation is not enough.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.1)
        with suppress(PyMongoError):  # the server forgets the cursor by itself
            await stream.close()


async def _next(arrived: "asyncio.Queue[Document | Exception]", seconds: float) -> list[Document]:
    """What has arrived, at most a window; nothing after so many quiet seconds. Raises the change stream's fault."""
    try:
        async with asyncio.timeout(seconds):
            found = [await arrived.get()]
    except TimeoutError:
        return []
    while not arrived.empty() and len(found) < WINDOW:
        found.append(arrived.get_nowait())
    if fault := next((entry for entry in found if isinstance(entry, Exception)), None):
        raise fault
    return [entry for entry in found if not isinstance(entry, Exception)]
