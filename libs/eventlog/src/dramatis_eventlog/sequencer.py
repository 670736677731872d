"""The place of every event in the log: given out by the relay, before the event is published.

A position is `epoch << 32 | counter`. It becomes durable in rising order and before anybody hears of the event, so that
a reader who goes on from a position misses nothing, and an event never has two. MongoDB itself refuses positions of a
relay whose lease has run out, however late its write arrives.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.faults import reported
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import Document

EPOCH_BITS = 32
_REMEMBERED = 50_000


def epoch_of(position: int) -> int:
    return position >> EPOCH_BITS


class Sequencer:
    """Numbers commits within one epoch. `before` is the last position of the epochs before it."""

    def __init__(self, database: AsyncDatabase[Document], epoch: int, before: int) -> None:
        self._database = database
        self._before = before
        self._first = epoch << EPOCH_BITS
        self._last = self._first
        self._numbered: OrderedDict[ObjectId, None] = OrderedDict()

    async def number(self, commits: Sequence[Document], *, before: datetime, again: bool = False) -> list[Document]:
        """Give each commit that has none the position of its last event, in this order; the others are left out.

        Nothing is numbered from `before` on, by the clock of the server. `again`: also look at commits that were
        numbered before, for MongoDB may have gone back to an older state.
        """
        fresh = {commit["_id"]: commit for commit in commits if again or commit["_id"] not in self._numbered}
        if not fresh:
            return []
        for commit in fresh.values():
            self._last += commit["n"]
            commit["pos"] = self._last
        if await self._write(fresh, before) < len(fresh):
            await self._leave_out_the_known(fresh)
        self._remember(fresh)
        return list(fresh.values())

    async def take_back_strangers(self) -> int:
        """Forget positions that a relay without a lease gave out late, below ours: readers may be past them."""
        late = {"pos": {"$gt": self._before, "$lt": self._first}}
        with reported():
            result = await self._database[COLLECTION].update_many(
                late, {"$unset": {"pos": ""}, "$set": {"relayed": False}}
            )
        return result.modified_count

    async def _write(self, fresh: dict[ObjectId, Document], before: datetime) -> int:
        # The plain command: half of the cost of `bulk_write`. It is not retried, but a failed relay begins anew anyway.
        vacant = {"pos": {"$exists": False}, "$expr": {"$lt": ["$$NOW", before]}}
        updates = [
            {"q": {"_id": key, **vacant}, "u": {"$set": {"pos": commit["pos"]}}} for key, commit in fresh.items()
        ]
        durable = {"w": "majority", "j": True}
        with reported():
            result = await self._database.command(
                "update", COLLECTION, updates=updates, ordered=True, writeConcern=durable
            )
        return int(result["n"])

    async def _leave_out_the_known(self, fresh: dict[ObjectId, Document]) -> None:
        with reported():
            found = await self._database[COLLECTION].find({"_id": {"$in": list(fresh)}}, {"pos": 1}).to_list()
        actual = {commit["_id"]: commit.get("pos") for commit in found}
        for key in [key for key, commit in fresh.items() if actual.get(key) != commit["pos"]]:
            del fresh[key]

    def _remember(self, fresh: dict[ObjectId, Document]) -> None:
        self._numbered.update(dict.fromkeys(fresh))
        while len(self._numbered) > _REMEMBERED:
            self._numbered.popitem(last=False)
