"""Who is served next: one queue per endpoint in memory, so that none delays another. No I/O.

An endpoint that has not accepted anything yet, or whose last attempt failed, gets one POST at a time. Those and the
slow ones are suspects: together they get at most half of the process's POSTs, so however many addresses hang, the
others keep their share.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dramatis_notifier.circuit import Breaker
from dramatis_notifier.documents import Delivery
from dramatis_notifier.places import Endpoint
from dramatis_notifier.schedule import Verdict

SLOW_SECONDS = 1.0

_CLAIMED_PER_POST = 32
_REMEMBERED_SECONDS = 60.0
_TURN_EXPIRES = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`in_flight` and `per_endpoint` count POSTs under way, `claimed` an endpoint's deliveries held in memory."""

    in_flight: int
    per_endpoint: int
    claimed: int
    breaker: Breaker = field(default_factory=Breaker)


@dataclass(slots=True)
class Lane:
    """One endpoint's deliveries. `more` says that the database may hold further ones that are due.

    A delivery waits, then is under way since a time, then answered, until its result is stored. `turns` are the times
    at which an endpoint with a rate limit may be called next. Times are the event loop's, in seconds.
    """

    waiting: deque[Delivery] = field(default_factory=deque)
    running: dict[str, float] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    turns: deque[float] = field(default_factory=deque)
    rate: float | None = None
    reserving: bool = False
    proven: bool = False
    failing: bool = False
    slow: bool = False
    more: bool = False
    streak: int = 0
    paused_until: datetime | None = None
    used_at: float = 0.0

    @property
    def size(self) -> int:
        return len(self.waiting) + len(self.running) + len(self.answered)

    @property
    def suspect(self) -> bool:
        return self.failing or self.slow or not self.proven

    def held(self) -> set[str]:
        return self.running.keys() | self.answered | {delivery.claim for delivery in self.waiting}

    def paused(self, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until

    def turn(self, tick: float) -> bool:
        """Whether the rate limit lets a POST begin now."""
        while self.turns and self.turns[0] < tick - _TURN_EXPIRES:
            self.turns.popleft()  # used later, it would be a burst
        return self.rate is None or bool(self.turns and self.turns[0] <= tick)


class Lanes:
    """The lanes of one process, served in turn."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: dict[Endpoint, Lane] = {}
        self._ready: dict[Endpoint, Lane] = {}
        self._held = 0
        self.rated = False
        """Whether any endpoint has, or had, a rate limit."""
        self._running = 0
        self._running_suspect = 0

    def __len__(self) -> int:
        return self._held

    def held(self, endpoint: Endpoint) -> set[str]:
        return self._lanes[endpoint].held() if endpoint in self._lanes else set()

    def all_held(self) -> Iterator[tuple[Endpoint, str]]:
        """Every claim, of deliveries and of chains."""
        for endpoint, lane in self._lanes.items():
            for claim in lane.held():
                yield endpoint, claim

    def room(self, endpoint: Endpoint, now: datetime) -> int:
        """How many deliveries of an endpoint may be claimed now; none while its lane is half full."""
        lane = self._lanes.get(endpoint, Lane())
        if lane.paused(now):
            return 0
        if self._half_full(lane):
            lane.more = True
            return 0
        # Even in a crowd every endpoint has one place: those that hang must not keep the others out.
        return max(0, (1 if lane.failing or self._crowded else self._limits.claimed) - lane.size)

    def room_at_once(self, endpoint: Endpoint, now: datetime) -> int:
        """How many new deliveries may be taken before they are stored: none if older ones may wait, and none of an
        endpoint that fails or is slow, for whose answers the events of others would wait.
        """
        lane = self._lanes.get(endpoint, Lane())
        if lane.more or lane.failing or lane.slow or lane.paused(now) or self._crowded:
            return 0
        return max(0, self._limits.claimed - lane.size)

    def put(self, endpoint: Endpoint, deliveries: Iterable[Delivery], *, more: bool, rate: float | None = None) -> None:
        """Queue claimed deliveries."""
        lane = self._lanes.setdefault(endpoint, Lane())
        before = lane.size
        lane.waiting.extend(deliveries)
        lane.more = more
        lane.rate = rate
        self.rated = self.rated or rate is not None
        self._held += lane.size - before
        if lane.waiting:
            self._ready.setdefault(endpoint, lane)

    def add(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> None:
        """Queue what this process claimed by storing it, or the next of a chain that it holds."""
        lane = self._lanes.setdefault(endpoint, Lane())
        lane.waiting.extend(deliveries)
        self._held += len(deliveries)
        if lane.waiting:
            self._ready.setdefault(endpoint, lane)

    def next(self, tick: float) -> Delivery | None:
        """The next delivery to post, or None while every place is taken; endpoints take turns."""
        if self._running >= self._limits.in_flight:
            return None
        for endpoint, lane in self._ready.items():
            if len(lane.running) < self._places(lane) and lane.turn(tick):
                del self._ready[endpoint]
                delivery = self._start(lane, tick)
                if lane.waiting:
                    self._ready[endpoint] = lane  # to the end of the queue
                return delivery
        return None

    def answer(
        self, delivery: Delivery, verdict: Verdict, now: datetime, tick: float
    ) -> tuple[list[Delivery], datetime]:
        """A POST ended: its place is free. Returns what to give back, for the endpoint does not take it now, and until
        when.
        """
        lane = self._lanes[delivery.endpoint]
        seconds = tick - lane.running.get(delivery.claim, tick)
        self._end(lane, delivery)
        lane.answered.add(delivery.claim)
        lane.used_at = tick
        if delivery.kind == "test":
            return [], now
        failing = verdict.status != "delivered"
        self._judge(lane, failing=failing, slow=seconds > SLOW_SECONDS)
        lane.paused_until = self._pause(lane, verdict, now)
        return (self._clear(delivery.endpoint) if failing else []), lane.paused_until or now

    def done(self, delivery: Delivery) -> None:
        """The result is stored, or the delivery was not tried."""
        lane = self._lanes[delivery.endpoint]
        if delivery.claim in lane.running:
            self._end(lane, delivery)
        lane.answered.discard(delivery.claim)
        self._held -= 1

    def drop(self, endpoint: Endpoint) -> list[Delivery]:
        """Take everything that waits for an endpoint out."""
        return self._clear(endpoint) if endpoint in self._lanes else []

    def drop_all(self) -> list[Delivery]:
        """Take everything that waits out."""
        return [delivery for endpoint in list(self._lanes) for delivery in self._clear(endpoint)]

    def wants_more(self, endpoint: Endpoint) -> bool:
        """Whether the lane has run half empty and the database may hold more."""
        lane = self._lanes.get(endpoint)
        return lane is not None and lane.more and not self._half_full(lane)

    def review(self, tick: float) -> None:
        """Notice who hangs, and forget who was not heard of for long. Called about once a second."""
        for endpoint, lane in list(self._lanes.items()):
            hangs = any(tick - begun > SLOW_SECONDS for begun in lane.running.values())
            if hangs and not lane.slow:
                self._judge(lane, failing=lane.failing, slow=True, counted=False)
            elif not (lane.size or lane.more) and tick - lane.used_at > _REMEMBERED_SECONDS:
                del self._lanes[endpoint]

    # Rate limits

    def starved(self) -> Sequence[tuple[Endpoint, float]]:
        """Endpoints with a rate limit that wait for turns which nobody reserves yet. They count as reserving now."""
        found = []
        for endpoint, lane in self._ready.items():
            if lane.rate is not None and not lane.turns and not lane.reserving:
                lane.reserving = True
                found.append((endpoint, lane.rate))
        return found

    def give_turns(self, endpoint: Endpoint, turns: Iterable[float]) -> None:
        """Turns were reserved, perhaps none."""
        lane = self._lanes.setdefault(endpoint, Lane())
        lane.reserving = False
        lane.turns.extend(turns)

    def next_turn(self) -> float | None:
        """When the first of the endpoints that wait for their turn has it."""
        return min((lane.turns[0] for lane in self._ready.values() if lane.rate and lane.turns), default=None)

    @property
    def _crowded(self) -> bool:
        return self._held >= self._limits.in_flight * _CLAIMED_PER_POST

    def _half_full(self, lane: Lane) -> bool:
        return lane.size * 2 > self._limits.claimed

    def _places(self, lane: Lane) -> int:
        if lane.suspect and self._running_suspect >= self._limits.in_flight // 2:
            return 0
        return 1 if lane.failing or not lane.proven else self._limits.per_endpoint

    def _start(self, lane: Lane, tick: float) -> Delivery:
        delivery = lane.waiting.popleft()
        lane.running[delivery.claim] = tick
        if lane.turns:
            lane.turns.popleft()
        self._running += 1
        self._running_suspect += lane.suspect
        return delivery

    def _end(self, lane: Lane, delivery: Delivery) -> None:
        if lane.running.pop(delivery.claim, None) is not None:
            self._running -= 1
            self._running_suspect -= lane.suspect

    def _judge(self, lane: Lane, *, failing: bool, slow: bool, counted: bool = True) -> None:
        before = lane.suspect
        if counted:
            lane.streak = lane.streak + 1 if failing else 0
            lane.proven = lane.proven or not failing
        lane.failing, lane.slow = failing, slow
        self._running_suspect += len(lane.running) * (lane.suspect - before)

    def _pause(self, lane: Lane, verdict: Verdict, now: datetime) -> datetime | None:
        seconds = self._limits.breaker.open_seconds(lane.streak)
        pauses = [verdict.pause_until, now + timedelta(seconds=seconds) if seconds else None]
        return max((pause for pause in pauses if pause), default=None)

    def _clear(self, endpoint: Endpoint) -> list[Delivery]:
        lane = self._lanes[endpoint]
        back = list(lane.waiting)
        lane.waiting.clear()
        lane.more = lane.more or bool(back)
        self._held -= len(back)
        self._ready.pop(endpoint, None)
        return back
