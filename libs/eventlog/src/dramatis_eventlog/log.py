"""The event log: the only place where a fact becomes true.

One commit is one immutable document. The unique index on (tenant, stream, ver_from) is the concurrency check, the one
on (tenant, commit_id) makes a command idempotent. Positions are given out later, by the relay (`sequencer.py`).
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from dramatis_contracts.base import EventBody
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.registry import UPCASTERS
from dramatis_eventlog.commits import (
    Cause,
    Commit,
    StreamId,
    VersionConflict,
    decode_commit,
    encode_commit,
    envelopes,
    new_commit,
    positions,
)
from dramatis_eventlog.faults import reported
from dramatis_eventlog.group_commit import GroupCommit
from dramatis_eventlog.indexes import index_resource
from dramatis_kit import Clock, Document, Rejected, Resource, Unavailable, utc_now

COLLECTION = "commits"
_PAGE = 500
_REMEMBERED_ENDS = 10_000
_POSITIONED: Document = {"pos": {"$exists": True}}


class EventLog:
    """Appends and reads. Every operation ends within the client's deadline, else with `Unavailable`."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock = utc_now) -> None:
        self._clock = clock
        # What a fail-over could still take back must not be decided upon, and no reader may have seen its position.
        self._commits = database.get_collection(COLLECTION, read_concern=ReadConcern("majority"))
        self._group = GroupCommit(self._commits)
        self._ends: OrderedDict[tuple[str, StreamId], int] = OrderedDict()
        self._provisioned = False

    async def append(
        self,
        tenant: str,
        stream: StreamId,
        events: Sequence[EventBody],
        *,
        expected_version: int,
        command_id: str,
        cause: Cause,
    ) -> Commit:
        """Commit `events` as versions `expected_version + 1` and on; 0 expects a new stream.

        A command id that the tenant used before gives the stored commit, `repeated`, and nothing is written. Raises
        `VersionConflict` when the stream does not end at `expected_version`, `Rejected` for events that are too large
        or cannot be stored, `Unavailable`; after the last of these the events may have been stored: repeat the command.
        """
        commit = new_commit(
            tenant,
            stream,
            events,
            ver_from=expected_version + 1,
            command_id=command_id,
            cause=cause,
            recorded_at=self._clock(),
        )
        document = encode_commit(commit)
        if not await self._ends_at(tenant, stream, expected_version):
            return await self._refused(commit)
        try:
            await self._group.insert(document)
        except DuplicateKeyError:
            return await self._refused(commit)
        self._remember(tenant, stream, commit.version)
        return commit

    async def read(self, tenant: str, stream: StreamId, *, after: int = 0, up_to: int | None = None) -> list[Envelope]:
        """The events with `after` < version ≤ `up_to`, in order; an unknown stream has none."""
        bounds: Document = {"$gt": after} if up_to is None else {"$gt": after, "$lte": up_to}
        with reported():
            found = await self._commits.find(_of(tenant, stream, bounds), sort={"ver_from": 1}).to_list()
        if after and not (found and found[0]["ver_from"] == after + 1):
            found = await self._rest_of_commit(tenant, stream, after) + found
        if found and up_to is None:
            self._remember(tenant, stream, _end(found[-1]))
        events = [envelope for document in found for envelope in envelopes(document)]
        last = up_to if up_to is not None else _end(found[-1]) if found else 0
        return [event for event in events if after < event.streamversion <= last]

    async def find_commit(self, tenant: str, command_id: str) -> Commit | None:
        """What a command led to, or None: it was never accepted or had nothing to record."""
        with reported():
            found = await self._commits.find_one({"tenant": tenant, "commit_id": command_id})
        return decode_commit(found) if found else None

    async def read_category(self, tenant: str, category: str, *, since: datetime) -> AsyncIterator[Envelope]:
        """All events of a tenant's streams of a category that were recorded at `since` (aware) or later."""
        where: Document = {"recorded_at": {"$gte": since}}
        while page := await self._page({"tenant": tenant, "category": category, **where}, ("recorded_at", "at")):
            for document in page:
                for envelope in envelopes(document):
                    yield envelope
            last = page[-1]
            where = {
                "$or": [
                    {"recorded_at": {"$gt": last["recorded_at"]}},
                    {"recorded_at": last["recorded_at"], "at": {"$gt": last["at"]}},
                ]
            }

    async def read_feed(
        self,
        tenant: str,
        *,
        after: int,
        limit: int,
        types: Collection[str] = (),
        subject: str | None = None,
    ) -> list[tuple[int, Envelope]]:
        """A tenant's next `limit` events by position, of these exact types and this aggregate where given.

        Fewer than `limit` means that there are no more at present. An event never appears below a position that was
        readable before, so a reader that goes on from the last position it saw misses nothing.
        """
        where: Document = {"tenant": tenant}
        if subject is not None:
            where["subject"] = subject
        if types:
            where["events.type"] = {"$in": sorted({*types, *UPCASTERS})}  # an old type may be a wanted one today
        found: list[tuple[int, Envelope]] = []
        while len(found) < limit:
            page = await self._page({**where, "pos": {"$gt": after}}, ("pos",), limit=min(limit, _PAGE))
            found += [
                (position, envelope)
                for document in page
                for position, envelope in zip(positions(document), envelopes(document), strict=True)
                if position > after and (not types or envelope.type in types)
            ]
            if len(page) < min(limit, _PAGE):
                break
            after = page[-1]["pos"]
        return found[:limit]

    async def read_all(self, *, after: int = 0, services: Collection[str] = ()) -> AsyncIterator[tuple[int, Envelope]]:
        """The events of all tenants by position, for rebuilds; ends where the log ended when the last page was read."""
        where: Document = {"service": {"$in": sorted(services)}} if services else {}
        reached = after
        while page := await self._page({**where, "pos": {"$gt": reached}}, ("pos",)):
            for document in page:
                for position, envelope in zip(positions(document), envelopes(document), strict=True):
                    if position > after:
                        yield position, envelope
            reached = page[-1]["pos"]

    async def read_back(self) -> AsyncIterator[tuple[int, Envelope]]:
        """The events of all tenants from the last position backwards, a page at a time, for as long as one reads."""
        where: Document = {"pos": {"$gt": 0}}
        while True:
            with reported():
                page = await self._commits.find(where, sort={"pos": -1}, limit=_PAGE).to_list()
            for document in page:
                for pair in reversed(list(zip(positions(document), envelopes(document), strict=True))):
                    yield pair
            if len(page) < _PAGE:
                return
            where = {"pos": {"$gt": 0, "$lt": page[-1]["pos"]}}

    async def last_position(self, tenant: str | None = None) -> int:
        """The highest readable position, of one tenant or of all; 0 for an empty log."""
        where: Document = {"pos": {"$gt": 0}} if tenant is None else {"tenant": tenant, "pos": {"$gt": 0}}
        with reported():
            found = await self._commits.find_one(where, {"pos": 1}, sort={"pos": -1})
        return int(found["pos"]) if found else 0

    def resources(self) -> list[Resource]:
        """The indexes. Without the unique ones the log refuses to append."""
        return [
            index_resource(self._commits, [("tenant", 1), ("stream", 1), ("ver_from", 1)], unique=True),
            index_resource(self._commits, [("tenant", 1), ("commit_id", 1)], unique=True),
            index_resource(self._commits, [("tenant", 1), ("category", 1), ("recorded_at", 1), ("at", 1)]),
            index_resource(
                self._commits, [("relayed", 1), ("service", 1), ("pos", 1), ("at", 1)], where={"relayed": False}
            ),
            index_resource(self._commits, [("pos", 1)], where=_POSITIONED),
            index_resource(self._commits, [("service", 1), ("pos", 1)], where=_POSITIONED),
            index_resource(self._commits, [("tenant", 1), ("pos", 1)], where=_POSITIONED),
            index_resource(self._commits, [("tenant", 1), ("subject", 1), ("pos", 1)], where=_POSITIONED),
        ]

    async def _page(self, where: Document, by: Sequence[str], *, limit: int = _PAGE) -> list[Document]:
        # Pages and not one long cursor: the deadline counts for a whole cursor, and a rebuild takes longer than that.
        with reported():
            return await self._commits.find(where, sort=dict.fromkeys(by, 1), limit=limit).to_list()

    async def _refused(self, commit: Commit) -> Commit:
        found = await self.find_commit(commit.tenant, commit.commit_id)
        if found is None:
            raise VersionConflict(commit.stream, commit.ver_from - 1)
        if found.stream != commit.stream:
            raise Rejected("CONFLICT", "this command id was used for another object", field="command_id")
        self._remember(found.tenant, found.stream, found.version)
        return replace(found, repeated=True)

    async def _ends_at(self, tenant: str, stream: StreamId, version: int) -> bool:
        """Whether some commit of the stream ends at `version`; the unique index then refuses all but one successor.

        Without this a version from within a commit, or from nowhere, would make an overlap or a gap.
        """
        if not self._provisioned:
            await self._require_indexes()
        if version <= 0:
            return version == 0
        if self._ends.get((tenant, stream)) == version:
            return True
        found = await self._commit_at(tenant, stream, version)
        return found is not None and _end(found) == version

    async def _rest_of_commit(self, tenant: str, stream: StreamId, version: int) -> list[Document]:
        """The commit that `version` lies within, unless it is the last of it."""
        if self._ends.get((tenant, stream)) == version:
            return []
        found = await self._commit_at(tenant, stream, version)
        if found is None or _end(found) > version:
            return [found] if found else []
        self._remember(tenant, stream, _end(found))
        return []

    async def _commit_at(self, tenant: str, stream: StreamId, version: int) -> Document | None:
        with reported():
            return await self._commits.find_one(_of(tenant, stream, {"$lte": version}), sort={"ver_from": -1})

    def _remember(self, tenant: str, stream: StreamId, version: int) -> None:
        self._ends[tenant, stream] = version
        self._ends.move_to_end((tenant, stream))
        if len(self._ends) > _REMEMBERED_ENDS:
            self._ends.popitem(last=False)

    async def _require_indexes(self) -> None:
        with reported():
            found = await self._commits.index_information()
        unique = {name for name, index in found.items() if index.get("unique")}
        if not {"tenant_1_stream_1_ver_from_1", "tenant_1_commit_id_1"} <= unique:
            raise Unavailable("the event log (it is not provisioned)")
        self._provisioned = True


def _of(tenant: str, stream: StreamId, ver_from: Document) -> Document:
    return {"tenant": tenant, "stream": str(stream), "ver_from": ver_from}


def _end(document: Document) -> int:
    return int(document["ver_from"] + document["n"] - 1)
