"""Find out what JetStream lost, and take the marks of it back; the relay then publishes it as if for the first time.

JetStream acknowledges before it syncs, so it may lose what it acknowledged, and operators delete and purge streams: the
log is the truth. Whatever is published again keeps its id and its position.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg, StreamInfo
from nats.js.errors import NotFoundError
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.headers import POSITION
from dramatis_bus.provisioning import ensure_stream
from dramatis_bus.subjects import event_filter, stream_name
from dramatis_eventlog.faults import reported
from dramatis_eventlog.log import COLLECTION
from dramatis_eventlog.marks import STATE
from dramatis_kit import Document, Settings

log = structlog.get_logger()

MARGIN = 2048
"""Commits by which publishing may deviate from the order of positions: more than are ever in flight."""

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Lost:
    """Relayed commits with `after` < position ≤ `up_to` may be missing in the stream."""

    why: str
    after: int = 0
    up_to: int = 1 << 62


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams as JetStream has them, against what it acknowledged."""

    database: AsyncDatabase[Document]
    jetstream: JetStreamContext
    settings: Settings

    async def reconcile(self, service: str) -> int:
        """Unmark what the stream of a service lost, and create the stream if it is missing. How many commits."""
        known = await self._known(service)  # before the stream itself, which only grows
        info = await self._info(service)
        lost = await self._lost(service, info, known)
        unmarked = await self._unmark(service, lost) if lost else 0
        # Only now: a crash before this finds the same loss again.
        await self._remember(service, info)
        if lost and unmarked:
            log.warning(
                "JetStream lost events; they are published again", service=service, why=lost.why, commits=unmarked
            )
        return unmarked

    async def intact(self, service: str) -> bool:
        """Whether the stream is still the one that was reconciled, with nothing removed."""
        known = await self._known(service)
        try:
            info = await self.jetstream.stream_info(stream_name(service))
        except NotFoundError:
            return False
        return known is not None and _why(info, known) is None

    async def _info(self, service: str) -> StreamInfo:
        try:
            return await self.jetstream.stream_info(stream_name(service))
        except NotFoundError:
            await ensure_stream(self.jetstream, self.settings, service)
            return await self.jetstream.stream_info(stream_name(service))

    async def _lost(self, service: str, info: StreamInfo, known: Document | None) -> Lost | None:
        why = _why(info, known)
        if why is None:
            return None
        if info.state.messages == 0 or (known and known["created"] != _created(info)):
            return Lost(why)
        if known is None or info.state.last_seq < known["seq"]:
            last = await self.jetstream.get_last_msg(stream_name(service), event_filter(service))
            return Lost(why, after=await self._before(service, _position(last)))
        first = await self.jetstream.get_msg(stream_name(service), info.state.first_seq, direct=False)
        return Lost(why, up_to=await self._behind(service, _position(first)))

    async def _before(self, service: str, position: int) -> int:
        return await self._nth(service, {"$lte": position}, -1, 0)

    async def _behind(self, service: str, position: int) -> int:
        return await self._nth(service, {"$gt": position}, 1, 1 << 62)

    async def _nth(self, service: str, pos: Document, direction: int, otherwise: int) -> int:
        """The position of the commit that lies MARGIN commits away."""
        with reported():
            found = await self.database[COLLECTION].find_one(
                {"service": service, "pos": pos}, {"pos": 1}, sort={"pos": direction}, skip=MARGIN
            )
        return int(found["pos"]) if found else otherwise

    async def _unmark(self, service: str, lost: Lost) -> int:
        commits = self.database[COLLECTION]
        unmarked, reached = 0, lost.after
        while True:
            where = {"service": service, "relayed": True, "pos": {"$gt": reached, "$lte": lost.up_to}}
            with reported():
                page = await commits.find(where, {"pos": 1}, sort={"pos": 1}, limit=_PAGE).to_list()
                if not page:
                    return unmarked
                ids = [commit["_id"] for commit in page]
                await commits.update_many({"_id": {"$in": ids}}, {"$set": {"relayed": False}})
            unmarked, reached = unmarked + len(page), page[-1]["pos"]

    async def _known(self, service: str) -> Document | None:
        with reported():
            found = await self.database[STATE].find_one({"_id": stream_name(service)})
        return found if found and "created" in found else None

    async def _remember(self, service: str, info: StreamInfo) -> None:
        state = {"created": _created(info), "first_seq": info.state.first_seq, "seq": info.state.last_seq}
        with reported():
            await self.database[STATE].update_one({"_id": stream_name(service)}, {"$set": state}, upsert=True)


def _why(info: StreamInfo, known: Document | None) -> str | None:
    if known is None:
        return "nothing is known of the stream"
    if known["created"] != _created(info):
        return "the stream was created anew"
    if info.state.last_seq < known["seq"]:
        return "the end of the stream is gone"
    if info.state.first_seq > max(known["first_seq"], 1):
        return "the stream was purged"
    return None


def _created(info: StreamInfo) -> str:
    created = info.created
    return created.isoformat() if isinstance(created, datetime) else str(created)


def _position(message: RawStreamMsg) -> int:
    return int((message.headers or {}).get(POSITION, "0"))
