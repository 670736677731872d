"""How endpoints do: failures in a row, and attempts by the hour. Written several times a second.

Each process breaks its own circuit (`circuit.py`); what an owner sees here follows from what all of them recorded.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.faults import reported
from dramatis_kit import Document, Resource, Unavailable
from dramatis_notifier.deliveries import Attempted
from dramatis_notifier.expiry import expiry_resource
from dramatis_notifier.places import Endpoint

WINDOW = timedelta(hours=24)

_STORE = "the store of webhook conditions"
_KEPT = timedelta(days=8)
_KEPT_BACK = 10_000  # per endpoint, while MongoDB is away


@dataclass(frozen=True, slots=True)
class Condition:
    """Since the last success: how many failures in a row, and when they began."""

    consecutive_failures: int = 0
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_failure: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Attempts of the last day."""

    attempts: int = 0
    accepted: int = 0
    milliseconds: float = 0.0


class Conditions:
    """The collections `webhook_conditions` and `webhook_hours`. Losing a few counts in a crash is no harm."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        quick = WriteConcern(w=1, j=False)
        self._conditions = database.get_collection("webhook_conditions", write_concern=quick)
        self._hours = database.get_collection("webhook_hours", write_concern=quick)
        self._flushing = asyncio.Lock()
        self._added: defaultdict[Endpoint, list[Attempted]] = defaultdict(list)

    def add(self, attempts: Sequence[Attempted]) -> None:
        """Count attempts; those of test deliveries say nothing about an endpoint. Stored by the next `flush`."""
        for attempted in attempts:
            if attempted.delivery.kind == "event":
                self._added[attempted.delivery.endpoint].append(attempted)

    async def flush(self) -> None:
        """Store what was counted. Raises `Unavailable`; it is not lost then."""
        async with self._flushing:
            await self._flush()

    async def _flush(self) -> None:
        added, self._added = self._added, defaultdict(list)
        if not added:
            return
        try:
            with reported(_STORE):
                await self._conditions.bulk_write([_condition(*one) for one in added.items()], ordered=False)
                await self._hours.bulk_write([_hour(*one) for one in added.items()], ordered=False)
        except Unavailable:
            for endpoint, attempts in added.items():
                self._added[endpoint] = (attempts + self._added[endpoint])[-_KEPT_BACK:]
            raise

    async def of(self, endpoint: Endpoint) -> Condition:
        with reported(_STORE):
            found = await self._conditions.find_one({"_id": endpoint.key}) or {}
        return Condition(
            consecutive_failures=found.get("consecutive_failures", 0),
            failing_since=found.get("failing_since"),
            last_success_at=found.get("last_success_at"),
            last_failure_at=found.get("last_failure_at"),
            last_failure=found.get("last_failure"),
        )

    async def counts(self, endpoint: Endpoint, now: datetime) -> Counts:
        """The attempts of the present hour and of the day before it."""
        wanted = {"endpoint": endpoint.key, "hour": {"$gt": now - WINDOW - timedelta(hours=1)}}
        with reported(_STORE):
            found = await self._hours.find(wanted).to_list()
        return Counts(
            attempts=sum(one["attempts"] for one in found),
            accepted=sum(one["accepted"] for one in found),
            milliseconds=sum(one["milliseconds"] for one in found),
        )

    async def begin_anew(self, endpoint: Endpoint) -> None:
        """The owner enabled it again: what failed before counts no more."""
        fresh = {"consecutive_failures": 0, "failing_since": None}
        with reported(_STORE):
            await self._conditions.update_one({"_id": endpoint.key}, {"$set": fresh})

    async def forget(self, endpoint: Endpoint) -> None:
        with reported(_STORE):
            await self._conditions.delete_one({"_id": endpoint.key})
            await self._hours.delete_many({"endpoint": endpoint.key})

    def resources(self) -> list[Resource]:
        return [expiry_resource(self._hours, "hour", _KEPT)]


def _condition(endpoint: Endpoint, attempts: Sequence[Attempted]) -> UpdateOne:
    """What several attempts, in the order of their ends, say together."""
    successes = [one.attempt.at for one in attempts if one.verdict.status == "delivered"]
    failures = [one for one in attempts if one.verdict.status != "delivered"]
    changes: Document = {}
    if successes:
        last = max(index for index, one in enumerate(attempts) if one.verdict.status == "delivered")
        after = attempts[last + 1 :]
        changes["$set"] = {
            "consecutive_failures": len(after),
            "failing_since": after[0].attempt.at if after else None,
        }
        changes["$max"] = {"last_success_at": max(successes)}
    if failures:
        latest = failures[-1].attempt
        words = latest.error or f"HTTP status {latest.status_code}"
        changes["$max"] = changes.get("$max", {}) | {"last_failure_at": max(one.attempt.at for one in failures)}
        changes["$set"] = changes.get("$set", {}) | {"last_failure": words}
    if not successes:
        return UpdateOne({"_id": endpoint.key}, [_only_failures(changes, failures)], upsert=True)
    return UpdateOne({"_id": endpoint.key}, changes, upsert=True)


def _only_failures(changes: Document, failures: Sequence[Attempted]) -> Document:
    """`failing_since` stays what it was, if it was anything."""
    return {
        "$set": {
            "last_failure": {"$literal": changes["$set"]["last_failure"]},
            "last_failure_at": {"$max": ["$last_failure_at", changes["$max"]["last_failure_at"]]},
            "failing_since": {"$ifNull": ["$failing_since", failures[0].attempt.at]},
            "consecutive_failures": {"$add": [{"$ifNull": ["$consecutive_failures", 0]}, len(failures)]},
        }
    }


def _hour(endpoint: Endpoint, attempts: Sequence[Attempted]) -> UpdateOne:
    hour = attempts[0].attempt.at.replace(minute=0, second=0, microsecond=0)
    counted = {
        "attempts": len(attempts),
        "accepted": sum(one.verdict.status == "delivered" for one in attempts),
        "milliseconds": sum(one.attempt.duration_ms for one in attempts),
    }
    made = {"endpoint": endpoint.key, "hour": hour}
    key = f"{endpoint.key}@{hour:%Y%m%dT%H}"
    return UpdateOne({"_id": key}, {"$inc": counted, "$setOnInsert": made}, upsert=True)
