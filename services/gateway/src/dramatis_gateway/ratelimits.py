"""The rate limit of every API key, spent from memory and kept over all gateways by leases from MongoDB.

A busy key asks MongoDB once for many requests; one that is used now and then, once for each. What a gateway holds and
does not spend within seconds goes back. When MongoDB does not answer, what is held is spent, and then requests are
refused with 503: a limit that cannot be counted is not silently lifted.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import structlog
from pymongo.errors import PyMongoError

from dramatis_contracts.gateway.v1 import Tier
from dramatis_gateway.authentication import Principal
from dramatis_gateway.leases import Lease, Leases, Want
from dramatis_gateway.quotas import Allowance, Quota, Standing, Window, windows_of
from dramatis_kit import Clock, utc_now

log = structlog.get_logger()

_MAX_KEYS = 20_000
_SECONDS_HELD = 2.0
_SECONDS_BETWEEN_RETURNS = 0.5
_SECONDS_REFUSED = 0.25
"""How long a window that was found used up is not asked for again: another gateway may give back a little."""


class _Share:
    """What this gateway holds of one window of one key. `free` is what nobody held when MongoDB was asked last."""

    __slots__ = ("free", "index", "left", "refused_until", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._begin(-1)

    def _begin(self, index: int) -> None:
        self.index, self.left, self.free, self.refused_until = index, 0, self.window.limit, 0.0

    def roll(self, now: float) -> None:
        index = self.window.index(now)
        if index > self.index:
            self._begin(index)

    def want(self, waiting: int, pace: int) -> Want:
        least = max(0, waiting - self.left)
        most = max(least, min(pace, self.window.largest_lease)) if least else 0
        return Want(self.window, self.index, self.left, least, most)

    def receive(self, lease: Lease, moment: float) -> None:
        if lease.index < self.index:
            return  # the window ended while MongoDB answered
        if lease.index > self.index:
            self._begin(lease.index)
        self.left += lease.granted
        self.free = lease.free
        if self.left == 0 and self.free == 0:
            self.refused_until = moment + _SECONDS_REFUSED

    def refuses(self, moment: float) -> bool:
        return self.left == 0 and moment < self.refused_until

    def give_up(self) -> int:
        """What was held, which is now held no more."""
        held, self.left = self.left, 0
        self.free += held
        return held

    def standing(self, moment: float) -> Standing:
        refused = self.refuses(moment)
        remaining = 0 if refused else self.free + self.left
        return Standing(self.window, remaining, self.window.end(self.index), refused)


class _Bucket:
    """The windows of one key at this gateway."""

    __slots__ = ("hour", "key", "minute", "pace", "refill", "used_at", "waiting")

    def __init__(self, key: str, allowance: Allowance) -> None:
        self.key = key
        self.hour, self.minute = (_Share(window) for window in windows_of(key, allowance))
        self.pace = 1
        self.refill: asyncio.Task[None] | None = None
        self.waiting = 0
        self.used_at = 0.0

    @property
    def shares(self) -> tuple[_Share, _Share]:
        return self.hour, self.minute

    @property
    def held(self) -> bool:
        return self.hour.left > 0 or self.minute.left > 0

    def spend(self, now: float) -> bool:
        """Take one request from what is held."""
        for share in self.shares:
            share.roll(now)
        if self.hour.left == 0 or self.minute.left == 0:
            return False
        self.hour.left -= 1
        self.minute.left -= 1
        return True

    def refuses(self, moment: float) -> bool:
        return any(share.refuses(moment) for share in self.shares)

    def quota(self, now: float, moment: float) -> Quota:
        return Quota(self.hour.standing(moment), self.minute.standing(moment), now)

    def give_up(self) -> list[tuple[str, str, int, int]]:
        self.pace = 1
        held = [(share.window.name, share.index, share.give_up()) for share in self.shares]
        return [(self.key, name, index, count) for name, index, count in held if count]


class RateLimits:
    """`clock` says which window it is, `moment` (in seconds) how long something was held."""

    def __init__(
        self,
        leases: Leases,
        tiers: Mapping[Tier, Allowance],
        clock: Clock = utc_now,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._tiers = tiers
        self._clock = clock
        self._moment = moment
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._held: OrderedDict[str, _Bucket] = OrderedDict()
        self._evicted: list[_Bucket] = []

    async def take(self, principal: Principal) -> Quota:
        """Count one request; a quota with `retry_after` if it is refused. Raises pymongo's error when nobody counts."""
        bucket = self._bucket(principal)
        bucket.waiting += 1
        try:
            while not bucket.spend(self._now()) and not bucket.refuses(self._moment()):
                await asyncio.shield(self._refill(bucket))
        finally:
            bucket.waiting -= 1
        self._used(bucket)
        return bucket.quota(self._now(), self._moment())

    async def run(self) -> None:
        """Give back what is not spent, until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_RETURNS)
            await self._give_back(self._idle())

    async def close(self) -> None:
        """Give everything back: this gateway ends."""
        await self._give_back(list(self._held.values()))

    def _now(self) -> float:
        return self._clock().timestamp()

    def _bucket(self, principal: Principal) -> _Bucket:
        key = f"{principal.tenant}/{principal.key_id}"
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(key, self._tiers[principal.tier])
            while len(self._buckets) > _MAX_KEYS:
                self._evicted.append(self._buckets.popitem(last=False)[1])
        self._buckets.move_to_end(key)
        return bucket

    def _used(self, bucket: _Bucket) -> None:
        bucket.used_at = self._moment()
        if bucket.held:
            self._held[bucket.key] = bucket
            self._held.move_to_end(bucket.key)
        else:
            self._held.pop(bucket.key, None)

    def _refill(self, bucket: _Bucket) -> "asyncio.Task[None]":
        """One question to MongoDB at a time, for all requests that wait."""
        if bucket.refill is None or bucket.refill.done():
            bucket.refill = asyncio.create_task(self._ask(bucket), name="lease requests of a key")
            bucket.refill.add_done_callback(_heard)
        return bucket.refill

    async def _ask(self, bucket: _Bucket) -> None:
        wants = [share.want(max(1, bucket.waiting), bucket.pace) for share in bucket.shares]
        bucket.pace *= 2 if bucket.pace < max(share.window.largest_lease for share in bucket.shares) else 1
        leases = await self._leases.take(bucket.key, wants, self._clock())
        for share in bucket.shares:
            share.receive(leases[share.window.name], self._moment())

    def _idle(self) -> list[_Bucket]:
        found, before = [], self._moment() - _SECONDS_HELD
        for bucket in self._held.values():
            if bucket.used_at > before:
                break
            found.append(bucket)
        return found

    async def _give_back(self, buckets: Iterable[_Bucket]) -> None:
        given_up = [*buckets, *self._evicted]
        self._evicted = []
        unused = [unspent for bucket in given_up for unspent in bucket.give_up()]
        for bucket in given_up:
            self._held.pop(bucket.key, None)
        try:
            await self._leases.give_back(unused)
        except PyMongoError as error:
            # They stay counted until their windows end; none is given out twice.
            log.warning("unused requests not given back", keys=len(given_up), error=str(error))


def _heard(refill: "asyncio.Task[None]") -> None:
    """Whoever waited has the failure; when nobody waits any more, nobody misses it."""
    if not refill.cancelled():
        refill.exception()
