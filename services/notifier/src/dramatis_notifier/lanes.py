"""Who is served next: one queue per endpoint in memory, so that none delays another. No I/O.

An endpoint whose last attempt failed gets one POST at a time, and all such endpoints together at most half of the
process's POSTs: however many addresses hang, the others keep their share.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from dramatis_notifier.deliveries import Delivery, Endpoint
from dramatis_notifier.schedule import Verdict

_CLAIMED_PER_POST = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """`in_flight` and `per_endpoint` count POSTs under way, `claimed` an endpoint's deliveries held in memory."""

    in_flight: int
    per_endpoint: int
    claimed: int


@dataclass(slots=True)
class Lane:
    """One endpoint's deliveries. `more` says that the database may hold further ones that are due.

    A delivery waits, then is under way, then answered, until its result is stored.
    """

    waiting: deque[Delivery] = field(default_factory=deque)
    running: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    failing: bool = False
    more: bool = False
    paused_until: datetime | None = None

    @property
    def size(self) -> int:
        return len(self.waiting) + len(self.running) + len(self.answered)

    def held(self) -> set[str]:
        return self.running | self.answered | {delivery.id for delivery in self.waiting}

    def paused(self, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until


class Lanes:
    """The lanes of one process, served in turn."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: dict[Endpoint, Lane] = {}
        self._held = 0
        self._running = 0
        self._running_failing = 0

    def __len__(self) -> int:
        return self._held

    def held(self, endpoint: Endpoint) -> set[str]:
        return self._lanes[endpoint].held() if endpoint in self._lanes else set()

    def all_held(self) -> Iterator[str]:
        for lane in self._lanes.values():
            yield from lane.held()

    def room(self, endpoint: Endpoint, now: datetime) -> int:
        """How many deliveries of an endpoint may be claimed now; none while its lane is half full."""
        lane = self._lanes.get(endpoint, Lane())
        if lane.paused(now):
            return 0
        if self._half_full(lane):
            lane.more = True
            return 0
        crowded = self._held >= self._limits.in_flight * _CLAIMED_PER_POST
        # Even in a crowd every endpoint has one place: those that hang must not keep the others out.
        return max(0, (1 if lane.failing or crowded else self._limits.claimed) - lane.size)

    def put(self, endpoint: Endpoint, deliveries: Iterable[Delivery], *, more: bool) -> None:
        """Queue claimed deliveries."""
        lane = self._lanes.setdefault(endpoint, Lane())
        before = lane.size
        lane.waiting.extend(deliveries)
        lane.more = more
        self._held += lane.size - before
        self._forget_idle(endpoint)

    def next(self) -> Delivery | None:
        """The next delivery to post, or None while every place is taken; endpoints take turns."""
        if self._running >= self._limits.in_flight:
            return None
        for endpoint, lane in self._lanes.items():
            if lane.waiting and len(lane.running) < self._places(lane):
                self._lanes[endpoint] = self._lanes.pop(endpoint)
                return self._start(lane)
        return None

    def answer(self, delivery: Delivery, verdict: Verdict) -> list[Delivery]:
        """A POST ended: its place is free. Returns what to give back, for the endpoint does not take it now."""
        lane = self._lanes[delivery.endpoint]
        self._end(lane, delivery)
        lane.answered.add(delivery.id)
        failing = verdict.status != "delivered"
        self._mark(lane, failing=failing)
        lane.paused_until = verdict.pause_until
        return self._clear(lane) if failing else []

    def done(self, delivery: Delivery) -> None:
        """The result is stored, or the delivery was not tried."""
        lane = self._lanes[delivery.endpoint]
        if delivery.id in lane.running:
            self._end(lane, delivery)
        lane.answered.discard(delivery.id)
        self._held -= 1
        self._forget_idle(delivery.endpoint)

    def drop(self, endpoint: Endpoint) -> list[Delivery]:
        """Take everything that waits for an endpoint out."""
        lane = self._lanes.get(endpoint)
        back = self._clear(lane) if lane else []
        self._forget_idle(endpoint)
        return back

    def drop_all(self) -> list[str]:
        """Take everything that waits out; returns the ids of the deliveries."""
        return [delivery.id for endpoint in list(self._lanes) for delivery in self.drop(endpoint)]

    def wants_more(self, endpoint: Endpoint) -> bool:
        """Whether the lane has run half empty and the database may hold more."""
        lane = self._lanes.get(endpoint)
        return lane is not None and lane.more and not self._half_full(lane)

    def _half_full(self, lane: Lane) -> bool:
        return lane.size * 2 > self._limits.claimed

    def _places(self, lane: Lane) -> int:
        if not lane.failing:
            return self._limits.per_endpoint
        return 1 if self._running_failing < self._limits.in_flight // 2 else 0

    def _start(self, lane: Lane) -> Delivery:
        delivery = lane.waiting.popleft()
        lane.running.add(delivery.id)
        self._running += 1
        self._running_failing += lane.failing
        return delivery

    def _end(self, lane: Lane, delivery: Delivery) -> None:
        lane.running.discard(delivery.id)
        self._running -= 1
        self._running_failing -= lane.failing

    def _mark(self, lane: Lane, *, failing: bool) -> None:
        if failing != lane.failing:
            self._running_failing += len(lane.running) if failing else -len(lane.running)
            lane.failing = failing

    def _clear(self, lane: Lane) -> list[Delivery]:
        back = list(lane.waiting)
        lane.waiting.clear()
        lane.more = lane.more or bool(back)
        self._held -= len(back)
        return back

    def _forget_idle(self, endpoint: Endpoint) -> None:
        lane = self._lanes.get(endpoint)
        if lane and not (lane.size or lane.failing or lane.more or lane.paused_until):
            del self._lanes[endpoint]
