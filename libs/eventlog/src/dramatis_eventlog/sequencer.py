"""The place of every event in the log: given out by the relay, before the event is published.

A position is `epoch << 32 | counter`. It becomes visible in the log in rising order and before anybody hears of the
event, so that a reader who goes on from a position misses nothing. It is not journaled at that moment: should MongoDB lose
it in a crash, a relay with a higher epoch gives a higher one.
"""

from collections.abc import Sequence

from pymongo import UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.faults import reported
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import Document

EPOCH_BITS = 32


def epoch_of(position: int) -> int:
    return position >> EPOCH_BITS


class Sequencer:
    """Numbers commits within one epoch and remembers which were relayed."""

    def __init__(self, database: AsyncDatabase[Document], epoch: int) -> None:
        self._commits = database.get_collection(COLLECTION, write_concern=WriteConcern(w=1, j=False))
        self._next = (epoch << EPOCH_BITS) + 1

    async def number(self, commits: Sequence[Document]) -> None:
        """Give each commit that has none the position of its last event, in this order."""
        updates = []
        for commit in commits:
            if "pos" not in commit:
                self._next += commit["n"]
                commit["pos"] = self._next - 1
                updates.append(UpdateOne({"_id": commit["_id"]}, {"$set": {"pos": commit["pos"]}}))
        if updates:
            with reported():
                await self._commits.bulk_write(updates, ordered=True)

    async def relayed(self, commits: Sequence[Document]) -> None:
        """Their events are in JetStream. If this is lost they are published again, under the same ids."""
        with reported():
            await self._commits.update_many(
                {"_id": {"$in": [commit["_id"] for commit in commits]}}, {"$set": {"relayed": True}}
            )
