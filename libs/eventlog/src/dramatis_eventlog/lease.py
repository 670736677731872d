"""One relay at a time: a lease in MongoDB, timed by the server's clock, numbered by an epoch that only rises."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from dramatis_eventlog.faults import reported
from dramatis_kit import Document

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that is ours.

    `until` is on the clock of `time.monotonic` and never later than `expires`, which is on that of the server.
    """

    epoch: int
    until: float
    expires: datetime

    def remaining(self) -> float:
        """Seconds for which nobody else can hold the lease."""
        return self.until - time.monotonic()


class Lease:
    """The lease `name` in the collection `leases`; `seconds` is its term."""

    def __init__(self, database: AsyncDatabase[Document], name: str, holder: str, seconds: float = 5.0) -> None:
        self._leases = database.get_collection("leases")
        self._name = name
        self._holder = holder
        self._seconds = seconds

    async def acquire(self, *, above: int = 0) -> Held | None:
        """Take the lease if it is free, with an epoch higher than every earlier one and than `above`."""
        await self._exist()
        taken_at = time.monotonic()
        epoch = {"$add": [{"$max": [{"$ifNull": ["$epoch", 0]}, above]}, 1]}
        free = {"_id": self._name, "$expr": {"$lte": ["$expires", "$$NOW"]}}
        with reported("the lease"):
            found = await self._leases.find_one_and_update(
                free,
                [{"$set": {"holder": self._holder, "epoch": epoch, "expires": self._expiry()}}],
                return_document=True,
            )
        return Held(int(found["epoch"]), taken_at + self._seconds, found["expires"]) if found else None

    async def renew(self, held: Held) -> Held | None:
        """Prolong the lease; None when somebody else has taken it."""
        renewed_at = time.monotonic()
        ours = {"_id": self._name, "holder": self._holder, "epoch": held.epoch}
        with reported("the lease"):
            found = await self._leases.find_one_and_update(
                ours, [{"$set": {"expires": self._expiry()}}], return_document=True
            )
        return Held(held.epoch, renewed_at + self._seconds, found["expires"]) if found else None

    async def release(self, held: Held) -> None:
        """Let another one take it at once."""
        ours = {"_id": self._name, "holder": self._holder, "epoch": held.epoch}
        with reported("the lease"):
            await self._leases.update_one(ours, {"$set": {"expires": _LONG_AGO}})

    def _expiry(self) -> Document:
        return {"$add": ["$$NOW", int(self._seconds * 1000)]}

    async def _exist(self) -> None:
        with reported("the lease"):
            try:
                seed = {"$setOnInsert": {"holder": None, "epoch": 0, "expires": _LONG_AGO}}
                await self._leases.update_one({"_id": self._name}, seed, upsert=True)
            except DuplicateKeyError:  # another candidate has just done so
                return
