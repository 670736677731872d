"""What a follower missed: from memory where that reaches, else from the log, up to where the feed goes on live."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta

from dramatis_eventlog import EventLog
from dramatis_gateway.feed import Feed
from dramatis_gateway.subscribers import Frame, Subscriber, Wanted
from dramatis_kit import Clock, Unavailable, utc_now

_PAGE = 500
_READERS = 16
_LOOKS = 100
_LOOKS_FOR_POSITION = 15
_SECONDS_BETWEEN_LOOKS = 0.03


@dataclass(frozen=True, slots=True)
class Gap:
    """Events after `after` and up to `up_to` are older than a stream reaches: only the pages of the log have them."""

    after: int
    up_to: int


class Replay:
    """`retention` is how far back in time a stream may begin."""

    def __init__(self, event_log: EventLog, feed: Feed, *, retention: timedelta, clock: Clock = utc_now) -> None:
        self._log = event_log
        self._feed = feed
        self._retention = retention
        self._clock = clock
        self._readers = asyncio.Semaphore(_READERS)

    async def known(self, position: int) -> bool:
        """Whether a position was ever given. Another gateway may have handed it on before this one knew of it."""
        for _ in range(_LOOKS_FOR_POSITION):
            if position < self._feed.next_position or position <= await self._log.last_position():
                return True
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        return False

    async def missed(self, subscriber: Subscriber, after: int) -> AsyncGenerator[Gap | list[Frame], None]:
        """What the follower missed after a position, a gap first; at its end it is live. Raises `Unavailable`."""
        if self._feed.join(subscriber, after):
            return
        if gap := await self._gap(subscriber.wanted.tenant, after):
            after = gap.up_to
            yield gap
        for _ in range(_LOOKS):
            while not self._feed.join(subscriber, after):
                frames, after = await self._page(subscriber.wanted, after)
                if not frames:
                    break
                yield frames
            else:
                return
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        raise Unavailable("the event log")

    async def _page(self, wanted: Wanted, after: int) -> tuple[list[Frame], int]:
        """The next frames, and the position up to which nothing else is wanted."""
        async with self._readers:
            # Whatever lies below was readable before the page was read.
            settled = await self._log.last_position()
            found = await self._log.read_feed(
                wanted.tenant, after=after, limit=_PAGE, types=wanted.types, subject=wanted.subject
            )
        frames = [Frame.of(position, envelope) for position, envelope in found]
        last = frames[-1].position if frames else after
        return frames, last if len(frames) == _PAGE else max(last, settled)

    async def _gap(self, tenant: str, after: int) -> Gap | None:
        """What is too old, by bisection: positions rise with the time at which events were recorded."""
        async with self._readers:
            outdated = await self._outdated(tenant, after)
            if outdated is None:
                return None
            kept = await self._log.last_position()
            while outdated < kept:
                middle = (outdated + kept) // 2
                further = await self._outdated(tenant, middle)
                if further is None:
                    kept = middle
                else:
                    outdated = further
        return Gap(after, outdated)

    async def _outdated(self, tenant: str, after: int) -> int | None:
        """The position of the next event after a position, if it is too old."""
        found = await self._log.read_feed(tenant, after=after, limit=1)
        if not found or found[0][1].time >= self._clock() - self._retention:
            return None
        return found[0][0]
