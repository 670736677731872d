"""Whose turn it is: how many simulations of a tenant are under way, and who waits, in the order of arrival.

One document per tenant, changed in single atomic steps, so that several engines agree. It knows the simulations that
were accepted and have not ended. A few of them are handed to workers, so that no tenant fills the work queue; the
others wait in the order of arrival, and have a position where they are beyond what a tenant may have under way. Whoever
waits has no claim on a worker: its event on the work queue is let pass, and it begins by an event of its own
(`simulation.admitted`) once there is a place. So each simulation has one trigger:

- `active`: is for the workers.
- `waiting`: is not yet.
- `passed`: waits, and its request was let pass on the work queue.
- `untold`: had been let pass, is active now, and its `simulation.admitted` may not be recorded yet.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from dramatis_eventlog.faults import reported
from dramatis_kit import Document

_LISTS = ("active", "waiting", "passed", "untold")
_WHAT = "the queue of simulations"
Stage = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant's simulations after one step."""

    active: frozenset[str] = frozenset()
    waiting: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    within: int = 0
    """How many of those that wait are within the tenant's limit."""

    @property
    def beyond(self) -> tuple[str, ...]:
        """Those that wait for others to end before they count as under way, the next one first."""
        return self.waiting[self.within :]

    def position(self, simulation_id: str) -> int | None:
        """1 for the next one beyond the limit; None for one within it."""
        return self.beyond.index(simulation_id) + 1 if simulation_id in self.beyond else None


class Turns:
    """The collection `simulation_turns`.

    `limit`: simulations of one tenant that are under way at the same time; `at_work`: how many of them are handed to
    workers at the same time, all where it is not said.
    """

    def __init__(self, database: AsyncDatabase[Document], limit: int, at_work: int | None = None) -> None:
        self._turns = database.get_collection("simulation_turns")
        self._at_work = limit if at_work is None else min(at_work, limit)
        self._within = limit - self._at_work

    async def enter(self, tenant: str, simulation_id: str) -> Standing:
        """Give a simulation a place, or let it wait; one that has either keeps it."""
        return await self._step(tenant, [_added(simulation_id)])

    async def arrive(self, tenant: str, simulation_id: str) -> bool:
        """Whether a simulation whose request came by the work queue may begin. If not, its request was let pass."""
        with reported(_WHAT):
            known = {"_id": tenant, "active": simulation_id}
            if await self._turns.find_one(known, {"_id": 1}):
                return True
        after = await self._step(tenant, [_added(simulation_id)], [_let_pass(simulation_id)])
        return simulation_id in after.active

    async def leave(self, tenant: str, simulation_id: str) -> Standing:
        """Take a simulation out; whoever waits first takes the place. Nothing changes for one that is not there."""
        return await self._step(tenant, [_removed(simulation_id)])

    async def settle(self, tenant: str) -> Standing:
        """Fill free places."""
        return await self._step(tenant)

    async def told(self, tenant: str, simulation_id: str) -> None:
        """The simulation's admission is recorded."""
        with reported(_WHAT):
            await self._turns.update_one({"_id": tenant}, {"$pull": {"untold": simulation_id}})

    async def standing(self, tenant: str) -> Standing:
        """As it is now."""
        with reported(_WHAT):
            return self._standing(await self._turns.find_one({"_id": tenant}))

    async def where_somebody_waits(self) -> AsyncIterator[tuple[str, Standing]]:
        """(tenant, standing) of every tenant that has somebody waiting or somebody to be told."""
        wanted = {"$or": [{"waiting.0": {"$exists": True}}, {"untold.0": {"$exists": True}}]}
        with reported(_WHAT):
            async for found in self._turns.find(wanted):
                yield found["_id"], self._standing(found)

    async def _step(self, tenant: str, before: Sequence[Stage] = (), after: Sequence[Stage] = ()) -> Standing:
        pipeline = [_EMPTY, *before, *_filled(self._at_work), *after]
        with reported(_WHAT):
            for attempt in (1, 2):
                try:
                    found = await self._turns.find_one_and_update(
                        {"_id": tenant}, pipeline, upsert=True, return_document=ReturnDocument.AFTER
                    )
                    return self._standing(found)
                except DuplicateKeyError:  # two made the tenant's first document at once
                    if attempt == 2:
                        raise
        raise AssertionError("unreachable")

    def _standing(self, found: Document | None) -> Standing:
        if found is None:
            return Standing(within=self._within)
        waiting, untold = tuple(found["waiting"]), tuple(found["untold"])
        return Standing(frozenset(found["active"]), waiting, untold, self._within)


_EMPTY: Stage = {"$set": {name: {"$ifNull": [f"${name}", []]} for name in _LISTS}}


def _added(simulation_id: str) -> Stage:
    one = {"$literal": simulation_id}
    known = {"$in": [one, {"$concatArrays": ["$active", "$waiting"]}]}
    return {"$set": {"waiting": {"$cond": [known, "$waiting", {"$concatArrays": ["$waiting", [one]]}]}}}


def _removed(simulation_id: str) -> Stage:
    others = {"$ne": ["$$this", {"$literal": simulation_id}]}
    return {"$set": {name: {"$filter": {"input": f"${name}", "cond": others}} for name in _LISTS}}


def _let_pass(simulation_id: str) -> Stage:
    one = {"$literal": simulation_id}
    return {"$set": {"passed": {"$cond": [{"$in": [one, "$waiting"]}, {"$setUnion": ["$passed", [one]]}, "$passed"]}}}


def _filled(places: int) -> Sequence[Stage]:
    """Those who wait first take the places that are free."""
    free = {"$max": [0, {"$subtract": [places, {"$size": "$active"}]}]}
    place = {"$indexOfArray": ["$waiting", "$$this"]}
    had_passed = {"$in": ["$$this", "$passed"]}
    stays = {"$not": [{"$in": ["$$this", "$next"]}]}
    return (
        {"$set": {"next": {"$filter": {"input": "$waiting", "cond": {"$lt": [place, free]}}}}},
        {
            "$set": {
                "active": {"$concatArrays": ["$active", "$next"]},
                "waiting": {"$filter": {"input": "$waiting", "cond": stays}},
                "untold": {"$concatArrays": ["$untold", {"$filter": {"input": "$next", "cond": had_passed}}]},
                "passed": {"$setDifference": ["$passed", "$next"]},
            }
        },
        {"$unset": "next"},
    )
