"""The live feed: every event of the platform in the order of the log, for the followers of this gateway.

Events arrive by core NATS, which is fast and forgets; their positions tell whether one is missing. Whatever is missing,
because the connection broke, because this process was too slow or because the relay changed hands, is read from the log
before anything later is handed on. So followers see every event once, in order, and need not know what happened.
"""

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator

import structlog
from nats.aio.msg import Msg

from dramatis_bus import headers as names
from dramatis_eventlog import EventLog
from dramatis_gateway.problems import unavailable
from dramatis_gateway.subscribers import Frame, Subscriber, Wanted
from dramatis_kit import Unavailable

log = structlog.get_logger()

_REMEMBERED_IDS = 20_000
_HISTORY_BYTES = 64_000_000
_COPIES = 3  # the payload itself, and as it goes to event streams and to WebSockets
_AHEAD = 50_000
_SECONDS_FOR_STRAGGLERS = 0.03
_SECONDS_BETWEEN_LOOKS = 1.0


class Feed:
    """`next_position` is the first that was not handed on; what comes later waits in `_ahead`."""

    def __init__(self, event_log: EventLog, *, history: int, queue: int, max_subscribers: int) -> None:
        self._log = event_log
        self._history_length = history
        self._queue_length = queue
        self._max_subscribers = max_subscribers
        self._history: deque[Frame] = deque()
        self._history_bytes = 0
        self._history_from = 0
        self._ahead: dict[int, Frame] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._open: set[Subscriber] = set()
        self._live: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._listeners: list[Callable[[Frame], None]] = []
        self._gap = asyncio.Event()
        self._behind = False
        self._unavailable: str | None = None
        self._draining = False
        self.next_position = 0

    # Followers

    def open(self, wanted: Wanted, key_id: str = "") -> Subscriber:
        """A place for a follower; `join` fills its queue. Raises a 503 `Problem` when there is none."""
        if self._draining or len(self._open) >= self._max_subscribers:
            raise unavailable("the gateway is stopping" if self._draining else "too many open streams")
        subscriber = Subscriber(wanted, self._queue_length, key_id)
        self._open.add(subscriber)
        return subscriber

    def join(self, subscriber: Subscriber, after: int) -> bool:
        """Deliver from the position after `after` on, if the history reaches back so far."""
        if after + 1 < self._history_from:
            return False
        subscriber.after = after
        self._live[subscriber.wanted.tenant].add(subscriber)
        for frame in reversed([frame for frame in self._history_after(after) if subscriber.wanted.matches(frame)]):
            subscriber.offer(frame)
        return True

    def _history_after(self, position: int) -> Iterator[Frame]:
        """From the last one backwards: most followers were away for a moment only."""
        for frame in reversed(self._history):
            if frame.position <= position:
                return
            yield frame

    def join_now(self, subscriber: Subscriber) -> None:
        """Deliver what comes from now on."""
        self.join(subscriber, self.next_position - 1)

    def close(self, subscriber: Subscriber) -> None:
        self._open.discard(subscriber)
        followers = self._live[subscriber.wanted.tenant]
        followers.discard(subscriber)
        if not followers:
            del self._live[subscriber.wanted.tenant]

    def drain(self) -> None:
        """End all followers, and accept no more."""
        self._draining = True
        for subscriber in tuple(self._open):
            subscriber.end("draining")

    def revoke(self, tenant: str, key_id: str) -> None:
        """End the followers that a key let in."""
        for subscriber in tuple(self._open):
            if (subscriber.wanted.tenant, subscriber.key_id) == (tenant, key_id):
                subscriber.end("revoked")

    def listen(self, listener: Callable[[Frame], None]) -> None:
        """Call `listener` with every event of every tenant, once and in order, before the followers get it."""
        self._listeners.append(listener)

    async def check(self) -> str:
        """ "ok", or words for why the feed is not up to date."""
        if self._unavailable:
            return self._unavailable
        return "behind the log" if self._behind else "ok"

    # What arrives

    def receive(self, frame: Frame) -> None:
        """Take an event that came live."""
        if frame.position < self.next_position:
            return
        if len(self._ahead) < _AHEAD:
            self._ahead[frame.position] = frame
        self._hand_on_what_follows()
        if self._ahead:
            self._gap.set()

    def _hand_on_what_follows(self) -> None:
        while (frame := self._ahead.pop(self.next_position, None)) is not None:
            self.next_position += 1
            self._hand_on(frame)

    def _hand_on(self, frame: Frame) -> None:
        if frame.event_id in self._seen:
            return  # a log that was restored from a backup may give an event a second position
        self._remember(frame)
        for listener in self._listeners:
            listener(frame)
        for subscriber in tuple(self._live.get(frame.tenant, ())):
            if subscriber.wanted.matches(frame):
                subscriber.offer(frame)

    def _remember(self, frame: Frame) -> None:
        self._seen[frame.event_id] = None
        if len(self._seen) > _REMEMBERED_IDS:
            self._seen.popitem(last=False)
        self._history.append(frame)
        self._history_bytes += _COPIES * len(frame.payload)
        while len(self._history) > self._history_length or self._history_bytes > _HISTORY_BYTES:
            dropped = self._history.popleft()
            self._history_bytes -= _COPIES * len(dropped.payload)
            self._history_from = dropped.position + 1

    # The log behind it

    async def begin(self) -> None:
        """Start at the end of the log, with its last events as history: the followers of a gateway that was restarted
        all come at once. The subscription must be in place, so that nothing falls between.
        """
        last, whole = await self._last_events()
        self.next_position = last[-1].position + 1 if last else 1
        self._history_from = 0 if whole else last[0].position
        for frame in last:
            self._remember(frame)
        self._ahead = {position: frame for position, frame in self._ahead.items() if position >= self.next_position}
        self._hand_on_what_follows()

    async def _last_events(self) -> tuple[list[Frame], bool]:
        """What memory may hold of the end of the log, and whether that is all there is."""
        found: deque[Frame] = deque()
        size = 0
        async for position, envelope in self._log.read_back():
            found.appendleft(Frame.of(position, envelope))
            size += _COPIES * len(found[0].payload)
            if len(found) >= self._history_length or size > _HISTORY_BYTES:
                return list(found), False
        return list(found), True

    async def watch(self) -> None:
        """Fill gaps from the log, for as long as the gateway runs."""
        while True:
            noticed = await self._gap_noticed()
            # Events of several aggregates may overtake each other by a little; that is no gap.
            await asyncio.sleep(_SECONDS_FOR_STRAGGLERS)
            if noticed and not self._ahead:
                continue
            try:
                await self._catch_up()
                self._unavailable = None
            except Unavailable as down:
                self._unavailable = str(down)

    async def _gap_noticed(self) -> bool:
        """True when something arrived too early, False after a while: then the log is asked in any case."""
        try:
            async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                await self._gap.wait()
        except TimeoutError:
            return False
        self._gap.clear()
        return True

    async def _catch_up(self) -> None:
        waited_for = self.next_position
        reached = await self._log.last_position()
        if reached >= waited_for == self.next_position:
            # What the log has, the subscription brings a moment later; only what it does not bring is missing.
            await asyncio.sleep(_SECONDS_FOR_STRAGGLERS)
        self._behind = reached >= waited_for == self.next_position
        if self._behind:
            await self._read_up_to(reached)
        if self._ahead:
            self._gap.set()

    async def _read_up_to(self, reached: int) -> None:
        filled = 0
        async for position, envelope in self._log.read_all(after=self.next_position - 1):
            if position > reached:
                break
            if position >= self.next_position:
                # Positions that the log does not have were never given to an event that lasts.
                filled += position not in self._ahead
                self._pass_over(position)
                early = self._ahead.pop(position) if position in self._ahead else None
                self._hand_on(early or Frame.of(position, envelope))
                self.next_position = position + 1
        self._pass_over(reached + 1)
        self.next_position = max(self.next_position, reached + 1)
        self._hand_on_what_follows()
        self._behind = False
        log.info("events read from the log that did not arrive live", count=filled)

    def _pass_over(self, position: int) -> None:
        """Hand on what waited below `position`: it was published under a position that the log has not kept."""
        for early in sorted(waiting for waiting in self._ahead if waiting < position):
            self._hand_on(self._ahead.pop(early))


def frame_of(message: Msg) -> Frame | None:
    """The event in a message, without reading its payload; None for what the relay did not send."""
    headers = message.headers or {}
    parts = message.subject.split(".")
    position, event_id, subject = (headers.get(name) for name in (names.POSITION, names.MSG_ID, names.SUBJECT))
    if len(parts) != 6 or not position or not event_id or not subject:
        log.warning("a message on an event subject is no event", subject=message.subject)
        return None
    event_type = f"{parts[4]}.{parts[5].replace('-', '.')}"
    return Frame(int(position), event_id, parts[3], event_type, subject, message.data)
