"""Order per object, for endpoints that asked for it: the deliveries of one object to one endpoint form a chain.

A chain is leased as a whole and only its first waiting delivery is posted, so nothing overtakes: not a retry, not
another process, not a restart. The event bus hands batches out in no order, so a chain also remembers up to which
version it has `seen` the object, and what a batch lacks is read from the log.

`due_at` exists while something waits. `wake` counts additions: a chain is closed only if none came in the meantime.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts.envelope import Envelope
from dramatis_eventlog import EventLog, StreamId
from dramatis_eventlog.faults import reported
from dramatis_eventlog.indexes import index_resource
from dramatis_kit import Document, Resource
from dramatis_notifier.documents import Delivery, carried, document_of
from dramatis_notifier.expiry import expiry_resource
from dramatis_notifier.payload import message_of
from dramatis_notifier.places import Endpoint
from dramatis_notifier.subscriptions import Subscription

_STORE = "the store of webhook chains"
_RUN = 32


@dataclass(frozen=True, slots=True)
class Run:
    """The next deliveries of a chain, in order, and its `wake` when they were read."""

    deliveries: Sequence[Delivery]
    wake: int


def chain_id(endpoint: Endpoint, event: Envelope) -> str:
    return f"{endpoint.key}/{_category(event)}:{event.subject}"


def queued_document(event: Envelope, subscription: Subscription, now: datetime) -> Document:
    """A delivery that waits for its turn in its chain."""
    endpoint = subscription.endpoint
    place = {"status": "queued", "chain": chain_id(endpoint, event), "version": event.streamversion, "due_at": None}
    return document_of(event, endpoint, message_of(event, subscription.payload_format), now) | place


class Chains:
    """The collection `webhook_chains`. `worker` names the process that claims."""

    def __init__(self, database: AsyncDatabase[Document], worker: str, *, retention: timedelta) -> None:
        self._collection = database["webhook_chains"]
        self._deliveries = database["webhook_deliveries"]
        self._worker = worker
        self._retention = retention

    async def complete(
        self, subscription: Subscription, events: Sequence[Envelope], log: EventLog, since: datetime
    ) -> list[Envelope]:
        """The events that an endpoint wants, in order, with those that have not come yet although they are older.

        Nothing from before `since` is added.
        """
        present: defaultdict[str, dict[int, Envelope]] = defaultdict(dict)
        for event in events:
            present[chain_id(subscription.endpoint, event)][event.streamversion] = event
        wanted = {chain for chain, some in present.items() if any(map(subscription.wants, some.values()))}
        seen = await self._seen(wanted)
        found: list[Envelope] = []
        for chain in sorted(wanted):
            missed = await _missed(present[chain], seen.get(chain, 0), log)
            versions = present[chain] | {event.streamversion: event for event in missed if event.time >= since}
            found += [versions[version] for version in sorted(versions) if subscription.wants(versions[version])]
        return found

    async def wake(self, documents: Iterable[Document], now: datetime) -> None:
        """Say that deliveries were stored; repeating it does no harm."""
        newest: dict[str, Document] = {}
        for document in documents:
            if document["version"] >= newest.get(document["chain"], document)["version"]:
                newest[document["chain"]] = document
        writes = [write for document in newest.values() for write in _woken(document, now)]
        if writes:
            with reported(_STORE):
                await self._collection.bulk_write(writes, ordered=True)

    async def wake_again(self, chains: Collection[str], now: datetime) -> None:
        """Something of these chains is to be sent anew."""
        writes = []
        for chain in chains:
            tenant, webhook_id, _ = chain.split("/", 2)
            new = {"chain": chain, "version": 0, "tenant": tenant, "webhook_id": webhook_id}
            writes += _woken(new | {"endpoint": f"{tenant}/{webhook_id}"}, now)
            writes.append(UpdateOne({"_id": chain, "lease": None}, {"$set": {"due_at": now}}))
        if writes:
            with reported(_STORE):
                await self._collection.bulk_write(writes, ordered=True)

    async def due_endpoints(self, now: datetime) -> list[Endpoint]:
        """The endpoints with a chain that is due, the longest waiting first."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"due_at": {"$exists": True}}},
            {"$sort": {"endpoint": 1, "due_at": 1}},
            {"$group": {"_id": "$endpoint", "due_at": {"$first": "$due_at"}}},
            {"$match": {"due_at": {"$lte": now}}},
            {"$sort": {"due_at": 1}},
        ]
        with reported(_STORE):
            cursor = await self._collection.aggregate(pipeline)
            return [Endpoint.of(document["_id"]) async for document in cursor]

    async def claim(
        self, endpoint: Endpoint, limit: int, now: datetime, until: datetime, held: Collection[str]
    ) -> list[str]:
        """Lease up to `limit` due chains of an endpoint, the longest waiting first."""
        due: dict[str, Any] = {"endpoint": endpoint.key, "due_at": {"$lte": now}}
        with reported(_STORE):
            found = self._collection.find(due, {"_id": 1}, sort=[("due_at", 1)], limit=limit + len(held))
            ids = [document["_id"] async for document in found if document["_id"] not in held][:limit]
            if not ids:
                return []
            lease = {"$set": {"lease": self._worker, "due_at": until, "touched_at": now}}
            await self._collection.update_many(due | {"_id": {"$in": ids}}, lease)
            return [document["_id"] async for document in self._collection.find(self._mine(ids), {"_id": 1})]

    async def run(self, chain: str) -> Run | None:
        """What is next in a chain of ours; None if it is not ours any more."""
        with reported(_STORE):
            # First the count, then the deliveries: one that comes in between is not overlooked by `close`.
            found = await self._collection.find_one(self._mine([chain]), {"wake": 1})
            if found is None:
                return None
            waiting = {"chain": chain, "status": "queued"}
            cursor = self._deliveries.find(waiting, {"attempts": 0}, sort=[("version", 1)], limit=_RUN)
            return Run([carried(document) async for document in cursor], found["wake"])

    async def close(self, chain: str, wake: int) -> bool:
        """Let go of a chain that has nothing left. False if something was added or it is not ours any more."""
        empty = self._mine([chain]) | {"wake": wake}
        with reported(_STORE):
            changed = await self._collection.update_one(empty, {"$set": {"lease": None}, "$unset": {"due_at": ""}})
        return changed.modified_count > 0

    async def renew(self, ids: Collection[str], until: datetime) -> None:
        """Hold on to claimed chains."""
        with reported(_STORE):
            await self._collection.update_many(self._mine(ids), {"$set": {"due_at": until}})

    async def release(self, ids: Collection[str], due_at: datetime) -> None:
        """Give chains back until a time."""
        with reported(_STORE):
            await self._collection.update_many(self._mine(ids), {"$set": {"due_at": due_at, "lease": None}})

    async def stop(self, endpoint: Endpoint) -> None:
        """Nothing waits for this endpoint any more; what was seen stays known."""
        with reported(_STORE):
            waiting = {"endpoint": endpoint.key, "due_at": {"$exists": True}}
            await self._collection.update_many(waiting, {"$set": {"lease": None}, "$unset": {"due_at": ""}})

    def resources(self) -> list[Resource]:
        """The queue of chains, and the end of those that nothing was added to for long."""
        return [
            index_resource(self._collection, [("endpoint", 1), ("due_at", 1)], where={"due_at": {"$exists": True}}),
            expiry_resource(self._collection, "touched_at", self._retention),
        ]

    async def _seen(self, chains: Collection[str]) -> Mapping[str, int]:
        with reported(_STORE):
            found = self._collection.find({"_id": {"$in": sorted(chains)}}, {"seen": 1})
            return {document["_id"]: document["seen"] async for document in found}

    def _mine(self, ids: Collection[str]) -> dict[str, Any]:
        return {"_id": {"$in": list(ids)}, "lease": self._worker}


async def _missed(present: Mapping[int, Envelope], seen: int, log: EventLog) -> list[Envelope]:
    """What the log has between the versions that a chain has seen and those at hand."""
    last = max(present)
    absent = [version for version in range(seen + 1, last) if version not in present]
    if not absent:
        return []
    event = present[last]
    stream = StreamId(_category(event), event.subject)
    return await log.read(event.tenantid, stream, after=absent[0] - 1, up_to=absent[-1])


def _woken(document: Document, now: datetime) -> list[UpdateOne]:
    """One addition. A chain that is leased or waits for a retry keeps its time."""
    new = {name: document[name] for name in ("tenant", "webhook_id", "endpoint")} | {"lease": None, "due_at": now}
    added = {"$inc": {"wake": 1}, "$max": {"seen": document["version"]}, "$set": {"touched_at": now}}
    idle = {"_id": document["chain"], "due_at": {"$exists": False}}
    return [
        UpdateOne({"_id": document["chain"]}, added | {"$setOnInsert": new}, upsert=True),
        UpdateOne(idle, {"$set": {"due_at": now}}),
    ]


def _category(event: Envelope) -> str:
    return event.type.partition(".")[0]
