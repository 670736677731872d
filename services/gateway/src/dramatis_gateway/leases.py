"""What all gateways together have given out of a key's windows: one document per key in MongoDB.

A gateway takes a few requests at a time as a lease and spends them from memory. Nothing is given out beyond the limit,
and leases shrink with what is left, so that several gateways stop at the limit and not short of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from dramatis_gateway.expiry import expiry_index
from dramatis_gateway.quotas import Window
from dramatis_kit import Document, Resource

_SHRINKING = 8
_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Want:
    """How many requests a gateway asks for: `least` wait for it now, `most` would spare it asking again soon.

    `held` is what it has already.
    """

    window: Window
    index: int
    held: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Lease:
    """What was granted. `free` is what nobody has taken yet; `index` may be a later window than was asked for."""

    index: int
    granted: int
    free: int


class Leases:
    """The collection `rate_limits`. A write that a crashed MongoDB forgets costs a few requests too many, no more."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._keys = database.get_collection("rate_limits", write_concern=WriteConcern(1))

    async def take(self, key: str, wants: Sequence[Want], now: datetime) -> dict[str, Lease]:
        """The leases by the names of their windows, in one round trip. Raises pymongo's errors."""
        longest = timedelta(seconds=max(want.window.seconds for want in wants))
        found = await self._update(key, _change(wants, now + longest + _SLACK))
        return {want.window.name: _lease(want.window, found[want.window.name]) for want in wants}

    async def give_back(self, unused: Sequence[tuple[str, str, int, int]]) -> None:
        """Return what a gateway did not spend: the key, the name and index of the window, how many."""
        changes = [
            UpdateOne({"_id": key, f"{name}.index": index}, {"$inc": {f"{name}.used": -count}})
            for key, name, index, count in unused
        ]
        if changes:
            await self._keys.bulk_write(changes, ordered=False)

    def resources(self) -> Sequence[Resource]:
        return [expiry_index(self._keys)]

    async def _update(self, key: str, change: list[dict[str, Any]]) -> Document:
        for _ in range(3):
            try:
                found = await self._keys.find_one_and_update(
                    {"_id": key}, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:  # two gateways made the document at the same moment
                continue
            if found is not None:
                return found
        raise AssertionError("a document that exists was not found three times")


def _lease(window: Window, row: Document) -> Lease:
    return Lease(row["index"], row["granted"], max(0, window.limit - row["used"]))


def _change(wants: Sequence[Want], expires_at: datetime) -> list[dict[str, Any]]:
    """MongoDB's pipeline: what was used of each window, then what is free of it, then what is granted."""
    usable = {"$min": [{"$add": [want.held, f"${want.window.name}.free"]} for want in wants]}
    return [
        {"$set": {"expires_at": expires_at, **{want.window.name: _counted(want) for want in wants}}},
        {"$set": {f"{want.window.name}.free": _free(want) for want in wants}},
        {"$set": {f"{want.window.name}.granted": _granted(want, usable) for want in wants}},
        {"$set": {f"{want.window.name}.used": _sum(want, "used", "granted") for want in wants}},
    ]


def _counted(want: Want) -> dict[str, Any]:
    """A gateway whose clock is behind counts in the newer window."""
    name = want.window.name
    known = {"$ifNull": [f"${name}.index", -1]}
    used = {"$cond": [{"$gte": [known, want.index]}, {"$ifNull": [f"${name}.used", 0]}, 0]}
    return {"index": {"$max": [known, want.index]}, "used": used}


def _free(want: Want) -> dict[str, Any]:
    return {"$max": [0, {"$subtract": [want.window.limit, f"${want.window.name}.used"]}]}


def _granted(want: Want, usable: dict[str, Any]) -> dict[str, Any]:
    """Not more than the other window lets the gateway spend: it would only keep it from others."""
    shrunk = {"$floor": {"$divide": [f"${want.window.name}.free", _SHRINKING]}}
    asked = {"$max": [want.least, {"$min": [want.most, shrunk]}]}
    return {"$toInt": {"$max": [0, {"$min": [asked, {"$subtract": [usable, want.held]}]}]}}


def _sum(want: Want, *fields: str) -> dict[str, Any]:
    return {"$add": [f"${want.window.name}.{field}" for field in fields]}
