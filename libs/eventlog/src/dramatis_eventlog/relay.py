"""The relay: every committed event, in order per aggregate, from the log to JetStream.

One relay at a time leads, under a lease; the others wait. The leader gives each commit its position (`sequencer.py`) in
the order in which it arrives (`arrivals.py`) and hands it to the lane of its service (`lane.py`), which publishes it
and has it marked (`marks.py`). Nothing but the log remembers anything, so a leader may die at any moment.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from pymongo.errors import PyMongoError

from dramatis_bus import Bus
from dramatis_contracts.registry import SERVICES
from dramatis_eventlog.arrivals import Arrivals, FeedLost
from dramatis_eventlog.cancellation import stop_if_cancelled
from dramatis_eventlog.faults import reported
from dramatis_eventlog.lane import Lane, Route
from dramatis_eventlog.lease import Held, Lease
from dramatis_eventlog.log import EventLog
from dramatis_eventlog.marks import STATE, Marks
from dramatis_eventlog.sequencer import Sequencer, epoch_of
from dramatis_kit import Document, Runtime, Unavailable, new_id

log = structlog.get_logger()

TERM_SECONDS = 5.0
SWEEP_SECONDS = 5.0


class LeaseLost(Exception):
    """Another relay may lead: this one must stop at once."""


class Relay:
    """One candidate. `run` ends by cancellation only, or with a defect."""

    def __init__(self, runtime: Runtime, bus: Bus, *, term_seconds: float = TERM_SECONDS) -> None:
        self._runtime = runtime
        self._database = runtime.database
        self._bus = bus
        self._term = term_seconds
        self._lease = Lease(runtime.database, "relay", new_id("relay"), term_seconds)
        self._held: Held | None = None
        self._lanes: dict[str, Lane] = {}
        self._trouble: str | None = None
        bus.on_reconnect(self._reconnected)

    @property
    def leading(self) -> bool:
        return self._held is not None

    @property
    def trouble(self) -> str | None:
        """What keeps events from being relayed, or None: all goes well, or another relay leads."""
        found = [self._trouble] if self._trouble else []
        for service, lane in self._lanes.items():
            found += [f"{service}: {lane.trouble}"] if lane.trouble else []
            found += [f"{stream} of {tenant}: {why}" for (tenant, stream), why in lane.blocked.items()]
        return "; ".join(found[:5]) or None

    async def run(self) -> None:
        """Relay for ever: wait for the lease, lead until it is lost or something fails, begin anew."""
        while True:
            try:
                await self._one_term()
            except* (Unavailable, PyMongoError, LeaseLost) as faults:
                self._trouble = "; ".join(str(fault) for fault in faults.exceptions)
                log.warning("the relay begins anew", reason=self._trouble)
            await asyncio.sleep(self._term / 10)

    async def _one_term(self) -> None:
        """Lead in a task of its own.

        The task group of Python 3.11 leaves a cancellation behind in the task in which it failed, so that nobody could
        tell later whether the relay itself was cancelled.
        """
        term = asyncio.create_task(self._lead(), name="relay leads")
        try:
            await asyncio.wait([term])
        finally:
            if not term.done():
                term.cancel()
                await asyncio.wait([term])
        term.result()

    async def _lead(self) -> None:
        held = await self._lease.acquire(above=await self._past_epoch())
        self._trouble = None
        if held is None:
            return
        self._held = held
        marks = Marks(self._database)
        try:
            await self._remember(held.epoch)
            log.info("the relay leads", epoch=held.epoch)
            await self._work(held.epoch, marks)
        finally:
            self._lanes = {}
            latest, self._held = self._held or held, None
            # In a task of its own: this one may have been cancelled.
            await asyncio.shield(asyncio.create_task(self._retire(latest, marks), name="relay retires"))

    async def _work(self, epoch: int, marks: Marks) -> None:
        before = await EventLog(self._database).last_position()
        route = Route(self._database, self._bus, self._runtime.settings, marks, self._guard)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew(), name="relay lease")
            group.create_task(marks.run(), name="relay marks")
            for service in SERVICES:
                self._lanes[service] = Lane(service, route)
                group.create_task(self._lanes[service].run(), name=f"relay lane {service}")
            group.create_task(self._arrive(Sequencer(self._database, epoch, before)), name="relay sequencer")

    def _guard(self) -> None:
        self._lasting()

    def _lasting(self) -> Held:
        # What has begun must end before the lease does, even if the process is slow.
        if self._held is None or self._held.remaining() < self._term / 4:
            raise LeaseLost("the lease of the relay has run out")
        return self._held

    def _fence(self) -> datetime:
        """From when on, by the server's clock, nothing may be numbered: a little before another relay may begin."""
        return self._lasting().expires - timedelta(seconds=self._term / 8)

    async def _renew(self) -> None:
        while self._held is not None:
            stop_if_cancelled()
            await asyncio.sleep(self._term * 0.3)
            try:
                renewed = await self._lease.renew(self._held)
            except Unavailable:  # a later renewal may succeed in time
                self._guard()
                continue
            if renewed is None:
                self._held = Held(self._held.epoch, 0.0, self._held.expires)
                raise LeaseLost("another relay has taken the lease")
            self._held = renewed

    async def _arrive(self, sequencer: Sequencer) -> None:
        """Number commits as they arrive. Whatever a change stream lost is found by the sweep that follows."""
        arrivals = Arrivals(self._database)
        while True:
            now = await arrivals.now()
            try:
                async with arrivals.since(now) as feed:
                    while True:
                        # Behind `now` the change stream brings everything, up to it the sweep finds everything.
                        await self._sweep(sequencer, arrivals)
                        next_sweep = time.monotonic() + SWEEP_SECONDS
                        while (left := next_sweep - time.monotonic()) > 0:
                            await self._number(sequencer, await feed.window(left))
            except FeedLost as lost:
                log.warning("the change stream was lost", reason=str(lost))

    async def _sweep(self, sequencer: Sequencer, arrivals: Arrivals) -> None:
        if await sequencer.take_back_strangers():
            log.warning("positions given out by a relay without the lease were taken back")
        async for window in arrivals.waiting(await arrivals.now()):
            await self._number(sequencer, window, again=True)

    async def _number(self, sequencer: Sequencer, commits: Sequence[Document], *, again: bool = False) -> None:
        stop_if_cancelled()
        numbered = await sequencer.number(commits, before=self._fence(), again=again)
        for commit in numbered:
            self._lanes[commit["service"]].offer(commit)
        for service in {commit["service"] for commit in numbered}:
            await self._lanes[service].room()

    def _reconnected(self) -> None:
        for lane in self._lanes.values():
            lane.reconnected()

    async def _past_epoch(self) -> int:
        """The highest epoch so far, also if the lease itself was removed or unsynced positions were lost."""
        with reported():
            found = await self._database[STATE].find_one({"_id": "epoch"})
        last = await EventLog(self._database).last_position()
        return max(epoch_of(last), found["epoch"] if found else 0)

    async def _remember(self, epoch: int) -> None:
        with reported():
            await self._database[STATE].update_one({"_id": "epoch"}, {"$max": {"epoch": epoch}}, upsert=True)

    async def _retire(self, held: Held, marks: Marks) -> None:
        if held.remaining() <= 0:
            return
        try:
            async with asyncio.timeout(1):
                await marks.write()
                await self._lease.release(held)
        except (Unavailable, PyMongoError, TimeoutError):
            log.info("the relay's lease expires by itself")
