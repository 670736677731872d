"""The look-up table of API keys, kept from the tenants' events: one row per key.

Rows may be written twice and in any order: a revoked key stays revoked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.gateway import v1
from dramatis_contracts.gateway.v1 import Tier
from dramatis_contracts.registry import decode
from dramatis_gateway.keys import KeyPrint, tier_of
from dramatis_kit import Document
from dramatis_kit.service import Resource

_MAX_SAME_PREFIX = 8


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What a presented key is compared with."""

    tenant: str
    key_id: str
    sha256: str
    agent_id: str | None = None
    team_id: str | None = None


@dataclass(frozen=True, slots=True)
class KeyOnFile:
    """What is told of a key that was issued. `tier` follows from its form."""

    key_id: str
    prefix: str
    tier: Tier
    name: str | None
    agent_id: str | None
    team_id: str | None
    created_at: datetime


class ApiKeys:
    """The collection `api_keys`. The one place where a tenant is looked up instead of given."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._keys = database["api_keys"]

    async def apply(self, envelope: Envelope) -> None:
        """Bring the table up to one event."""
        change = _change(envelope)
        if change is not None:
            key_id, values = change
            await self._keys.update_one({"_id": f"{envelope.tenantid}/{key_id}"}, {"$set": values}, upsert=True)

    async def candidates(self, presented: KeyPrint) -> list[KeyRow]:
        """The live keys with this prefix; the caller compares the digests."""
        query = {"prefix": presented.prefix, "revoked": {"$ne": True}}
        rows = self._keys.find(query).limit(_MAX_SAME_PREFIX)
        return [
            KeyRow(row["tenant"], row["key_id"], row["sha256"], row.get("agent_id"), row.get("team_id"))
            async for row in rows
        ]

    async def get(self, tenant: str, key_id: str) -> KeyOnFile:
        """A key that exists."""
        row = await self._keys.find_one({"_id": f"{tenant}/{key_id}"})
        if row is None:
            raise LookupError(f"no key {key_id}")
        return _on_file(row)

    async def live(self, tenant: str, skip: int, limit: int) -> tuple[list[KeyOnFile], int]:
        """A part of the live keys, newest first, and how many there are in all."""
        query = {"tenant": tenant, "revoked": {"$ne": True}}
        rows = self._keys.find(query, sort=[("issued_at", -1), ("_id", 1)], skip=skip, limit=limit)
        return [_on_file(row) async for row in rows], await self._keys.count_documents(query)

    async def lives(self, tenant: str, key_id: str) -> bool:
        """Whether a key that was found before still opens the door."""
        return await self._keys.count_documents({"_id": f"{tenant}/{key_id}", "revoked": {"$ne": True}}, limit=1) > 0

    def resources(self) -> list[Resource]:
        async def drift() -> str | None:
            present = await self._keys.index_information()
            return None if {"prefix", "tenant"} <= set(present) else "missing"

        async def apply() -> None:
            await self._keys.create_index("prefix", name="prefix")
            await self._keys.create_index([("tenant", 1), ("issued_at", -1)], name="tenant")

        return [Resource("index", "api_keys.prefix", drift, apply)]


def _on_file(row: Document) -> KeyOnFile:
    return KeyOnFile(
        row["key_id"],
        row["prefix"],
        tier_of(row["prefix"]),
        row.get("name"),
        row.get("agent_id"),
        row.get("team_id"),
        row["issued_at"],
    )


def _change(envelope: Envelope) -> tuple[str, dict[str, Any]] | None:
    match decode(envelope):
        case v1.ApiKeyIssued() as issued:
            return issued.key_id, {"tenant": envelope.tenantid, **issued.model_dump(), "issued_at": envelope.time}
        case v1.ApiKeyRevoked(key_id=key_id):
            return key_id, {"revoked": True}
    return None
