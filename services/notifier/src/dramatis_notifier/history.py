"""What was sent to an endpoint, for its owner: lists, single deliveries, and sending them anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts.notifier import v1
from dramatis_eventlog.faults import reported
from dramatis_kit import Document
from dramatis_notifier.deliveries import STORE
from dramatis_notifier.documents import PENDING, resource_of
from dramatis_notifier.places import Endpoint
from dramatis_notifier.subscriptions import EVERYTHING

REPLAYED_AT_ONCE = 10_000

_NEWEST_FIRST = [("event_time", -1), ("_id", -1)]
_OLDEST_FIRST = [("event_time", 1), ("_id", 1)]
_WITHOUT_ANSWERS = {"body": 0, "headers": 0, "attempts.response": 0}


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` (included) to `until` (not included), in times of events."""

    since: datetime | None = None
    until: datetime | None = None

    def bounds(self) -> dict[str, Any]:
        limits = {"$gte": self.since, "$lt": self.until}
        given = {operator: at for operator, at in limits.items() if at is not None}
        return {"event_time": given} if given else {}


@dataclass(frozen=True, slots=True)
class Resent:
    """How many are sent anew, the chains that they belong to, and where to go on if there are more."""

    count: int
    chains: frozenset[str]
    next_since: datetime | None


class History:
    """The collection `webhook_deliveries`, by endpoint and time."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._collection = database["webhook_deliveries"]

    async def page(self, query: v1.ListDeliveries, tenant: str) -> list[v1.Delivery]:
        """Deliveries of an endpoint, newest first, without what the endpoint answered."""
        skip, limit = (query.page - 1) * query.page_size, query.page_size
        where = _selected(query, tenant)
        with reported(STORE):
            found = self._collection.find(where, _WITHOUT_ANSWERS, sort=_NEWEST_FIRST, skip=skip, limit=limit)
            return [resource_of(document) async for document in found]

    async def count(self, query: v1.ListDeliveries, tenant: str) -> int:
        with reported(STORE):
            return await self._collection.count_documents(_selected(query, tenant))

    async def one(self, endpoint: Endpoint, delivery_id: str) -> v1.Delivery | None:
        """One delivery with the answers to its attempts."""
        with reported(STORE):
            found = await self._collection.find_one(_of(endpoint) | {"_id": delivery_id}, {"body": 0, "headers": 0})
        return resource_of(found) if found else None

    async def pending(self, endpoint: Endpoint) -> tuple[int, datetime | None]:
        """How many wait, and when the next of them is due."""
        waiting = {"endpoint": endpoint.key, "status": {"$in": PENDING}}
        dated = waiting | {"due_at": {"$ne": None}}
        with reported(STORE):
            count = await self._collection.count_documents(waiting)
            first = await self._collection.find_one(dated, {"due_at": 1}, sort=[("due_at", 1)])
        return count, first["due_at"] if first else None

    async def resend_one(self, endpoint: Endpoint, delivery_id: str, now: datetime) -> bool:
        """Make a delivery due now, whatever became of it. False if another process is just sending it."""
        wanted = _of(endpoint) | {"_id": delivery_id, "lease": None}
        with reported(STORE):
            changed = await self._collection.update_one(wanted, _again(now))
        return changed.matched_count > 0

    async def chain_of(self, delivery_id: str) -> list[str]:
        """The chain that a delivery belongs to, if any."""
        with reported(STORE):
            found = await self._collection.find_one({"_id": delivery_id}, {"chain": 1}) or {}
        return [found["chain"]] if found.get("chain") else []

    async def resend(self, endpoint: Endpoint, statuses: tuple[str, ...], period: Period, now: datetime) -> Resent:
        """Make finished deliveries due now, oldest first, so many per call."""
        wanted = _of(endpoint) | {"status": {"$in": list(statuses)}, "kind": {"$ne": "test"}} | period.bounds()
        shown = {"_id": 1, "chain": 1, "event_time": 1}
        with reported(STORE):
            found = await self._collection.find(wanted, shown, sort=_OLDEST_FIRST, limit=REPLAYED_AT_ONCE + 1).to_list()
            now_sent = found[:REPLAYED_AT_ONCE]
            ids = [document["_id"] for document in now_sent]
            changed = await self._collection.update_many(wanted | {"_id": {"$in": ids}}, _again(now))
        chains = frozenset(document["chain"] for document in now_sent if document.get("chain"))
        rest = found[REPLAYED_AT_ONCE:]
        return Resent(changed.modified_count, chains, rest[0]["event_time"] if rest else None)


def _again(now: datetime) -> list[Document]:
    """A fresh schedule under the same id; what was attempted before stays on record."""
    queued: Mapping[str, Any] = {"$cond": [{"$ifNull": ["$chain", False]}, "queued", "pending"]}
    changes = {
        "status": queued,
        "due_at": now,
        "lease": None,
        "failures": 0,
        "finished_at": None,
        "replays": {"$add": [{"$ifNull": ["$replays", 0]}, 1]},
    }
    return [{"$set": changes}]


def _of(endpoint: Endpoint) -> dict[str, Any]:
    return {"tenant": endpoint.tenant, "webhook_id": endpoint.webhook_id}


def _selected(query: v1.ListDeliveries, tenant: str) -> dict[str, Any]:
    where = _of(Endpoint(tenant, query.webhook_id)) | Period(query.since, query.until).bounds()
    if query.status:
        where["status"] = {"$in": PENDING} if query.status == "pending" else query.status
    if query.event and query.event != EVERYTHING:
        # A name has no character that means something in an expression but the dot.
        beginning = query.event.removesuffix("*").replace(".", r"\.")
        where["event_type"] = {"$regex": f"^{beginning}" if query.event.endswith("*") else rf"^{beginning}\.v\d+$"}
    return where
