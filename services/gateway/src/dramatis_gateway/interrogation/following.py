"""How one follower of a run is served: the whole story so far, or what it missed of it, and then what happens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from dramatis_contracts import registry
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.interrogation import v1
from dramatis_eventlog import EventLog, StreamId
from dramatis_gateway.feed import Feed
from dramatis_gateway.interrogation.story import ENDS, Message, Story
from dramatis_gateway.subscribers import Subscriber

CATEGORY = "interrogation"


@dataclass(frozen=True, slots=True)
class Told:
    """One message with its number in the story and the time of its event, in seconds since 1970."""

    number: int
    message: Message
    timestamp: float


class Line(Protocol):
    """The way to one client. A call returns when the client's buffer has room again."""

    async def begin(self, status: v1.RunStatus) -> None:
        """Say at once that the stream is open."""

    async def tell(self, told: Sequence[Told]) -> None: ...

    async def heartbeat(self) -> None: ...


@dataclass(slots=True)
class RunFollowing:
    """A follower that has all messages up to `after` (-1: none). `heartbeat` in seconds.

    It listens first and reads then, so that nothing falls between; what comes twice is known by its version.
    """

    feed: Feed
    subscriber: Subscriber
    log: EventLog
    run: v1.Interrogation
    after: int
    heartbeat: float
    _story: Story = field(default_factory=Story)
    _version: int = 0
    _number: int = 0
    _ended: bool = False

    async def serve(self, line: Line) -> None:
        """Serve until the run ends or the follower is ended."""
        await line.begin(self.run.status)
        self.feed.join_now(self.subscriber)
        await self._read(line)
        while not (self._ended or self.subscriber.ended):
            await self.subscriber.wait(self.heartbeat)
            frames = self.subscriber.take()
            await self._pass_on(line, [Envelope.model_validate_json(frame.payload) for frame in frames])
            if not frames and not self.subscriber.ended:
                await line.heartbeat()

    async def _read(self, line: Line) -> None:
        stream = StreamId(CATEGORY, self.run.simulation_id)
        await self._tell(line, await self.log.read(self.subscriber.wanted.tenant, stream, after=self._version))

    async def _pass_on(self, line: Line, envelopes: Sequence[Envelope]) -> None:
        new = [envelope for envelope in envelopes if envelope.streamversion > self._version]
        if not new:
            return
        if new[0].streamversion == self._version + 1:
            await self._tell(line, new)
        else:
            await self._read(line)

    async def _tell(self, line: Line, envelopes: Sequence[Envelope]) -> None:
        told: list[Told] = []
        for envelope in envelopes:
            self._version = envelope.streamversion
            for message in self._story.tell(registry.decode(envelope)):
                told.append(Told(self._number, message, envelope.time.timestamp()))
                self._number += 1
                self._ended = self._ended or message.event in ENDS
        missed = [one for one in told if one.number > self.after]
        if missed:
            await line.tell(missed)


async def is_told(log: EventLog, tenant: str, run: v1.Interrogation, after: int) -> bool:
    """Whether the run has ended and the follower has all of it."""
    if run.status == "running" or after < 0:
        return False
    story, last = Story(), -1
    for envelope in await log.read(tenant, StreamId(CATEGORY, run.simulation_id)):
        last += len(story.tell(registry.decode(envelope)))
    return after >= last


def published(run_id: str, event: str, payload: dict[str, Any], timestamp: float) -> dict[str, Any]:
    """The published form of a message."""
    return {"event": event, "timestamp": timestamp, "simulation_id": run_id, "payload": payload}


def sse(run_id: str, told: Sequence[Told]) -> bytes:
    """Messages as server-sent events, with their numbers as ids."""
    return b"".join(
        b"id: %d\nevent: %b\ndata: %b\n\n"
        % (
            one.number,
            one.message.event.encode(),
            orjson.dumps(published(run_id, one.message.event, one.message.payload, one.timestamp)),
        )
        for one in told
    )
