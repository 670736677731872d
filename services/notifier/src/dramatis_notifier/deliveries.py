"""The deliveries in MongoDB: one document per event and endpoint, from the moment the event is seen.

`due_at` of a pending delivery is when somebody may take it up. Whoever claims one moves `due_at` to the end of a lease
and renews it while the POST is under way, so that a killed process's deliveries become due again by themselves.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from dramatis_eventlog.faults import reported
from dramatis_eventlog.indexes import index_resource
from dramatis_kit import Document, Resource
from dramatis_notifier.documents import PENDING, Delivery, carried
from dramatis_notifier.expiry import expiry_resource
from dramatis_notifier.places import Endpoint
from dramatis_notifier.schedule import Verdict

ATTEMPTS_KEPT = 100
"""Of one delivery: nine times the whole schedule. `failures` counts on."""
STORE = "the store of webhook deliveries"

_DUPLICATE_KEY = 11_000
_INSERTED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: a `v1.Attempt` on its way into the database."""

    at: datetime
    status_code: int | None
    error: str | None
    duration_ms: float
    response: str | None = None

    def document(self) -> Document:
        return {
            "at": self.at,
            "status_code": self.status_code,
            "error": self.error,
            "duration_ms": self.duration_ms,
            "response": self.response,
        }


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt and what followed from it."""

    delivery: Delivery
    attempt: Try
    verdict: Verdict


class Deliveries:
    """The collection `webhook_deliveries`. `worker` names the process that claims."""

    def __init__(self, database: AsyncDatabase[Document], worker: str, *, retention: timedelta) -> None:
        self._collection = database["webhook_deliveries"]
        # A claim that is lost in a crash costs a second POST with the same id, never a delivery.
        self._claims = self._collection.with_options(write_concern=WriteConcern(w=1, j=False))
        self._worker = worker
        self._retention = retention

    def leased(self, document: Document, until: datetime) -> Document:
        """A new delivery that this process takes up itself, without anybody claiming it in between."""
        return document | {"lease": self._worker, "due_at": until}

    async def insert(self, documents: Sequence[Document]) -> list[Document]:
        """Store deliveries in the given order; one that exists already stays as it is. Returns those that are new."""
        fresh: list[Document] = []
        for start in range(0, len(documents), _INSERTED_AT_ONCE):
            fresh += await self._insert(documents[start : start + _INSERTED_AT_ONCE])
        return fresh

    async def _insert(self, documents: Sequence[Document]) -> list[Document]:
        repeated: set[int] = set()
        with reported(STORE):
            try:
                await self._collection.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                repeated = _repeated(error)
        return [document for index, document in enumerate(documents) if index not in repeated]

    async def due_endpoints(self, now: datetime) -> list[Endpoint]:
        """The endpoints with something due, the longest waiting first. Costs one index step per pending endpoint."""
        with reported(STORE):
            cursor = await self._collection.aggregate(self.earliest_due(now))
            return [Endpoint.of(document["_id"]) async for document in cursor]

    def earliest_due(self, now: datetime) -> list[dict[str, Any]]:
        """The pipeline of `due_endpoints`."""
        return [
            {"$match": {"status": "pending"}},
            {"$sort": {"endpoint": 1, "due_at": 1}},
            {"$group": {"_id": "$endpoint", "due_at": {"$first": "$due_at"}}},
            {"$match": {"due_at": {"$lte": now}}},
            {"$sort": {"due_at": 1}},
        ]

    async def claim(
        self, endpoint: Endpoint, limit: int, now: datetime, until: datetime, held: Collection[str]
    ) -> list[Delivery]:
        """Lease up to `limit` due deliveries of an endpoint, oldest first, without those that the caller holds."""
        due: dict[str, Any] = {"endpoint": endpoint.key, "status": "pending", "due_at": {"$lte": now}}
        with reported(STORE):
            found = self._collection.find(due, {"_id": 1}, sort=[("due_at", 1)], limit=limit + len(held))
            ids = [document["_id"] async for document in found if document["_id"] not in held][:limit]
            if not ids:
                return []
            lease = {"$set": {"lease": self._worker, "due_at": until}}
            await self._claims.update_many(due | {"_id": {"$in": ids}}, lease)
            mine = self._collection.find(self._mine(ids), {"attempts": 0}, sort=[("event_time", 1)])
            return [carried(document) async for document in mine]

    async def renew(self, ids: Collection[str], until: datetime) -> None:
        """Hold on to claimed deliveries."""
        with reported(STORE):
            await self._claims.update_many(self._mine(ids), {"$set": {"due_at": until}})

    async def release(self, ids: Collection[str], due_at: datetime) -> None:
        """Give claimed deliveries back untried."""
        with reported(STORE):
            await self._claims.update_many(self._mine(ids), {"$set": {"due_at": due_at, "lease": None}})

    async def known(self, ids: Collection[str]) -> set[str]:
        """Which of these deliveries are stored already."""
        with reported(STORE):
            found = self._collection.find({"_id": {"$in": list(ids)}}, {"_id": 1})
            return {document["_id"] async for document in found}

    async def record(self, attempts: Sequence[Attempted], now: datetime) -> None:
        """Store attempts and what follows from them, many in one write. Repeating it changes nothing."""
        first = {one.delivery.id: one for one in attempts if one.delivery.unstored}
        fresh = await self.insert([_result(one, now) for one in first.values()]) if first else []
        # One that was stored in the meantime has its result written over it.
        for document in fresh:
            del first[document["_id"]]
        again = [one for one in attempts if not one.delivery.unstored or one.delivery.id in first]
        if writes := [write for attempted in again for write in _recorded(attempted, now)]:
            with reported(STORE):
                await self._collection.bulk_write(writes, ordered=True)

    async def stop(self, endpoint: Endpoint, now: datetime) -> None:
        """End everything that still waits for an endpoint which takes no more."""
        waiting = {"endpoint": endpoint.key, "status": {"$in": PENDING}}
        ended = {"status": "stopped", "due_at": None, "lease": None, "finished_at": now}
        with reported(STORE):
            await self._collection.update_many(waiting, {"$set": ended})

    def resources(self) -> list[Resource]:
        """The indexes: the queues, the chains, the lists, and the end of the retention."""
        # With the status in its keys the index alone answers `due_endpoints`: 2 ms over 100 k pending, not 99 ms.
        queue = [("status", 1), ("endpoint", 1), ("due_at", 1)]
        chain = [("chain", 1), ("version", 1)]
        listed = [("tenant", 1), ("webhook_id", 1), ("event_time", -1), ("_id", -1)]
        return [
            index_resource(self._collection, queue, where={"status": "pending"}),
            index_resource(self._collection, chain, where={"status": "queued"}),
            index_resource(self._collection, listed),
            expiry_resource(self._collection, "finished_at", self._retention),
        ]

    def _mine(self, ids: Collection[str]) -> dict[str, Any]:
        return {"_id": {"$in": list(ids)}, "lease": self._worker, "status": "pending"}


def _repeated(error: BulkWriteError) -> set[int]:
    """Which documents existed already. Raises the error if it says anything else."""
    details = error.details or {}
    failed = details.get("writeErrors", [])
    if not failed or details.get("writeConcernErrors") or any(one["code"] != _DUPLICATE_KEY for one in failed):
        raise error
    return {one["index"] for one in failed}


def _result(attempted: Attempted, now: datetime) -> Document:
    """A new delivery together with its first attempt."""
    verdict = attempted.verdict
    finished = {} if verdict.status == "pending" else {"finished_at": now}
    return {
        **(attempted.delivery.unstored or {}),
        "status": verdict.status,
        "due_at": verdict.due_at,
        "attempts": [attempted.attempt.document()],
        "failures": int(verdict.status != "delivered"),
        **finished,
    }


def _recorded(attempted: Attempted, now: datetime) -> Iterable[UpdateOne]:
    """The attempt is always kept; the status follows only from "pending", or to "delivered", which is a plain fact."""
    delivery, verdict = attempted.delivery, attempted.verdict
    # A write that timed out may have happened: its repetition finds the attempt and changes nothing.
    new = {"_id": delivery.id, "attempts.at": {"$ne": attempted.attempt.at}}
    kept = {"$push": {"attempts": {"$each": [attempted.attempt.document()], "$slice": -ATTEMPTS_KEPT}}}
    waiting = "queued" if delivery.chain else "pending"
    after = {
        "status": waiting if verdict.status == "pending" else verdict.status,
        "due_at": verdict.due_at,
        "lease": None,
        "finished_at": None if verdict.status == "pending" else now,
    }
    if verdict.status == "delivered":
        yield UpdateOne(new, kept | {"$set": after})
        return
    failed = kept | {"$inc": {"failures": 1}}
    yield UpdateOne(new | {"status": {"$in": PENDING}}, failed | {"$set": after})
    yield UpdateOne(new | {"status": {"$nin": PENDING}}, failed)
