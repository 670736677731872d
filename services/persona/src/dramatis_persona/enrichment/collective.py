"""The collective run: reads the texts that need not be read at once, and looks at the sources that are due.

One process at a time does it, by a lease; what it is in the middle of when it dies, the next one does again. Who is due
stands in the snapshots, so nothing is remembered anywhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.faults import reported
from dramatis_eventlog.indexes import index_resource
from dramatis_eventlog.lease import Held, Lease
from dramatis_kit import Clock, Document, Resource, Unavailable, new_id
from dramatis_persona.enrichment.runner import EnrichmentRunner
from dramatis_persona.enrichment.sources import Sources

log = structlog.get_logger()

_AT_ONCE = 4
_MOST = 200
"""Personas of one round; the rest is taken up in the next one, without a pause."""
_LEASE_SECONDS = 30.0
_LOOK_SECONDS = 1.0
"""Between two looks whether a source is due."""

Work = Callable[[str, str], Awaitable[int]]


class Collective:
    """`sources` None: pages are not looked at."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        runner: EnrichmentRunner,
        sources: Sources | None,
        *,
        seconds: float,
        clock: Clock,
    ) -> None:
        self._snapshots = _snapshots(database)
        self._lease = Lease(database, "persona-collective", new_id("worker"), _LEASE_SECONDS)
        self._runner = runner
        self._sources = sources
        self._seconds = seconds
        self._clock = clock

    async def run_forever(self) -> None:
        """Texts wait for the next round; sources that fall due in between are looked at within seconds.

        An outage ends a round, not the work: the next round begins where this one stopped.
        """
        loop = asyncio.get_running_loop()
        last, again = -self._seconds, True
        while True:
            collected = again or loop.time() - last >= self._seconds
            last = loop.time() if collected else last
            try:
                again = (collected or await self._any_due()) and await self.run_once(texts=collected)
            except Unavailable as outage:
                log.warning("collective run interrupted", error=str(outage))
                again = False
            if not again:
                await asyncio.sleep(min(self._seconds, _LOOK_SECONDS))

    async def _any_due(self) -> bool:
        """Without the lease: asking costs one look into an index."""
        if self._sources is None:
            return False
        with reported("the state store"):
            return await self._snapshots.find_one(_due(self._clock()), {"_id": 1}) is not None

    async def run_once(self, *, texts: bool = True) -> bool:
        """One round, if nobody else is at it. Whether there is more to do at once."""
        held = await self._lease.acquire()
        if held is None:
            return False
        try:
            done = await self._round(held, _waiting(), self._runner.read_collected) if texts else 0
            if self._sources is not None:
                done = max(done, await self._round(held, _due(self._clock()), self._sources.look))
        finally:
            await self._lease.release(held)
        return done >= _MOST

    async def _round(self, held: Held, where: Document, work: Work) -> int:
        with reported("the state store"):
            found = await self._snapshots.find(where, {"tenant": 1, "id": 1}, limit=_MOST).to_list()
        done = 0
        for first in range(0, len(found), _AT_ONCE):
            if (renewed := await self._lease.renew(held)) is None:
                return done  # another process has taken over
            held = renewed
            done += sum(await asyncio.gather(*(self._one(work, one) for one in found[first : first + _AT_ONCE])))
        return done

    async def _one(self, work: Work, document: Document) -> int:
        tenant, persona_id = document["tenant"], document["id"]
        try:
            return await work(tenant, persona_id)
        except Unavailable:
            raise
        except Exception:  # the boundary: one persona must not stop those of everybody else
            log.exception("collective run failed on a persona", tenant=tenant, persona=persona_id)
            return 0


def collective_resources(database: AsyncDatabase[Document]) -> list[Resource]:
    """The indexes by which a round finds its personas, over all tenants."""
    snapshots = _snapshots(database)
    return [
        index_resource(snapshots, [("state.pending", 1)]),
        index_resource(snapshots, [("state.due", 1)]),
    ]


def _snapshots(database: AsyncDatabase[Document]) -> AsyncCollection[Document]:
    return database["snapshots.persona"]


def _waiting() -> dict[str, Any]:
    return {"state.pending": {"$gt": ""}, "state.deleted": False}


def _due(now: datetime) -> dict[str, Any]:
    return {"state.due": {"$lte": now}, "state.deleted": False}
