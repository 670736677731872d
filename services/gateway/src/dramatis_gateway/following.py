"""How a follower is served, whatever it is written to: what it missed, then what happens, and where it stands."""

import secrets
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from dramatis_gateway.feed import Feed
from dramatis_gateway.replay import Gap, Replay
from dramatis_gateway.subscribers import Frame, Subscriber
from dramatis_kit import Unavailable


def jittered(seconds: float) -> float:
    """Up to a quarter sooner: clients that came at the same moment must not all be written to at the same moment."""
    return seconds * (0.75 + secrets.randbelow(250) / 1000)


class Line(Protocol):
    """The way to one client. A call returns when the client's buffer has room again."""

    async def begin(self, position: int) -> None:
        """Say at once that the stream is open, and from which position it can be resumed."""

    async def events(self, frames: Sequence[Frame]) -> None: ...

    async def gap(self, gap: Gap) -> None: ...

    async def heartbeat(self, position: int) -> None:
        """The client has all it wants up to this position."""


@dataclass(frozen=True, slots=True)
class Following:
    """A follower that has seen all up to `after` (None: it begins now). `heartbeat` in seconds."""

    feed: Feed
    replay: Replay
    subscriber: Subscriber
    after: int | None
    heartbeat: float

    async def run(self, line: Line) -> None:
        """Serve until the follower is ended; what was queued by then is written too."""
        start = max(self.feed.next_position - 1, 0) if self.after is None else self.after
        await line.begin(start)
        try:
            await self._catch_up(line, start)
        except Unavailable:
            self.subscriber.end("unavailable")
        await self._go_on(line)

    async def _catch_up(self, line: Line, start: int) -> None:
        async with aclosing(self.replay.missed(self.subscriber, start)) as missed:
            async for part in missed:
                await (line.gap(part) if isinstance(part, Gap) else line.events(part))
                if self.subscriber.ended:
                    return

    async def _go_on(self, line: Line) -> None:
        while not self.subscriber.ended:
            await self.subscriber.wait(self.heartbeat)
            if frames := self.subscriber.take():
                await line.events(frames)
            elif not self.subscriber.ended:
                # Nothing is queued, so the client has all below the feed's next position.
                await line.heartbeat(self.feed.next_position - 1)
        if frames := self.subscriber.take():
            await line.events(frames)
