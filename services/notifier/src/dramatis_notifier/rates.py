"""A rate limit that all processes keep together: places in time, handed out by MongoDB.

The generic cell rate algorithm: one document per endpoint says when the next POST may begin. Its own clock counts, so
processes need not agree on the time.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.faults import reported
from dramatis_kit import Document
from dramatis_notifier.places import Endpoint

_STORE = "the store of webhook rates"
_SECONDS_AHEAD = 0.25
"""How much of its rate a process takes at once: more costs other processes time, less costs round trips."""


class Rates:
    """The collection `webhook_rates`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._collection = database["webhook_rates"]

    async def reserve(self, endpoint: Endpoint, per_second: float) -> Sequence[float]:
        """Seconds from now at which one POST each may begin, evenly spaced; at least one."""
        count = max(1, round(per_second * _SECONDS_AHEAD))
        taken: list[dict[str, Any]] = [
            {"$set": {"begin": {"$max": ["$next_at", "$$NOW"]}}},
            {"$set": {"wait": {"$subtract": ["$begin", "$$NOW"]}}},
            {"$set": {"next_at": {"$add": ["$begin", round(count * 1000 / per_second)]}}},
        ]
        with reported(_STORE):
            found: Document | None = await self._collection.find_one_and_update(
                {"_id": endpoint.key}, taken, upsert=True, return_document=ReturnDocument.AFTER
            )
        wait = found["wait"] / 1000 if found else 0.0
        return [wait + place / per_second for place in range(count)]

    async def forget(self, endpoint: Endpoint) -> None:
        with reported(_STORE):
            await self._collection.delete_one({"_id": endpoint.key})
