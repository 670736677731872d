"""The present state of every aggregate of a category: a cache of the log that doubles as the read model for lists.

Written after each commit, only if newer; what a crash left behind is repaired by a consumer (`Aggregate.repair`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from dramatis_eventlog.faults import reported
from dramatis_eventlog.indexes import Keys, index_resource
from dramatis_kit import Document, Resource

NEWEST_FIRST: Mapping[str, int] = {"created_at": -1, "id": 1}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An aggregate at `version`, encoded. The times are those of its first and its latest event."""

    id: str
    version: int
    state: Document
    created_at: datetime
    updated_at: datetime


class Snapshots:
    """The snapshots of one category, in the collection `snapshots.<category>`.

    `schema` is the version of the encoding of `state`: raise it when the encoding changes, and older snapshots are
    ignored by `load` and replaced as their aggregates are touched.
    """

    def __init__(self, database: AsyncDatabase[Document], category: str, *, schema: int = 1) -> None:
        self._schema = schema
        name = f"snapshots.{category}"
        # Losing an unsynced snapshot costs a replay and not a fact, so the writer does not wait for the disk …
        self._quick = database.get_collection(name, write_concern=WriteConcern(w=1))
        # … but the repairing consumer, which comes once per event, does not rest before it is durable.
        self._durable = database.get_collection(name, read_concern=ReadConcern("majority"))

    async def save(self, tenant: str, snapshot: Snapshot, *, durably: bool = False) -> bool:
        """Keep a snapshot unless an equal or newer one is there. Whether it was kept."""
        key = {"tenant": tenant, "id": snapshot.id}
        document = {
            **key,
            "version": snapshot.version,
            "schema": self._schema,
            "state": snapshot.state,
            "created_at": snapshot.created_at,
            "updated_at": snapshot.updated_at,
        }
        older = {"$or": [{"version": {"$lt": snapshot.version}}, {"schema": {"$lt": self._schema}}]}
        collection = self._durable if durably else self._quick
        with reported("the state store"):
            try:
                await collection.update_one({"_id": key, **older}, {"$set": document}, upsert=True)
            except DuplicateKeyError:  # the upsert met an equal or newer one
                return False
        return True

    async def load(self, tenant: str, aggregate_id: str, *, durable: bool = False) -> Snapshot | None:
        """The latest snapshot of an aggregate; with `durable` the latest that no crash can take back."""
        collection = self._durable if durable else self._quick
        with reported("the state store"):
            found = await collection.find_one({"_id": {"tenant": tenant, "id": aggregate_id}})
        return _snapshot(found) if found and found["schema"] == self._schema else None

    async def find(
        self,
        tenant: str,
        where: Mapping[str, Any] | None = None,
        *,
        sort: Mapping[str, int] = NEWEST_FIRST,
        skip: int = 0,
        limit: int = 50,
    ) -> list[Snapshot]:
        """A page of a tenant's snapshots. `where` and `sort` name fields such as `state.visibility`; `limit` ≥ 1."""
        with reported("the state store"):
            found = await self._quick.find(
                _owned(tenant, where), sort=dict(sort), skip=skip, limit=max(limit, 1)
            ).to_list()
        return [_snapshot(document) for document in found]

    async def count(self, tenant: str, where: Mapping[str, Any] | None = None) -> int:
        """How many of a tenant's snapshots match."""
        with reported("the state store"):
            return await self._quick.count_documents(_owned(tenant, where))

    def resources(self, *extra: Keys) -> list[Resource]:
        """The indexes; `extra` ones come after the tenant, e.g. `[("state.visibility", 1), ("created_at", -1)]`."""
        declared: Sequence[Keys] = [[("created_at", -1), ("id", 1)], *extra]
        return [index_resource(self._durable, [("tenant", 1), *keys]) for keys in declared]


def _owned(tenant: str, where: Mapping[str, Any] | None) -> Document:
    return {"$and": [{"tenant": tenant}, dict(where)]} if where else {"tenant": tenant}


def _snapshot(document: Document) -> Snapshot:
    return Snapshot(
        document["id"], document["version"], document["state"], document["created_at"], document["updated_at"]
    )
