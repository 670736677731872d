"""What must not enter the log: the keys that deliveries are signed with, and the values of custom headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog.faults import reported
from dramatis_kit import Document, Rejected
from dramatis_notifier.places import Endpoint
from dramatis_notifier.signing import Key, new_key

_STORE = "the store of webhook secrets"
_OVERLAPPING = 5


@dataclass(frozen=True, slots=True)
class Retired:
    """A key that still signs beside its successors, until `expires_at`."""

    key: Key
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one endpoint and the values of its headers. `retired` is newest first."""

    current: Key
    retired: Sequence[Retired] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def overlapping(self, now: datetime) -> Sequence[Retired]:
        return [one for one in self.retired if now < one.expires_at]

    def signing(self, now: datetime) -> list[Key]:
        """Whatever signs a delivery now, the newest first."""
        return [self.current, *(one.key for one in self.overlapping(now))]


class Secrets:
    """The collection `webhook_secrets`: one document per webhook, deleted with it."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._collection = database["webhook_secrets"]

    async def issue(self, endpoint: Endpoint, headers: Mapping[str, str], now: datetime) -> None:
        """Make the webhook's keys, unless it has some: a repeated registration must find the same."""
        made = {
            "tenant": endpoint.tenant,
            "webhook_id": endpoint.webhook_id,
            "key": _stored(new_key()),
            "retired": [],
            "headers": dict(headers),
            "created_at": now,
        }
        with reported(_STORE):
            await self._collection.update_one({"_id": endpoint.key}, {"$setOnInsert": made}, upsert=True)

    async def of(self, endpoint: Endpoint) -> Keys | None:
        with reported(_STORE):
            kept = await self._collection.find_one(_of(endpoint))
        return _keys(kept) if kept else None

    async def rotate(self, endpoint: Endpoint, command_id: str, now: datetime, expires_at: datetime) -> Keys | None:
        """Sign with a new key, and with the old ones until they expire. A repeated command makes no further key.

        Raises `Rejected` CONFLICT when too many keys overlap: none may end before its time.
        """
        keys = await self.of(endpoint)
        if keys is None:
            return None
        kept = [Retired(keys.current, expires_at), *keys.overlapping(now)]
        changes = {
            "key": _stored(new_key()),
            "retired": [{"key": _stored(one.key), "expires_at": one.expires_at} for one in kept],
            "rotated_by": command_id,
        }
        # Of two rotations at once the second would otherwise drop the first one's key.
        unchanged = _of(endpoint) | {"key": _stored(keys.current), "rotated_by": {"$ne": command_id}}
        if len(kept) > _OVERLAPPING and not await self._rotated_by(endpoint, command_id):
            raise Rejected("CONFLICT", "too many rotations: wait until an older secret expires")
        with reported(_STORE):
            changed = await self._collection.update_one(unchanged, {"$set": changes})
        if not changed.matched_count and not await self._rotated_by(endpoint, command_id):
            raise Rejected("CONFLICT", "the secret is being rotated by another request")
        return await self.of(endpoint)

    async def _rotated_by(self, endpoint: Endpoint, command_id: str) -> bool:
        with reported(_STORE):
            return await self._collection.find_one(_of(endpoint) | {"rotated_by": command_id}) is not None

    async def set_headers(self, endpoint: Endpoint, headers: Mapping[str, str]) -> None:
        """Replace the values of the custom headers."""
        with reported(_STORE):
            await self._collection.update_one(_of(endpoint), {"$set": {"headers": dict(headers)}})

    async def forget(self, endpoint: Endpoint) -> None:
        with reported(_STORE):
            await self._collection.delete_one(_of(endpoint))


def _of(endpoint: Endpoint) -> Document:
    return {"_id": endpoint.key, "tenant": endpoint.tenant}


def _stored(key: Key) -> Document:
    return {"secret": key.secret, "private": key.private}


def _keys(kept: Document) -> Keys:
    retired = [Retired(Key(**one["key"]), one["expires_at"]) for one in kept["retired"]]
    return Keys(Key(**kept["key"]), retired, kept["headers"])
