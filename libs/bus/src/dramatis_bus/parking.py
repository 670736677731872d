"""Where poisoned aggregates wait: visible, in order, never dropped.

An entry is per consumer and aggregate. Its events' payloads are kept as they were published, so that a retry reads them
through the upcasters of the day. The order of the events and the existence of the entry live in one document: adding
an event and closing an emptied entry exclude each other without a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_kit import Clock, Document, new_id, utc_now
from dramatis_kit.service import Resource

ENTRIES = "parked"
EVENTS = "parked_events"
ATTEMPTS = "consumer_attempts"

CLAIM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ParkingKey:
    """A consumer, and an aggregate of the service whose events it consumes."""

    consumer: str
    service: str
    tenant: str
    subject: str

    @property
    def id(self) -> str:
        return "/".join((self.consumer, self.service, self.tenant, self.subject))


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event as it was published. `version` orders the events of an aggregate."""

    id: str
    version: int
    type: str
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parked:
    """An entry. `owner` is the name of the bus whose process consumes it, `events` their number."""

    owner: str
    key: ParkingKey
    reason: str
    events: int
    parked_at: datetime


class ParkingLot(Protocol):
    """What consumers need."""

    async def park(self, owner: str, key: ParkingKey, event: ParkedEvent, reason: str) -> None:
        """Open an entry with this event, or add the event to the one that exists."""

    async def add(self, key: ParkingKey, event: ParkedEvent) -> bool:
        """Add the event if the aggregate is parked; False if it is not. Adding twice changes nothing."""

    async def is_parked(self, key: ParkingKey) -> bool: ...

    async def keys(self, consumer: str, service: str) -> set[ParkingKey]:
        """Every parked aggregate of a consumer."""

    async def claim(self, key: ParkingKey) -> str | None:
        """The right to work on an entry for a minute. None if there is no entry or somebody else has the right."""

    async def renew(self, key: ParkingKey, claim: str) -> None:
        """Keep the right for another minute."""

    async def first(self, key: ParkingKey, claim: str) -> ParkedEvent | None:
        """The entry's event of the lowest version. None once it is empty or the claim was lost."""

    async def remove(self, key: ParkingKey, event: ParkedEvent) -> None:
        """Take one event out; the entry stays, so that later events keep their order."""

    async def release(self, key: ParkingKey, claim: str, reason: str | None) -> int:
        """Give the claim back and close the entry if it is empty. How many events remain."""

    async def discard(self, key: ParkingKey) -> int:
        """Remove an entry with all its events. How many there were."""

    async def begin(self, attempt: str) -> int:
        """Note that an attempt begins. How many earlier ones began and came to no end: their process died."""

    async def end(self, attempt: str) -> None:
        """Note that an attempt came to an end, whichever."""


class MongoParkingLot:
    """Parked aggregates in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock = utc_now) -> None:
        self._entries = database[ENTRIES]
        self._events = database[EVENTS]
        self._attempts = database[ATTEMPTS]
        self._clock = clock

    async def park(self, owner: str, key: ParkingKey, event: ParkedEvent, reason: str) -> None:
        await self._store(key, event)
        opening = {
            "owner": owner,
            "consumer": key.consumer,
            "service": key.service,
            "tenant": key.tenant,
            "subject": key.subject,
            "reason": reason,
            "parked_at": self._clock(),
        }
        change = {"$setOnInsert": opening, "$addToSet": {"events": _reference(event)}}
        await self._entries.update_one({"_id": key.id}, change, upsert=True)

    async def add(self, key: ParkingKey, event: ParkedEvent) -> bool:
        await self._store(key, event)
        result = await self._entries.update_one({"_id": key.id}, {"$addToSet": {"events": _reference(event)}})
        if result.matched_count:
            return True
        await self._events.delete_one({"_id": _event_id(key, event.id)})
        return False

    async def is_parked(self, key: ParkingKey) -> bool:
        return await self._entries.find_one({"_id": key.id}, {"_id": 1}) is not None

    async def keys(self, consumer: str, service: str) -> set[ParkingKey]:
        found = self._entries.find({"consumer": consumer, "service": service}, {"tenant": 1, "subject": 1})
        return {ParkingKey(consumer, service, entry["tenant"], entry["subject"]) async for entry in found}

    async def claim(self, key: ParkingKey) -> str | None:
        claim = new_id("claim")
        free = [{"claimed_until": None}, {"claimed_until": {"$lt": self._clock()}}]
        change = {"$set": {"claim": claim, "claimed_until": self._soon()}}
        result = await self._entries.update_one({"_id": key.id, "$or": free}, change)
        return claim if result.matched_count else None

    async def renew(self, key: ParkingKey, claim: str) -> None:
        await self._entries.update_one({"_id": key.id, "claim": claim}, {"$set": {"claimed_until": self._soon()}})

    async def first(self, key: ParkingKey, claim: str) -> ParkedEvent | None:
        entry = await self._entries.find_one({"_id": key.id, "claim": claim})
        if entry is None or not entry["events"]:
            return None
        reference = min(entry["events"], key=lambda event: (event["version"], event["id"]))
        stored = await self._events.find_one({"_id": _event_id(key, reference["id"])})
        if stored is None:
            raise LookupError(f"the payload of parked event {reference['id']} is gone")
        return ParkedEvent(
            reference["id"], reference["version"], stored["type"], bytes(stored["payload"]), stored["headers"]
        )

    async def remove(self, key: ParkingKey, event: ParkedEvent) -> None:
        await self._entries.update_one({"_id": key.id}, {"$pull": {"events": {"id": event.id}}})
        await self._events.delete_one({"_id": _event_id(key, event.id)})

    async def release(self, key: ParkingKey, claim: str, reason: str | None) -> int:
        closed = await self._entries.delete_one({"_id": key.id, "claim": claim, "events": {"$size": 0}})
        if closed.deleted_count:
            return 0
        change: dict[str, Any] = {"$unset": {"claim": "", "claimed_until": ""}}
        if reason is not None:
            change["$set"] = {"reason": reason}
        entry = await self._entries.find_one_and_update({"_id": key.id, "claim": claim}, change)
        return len(entry["events"]) if entry else 0

    async def discard(self, key: ParkingKey) -> int:
        entry = await self._entries.find_one_and_delete({"_id": key.id})
        if entry is None:
            return 0
        await self._events.delete_many({"entry": key.id})
        return len(entry["events"])

    async def begin(self, attempt: str) -> int:
        change = {"$inc": {"begun": 1}, "$set": {"at": self._clock()}}
        before = await self._attempts.find_one_and_update({"_id": attempt}, change, upsert=True)
        return int(before["begun"]) if before else 0

    async def end(self, attempt: str) -> None:
        await self._attempts.delete_one({"_id": attempt})

    async def _store(self, key: ParkingKey, event: ParkedEvent) -> None:
        stored = {"entry": key.id, "type": event.type, "payload": event.payload, "headers": event.headers}
        await self._events.update_one({"_id": _event_id(key, event.id)}, {"$setOnInsert": stored}, upsert=True)

    def _soon(self) -> datetime:
        return self._clock() + timedelta(seconds=CLAIM_SECONDS)


async def list_parked(database: AsyncDatabase[Document], *, tenant: str | None = None) -> Sequence[Parked]:
    """Everything that is parked, of one tenant or of all, oldest first."""
    wanted = {} if tenant is None else {"tenant": tenant}
    found = database[ENTRIES].find(wanted).sort("parked_at", 1)
    return [
        Parked(
            owner=entry["owner"],
            key=ParkingKey(entry["consumer"], entry["service"], entry["tenant"], entry["subject"]),
            reason=entry["reason"],
            events=len(entry["events"]),
            parked_at=entry["parked_at"],
        )
        async for entry in found
    ]


def parking_resources(database: AsyncDatabase[Document]) -> list[Resource]:
    """The indexes that parking needs."""

    def index(collection: str, name: str, keys: list[tuple[str, int]]) -> Resource:
        async def drift() -> str | None:
            return None if name in await database[collection].index_information() else "missing"

        async def apply() -> None:
            await database[collection].create_index(keys, name=name)

        return Resource("index", f"{collection}.{name}", drift, apply)

    return [
        index(ENTRIES, "by_consumer", [("consumer", 1), ("service", 1)]),
        index(EVENTS, "by_entry", [("entry", 1)]),
    ]


def _reference(event: ParkedEvent) -> Document:
    return {"id": event.id, "version": event.version}


def _event_id(key: ParkingKey, event: str) -> str:
    return f"{key.id}/{event}"
