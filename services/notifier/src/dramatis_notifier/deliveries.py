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

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier import v1
from dramatis_eventlog.faults import reported
from dramatis_eventlog.indexes import index_resource
from dramatis_kit import Document, Resource
from dramatis_notifier.expiry import expiry_resource
from dramatis_notifier.payload import body_of
from dramatis_notifier.schedule import Verdict

ATTEMPTS_KEPT = 20
_DUPLICATE_KEY = 11_000
_INSERTED_AT_ONCE = 500
_STORE = "the store of webhook deliveries"
_NEWEST_FIRST = [("created_at", -1), ("_id", -1)]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook of a tenant. `key` names its queue."""

    tenant: str
    webhook_id: str

    @property
    def key(self) -> str:
        return f"{self.tenant}/{self.webhook_id}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery: what to send, and how often it was tried in vain."""

    id: str
    endpoint: Endpoint
    event_id: str
    event_type: str
    body: bytes
    failures: int


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt and what followed from it, on its way into the database."""

    delivery: Delivery
    attempt: v1.Attempt
    verdict: Verdict


class Deliveries:
    """The collection `webhook_deliveries`. `worker` names the process that claims."""

    def __init__(self, database: AsyncDatabase[Document], worker: str, *, retention: timedelta) -> None:
        self._collection = database["webhook_deliveries"]
        # A claim that is lost in a crash costs a second POST with the same id, never a delivery.
        self._claims = self._collection.with_options(write_concern=WriteConcern(w=1, j=False))
        self._worker = worker
        self._retention = retention

    async def enqueue(self, wanted: Iterable[tuple[Envelope, Sequence[Endpoint]]], now: datetime) -> set[Endpoint]:
        """Store deliveries, due at once; one that exists already stays as it is. Returns who got new ones."""
        documents = [document for event, endpoints in wanted for document in _documents(event, endpoints, now)]
        fresh: set[Endpoint] = set()
        for start in range(0, len(documents), _INSERTED_AT_ONCE):
            fresh |= await self._insert(documents[start : start + _INSERTED_AT_ONCE])
        return fresh

    async def _insert(self, documents: list[Document]) -> set[Endpoint]:
        repeated: set[int] = set()
        with reported(_STORE):
            try:
                await self._collection.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                repeated = _repeated(error)
        return {_endpoint(document) for index, document in enumerate(documents) if index not in repeated}

    async def due_endpoints(self, now: datetime) -> list[Endpoint]:
        """The endpoints with something due, the longest waiting first. Costs one index step per pending endpoint."""
        with reported(_STORE):
            cursor = await self._collection.aggregate(self.earliest_due(now))
            return [Endpoint(*document["_id"].split("/", 1)) async for document in cursor]

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
        with reported(_STORE):
            found = self._collection.find(due, {"_id": 1}, sort=[("due_at", 1)], limit=limit + len(held))
            ids = [document["_id"] async for document in found if document["_id"] not in held][:limit]
            if not ids:
                return []
            lease = {"$set": {"lease": self._worker, "due_at": until}}
            await self._claims.update_many(due | {"_id": {"$in": ids}}, lease)
            return [_claimed(document) async for document in self._collection.find(self._mine(ids))]

    async def renew(self, ids: Collection[str], until: datetime) -> None:
        """Hold on to claimed deliveries."""
        with reported(_STORE):
            await self._claims.update_many(self._mine(ids), {"$set": {"due_at": until}})

    async def release(self, ids: Collection[str], due_at: datetime) -> None:
        """Give claimed deliveries back untried."""
        with reported(_STORE):
            await self._claims.update_many(self._mine(ids), {"$set": {"due_at": due_at, "lease": None}})

    async def record(self, attempts: Sequence[Attempted], now: datetime) -> None:
        """Store attempts and what follows from them, many in one write. Repeating it changes nothing."""
        with reported(_STORE):
            await self._collection.bulk_write([_recorded(attempted, now) for attempted in attempts], ordered=False)

    async def stop(self, endpoint: Endpoint, now: datetime) -> None:
        """End everything that still waits for an endpoint which takes no more."""
        waiting = {"endpoint": endpoint.key, "status": "pending"}
        ended = {"status": "stopped", "due_at": None, "lease": None, "finished_at": now}
        with reported(_STORE):
            await self._collection.update_many(waiting, {"$set": ended})

    async def page(self, endpoint: Endpoint, *, skip: int, limit: int) -> list[v1.Delivery]:
        """Deliveries of an endpoint, newest first."""
        with reported(_STORE):
            found = self._collection.find(_of(endpoint), {"body": 0}, sort=_NEWEST_FIRST, skip=skip, limit=limit)
            return [_resource(document) async for document in found]

    async def count(self, endpoint: Endpoint) -> int:
        with reported(_STORE):
            return await self._collection.count_documents(_of(endpoint))

    async def failing_since(self, endpoint: Endpoint) -> datetime | None:
        """When the oldest delivery was made that was not accepted, nor any after it. None if the newest was."""
        made = {"created_at": 1}
        with reported(_STORE):
            accepted = _of(endpoint) | {"status": "delivered"}
            last = await self._collection.find_one(accepted, made, sort=_NEWEST_FIRST)
            after = _of(endpoint) | ({"created_at": {"$gt": last["created_at"]}} if last else {})
            first = await self._collection.find_one(after, made, sort=[("created_at", 1)])
        return first["created_at"] if first else None

    def resources(self) -> list[Resource]:
        """The indexes: the queues, the lists, and the end of the retention."""
        # With the status in its keys the index alone answers `due_endpoints`: 2 ms over 100 k pending, not 99 ms.
        queue = [("status", 1), ("endpoint", 1), ("due_at", 1)]
        listed = [("tenant", 1), ("webhook_id", 1), *_NEWEST_FIRST]
        return [
            index_resource(self._collection, queue, where={"status": "pending"}),
            index_resource(self._collection, listed),
            expiry_resource(self._collection, "finished_at", self._retention),
        ]

    def _mine(self, ids: Collection[str]) -> dict[str, Any]:
        return {"_id": {"$in": list(ids)}, "lease": self._worker, "status": "pending"}


def _documents(event: Envelope, endpoints: Sequence[Endpoint], now: datetime) -> list[Document]:
    body = body_of(event) if endpoints else b""
    return [
        {
            "_id": f"{endpoint.webhook_id}:{event.id}",
            "tenant": endpoint.tenant,
            "webhook_id": endpoint.webhook_id,
            "endpoint": endpoint.key,
            "event_id": event.id,
            "event_type": event.type,
            "body": body,
            "status": "pending",
            "due_at": now,
            "lease": None,
            "attempts": [],
            "failures": 0,
            "created_at": now,
        }
        for endpoint in endpoints
    ]


def _repeated(error: BulkWriteError) -> set[int]:
    """Which documents existed already. Raises the error if it says anything else."""
    details = error.details or {}
    failed = details.get("writeErrors", [])
    if not failed or details.get("writeConcernErrors") or any(one["code"] != _DUPLICATE_KEY for one in failed):
        raise error
    return {one["index"] for one in failed}


def _of(endpoint: Endpoint) -> dict[str, Any]:
    return {"tenant": endpoint.tenant, "webhook_id": endpoint.webhook_id}


def _endpoint(document: Document) -> Endpoint:
    return Endpoint(document["tenant"], document["webhook_id"])


def _claimed(document: Document) -> Delivery:
    return Delivery(
        id=document["_id"],
        endpoint=_endpoint(document),
        event_id=document["event_id"],
        event_type=document["event_type"],
        body=document["body"],
        failures=document["failures"],
    )


def _recorded(attempted: Attempted, now: datetime) -> UpdateOne:
    """The attempt is always kept; the status follows only from "pending", or to "delivered", which is a plain fact."""
    verdict = attempted.verdict
    delivered = verdict.status == "delivered"
    applies: Any = delivered or {"$eq": ["$status", "pending"]}
    after = {
        "status": verdict.status,
        "due_at": verdict.due_at,
        "lease": None,
        "finished_at": None if verdict.status == "pending" else now,
    }
    changes: dict[str, Any] = {name: {"$cond": [applies, value, f"${name}"]} for name, value in after.items()}
    attempt = attempted.attempt.model_dump()
    attempts = {"$concatArrays": ["$attempts", [{"$literal": attempt}]]}
    changes["attempts"] = {"$slice": [attempts, -ATTEMPTS_KEPT]}
    changes["failures"] = {"$add": ["$failures", 0 if delivered else 1]}
    # A write that timed out may have happened: its repetition finds the attempt and changes nothing.
    return UpdateOne({"_id": attempted.delivery.id, "attempts": {"$ne": attempt}}, [{"$set": changes}])


def _resource(document: Document) -> v1.Delivery:
    return v1.Delivery(
        id=document["_id"],
        webhook_id=document["webhook_id"],
        event_id=document["event_id"],
        event_type=document["event_type"],
        status=document["status"],
        attempts=document["attempts"],
        next_attempt_at=document["due_at"],
    )
