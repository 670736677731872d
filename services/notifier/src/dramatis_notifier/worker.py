"""The delivery worker: claims what is due, posts it, records what came of it.

A delivery belongs to whoever holds its lease. Killed at any moment, the worker leaves deliveries whose lease runs out,
and the next one posts them again under the same message id: at least once.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import structlog

from dramatis_kit import Clock, Document, Unavailable
from dramatis_notifier.deliveries import Attempted, Try
from dramatis_notifier.documents import Delivery, carried
from dramatis_notifier.ending import ended
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.firsts import Firsts, Waiting
from dramatis_notifier.lanes import Lanes, Limits
from dramatis_notifier.leases import Leases
from dramatis_notifier.places import Endpoint
from dramatis_notifier.recorder import Recorder
from dramatis_notifier.schedule import Answer, Jitter, judge
from dramatis_notifier.sender import Sender, Target
from dramatis_notifier.settings import NotifierSettings
from dramatis_notifier.stores import Stores
from dramatis_notifier.warden import Warden

log = structlog.get_logger()

_CLAIMS_AT_ONCE = 16
_FLUSH_SECONDS = 0.5

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Starts background work whose fault is noticed, such as `Runtime.spawn`."""


class Worker:
    """Delivers until it is closed. `wake` and `take` make new deliveries go out at once."""

    def __init__(
        self,
        stores: Stores,
        endpoints: Endpoints,
        sender: Sender,
        settings: NotifierSettings,
        clock: Clock,
        jitter: Jitter = random.random,
    ) -> None:
        self._stores = stores
        self._endpoints = endpoints
        self._sender = sender
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._firsts = Firsts()
        self._recorder = Recorder(stores.deliveries, stores.conditions, clock)
        self._warden = Warden(endpoints, stores.conditions, settings, clock)
        self._lanes = Lanes(
            Limits(
                in_flight=settings.webhook_in_flight,
                per_endpoint=settings.webhook_in_flight_per_endpoint,
                claimed=settings.webhook_claimed_per_endpoint,
                breaker=settings.breaker,
            )
        )
        self._leases = Leases(stores, self._lanes, clock, settings.webhook_lease_seconds)
        self._posts: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._hinted: set[Endpoint] = set()
        self._next_look = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self.trouble: str | None = None

    @asynccontextmanager
    async def running(self, spawn: Spawn) -> AsyncIterator[None]:
        """Work in the background; on exit let posts under way end, but not for long, and give the rest back."""
        loops = [
            spawn(self._claim_forever(), "webhook-claims"),
            spawn(self._leases.renew_forever(), "webhook-leases"),
            spawn(self._flush_forever(), "webhook-conditions"),
        ]
        try:
            yield
        finally:
            await self._close(loops)

    def wake(self, endpoints: Collection[Endpoint]) -> None:
        """There is something new for these endpoints."""
        if endpoints:
            self._hinted.update(endpoints)
            self._news.set()

    def room(self, endpoint: Endpoint) -> int:
        """How many new deliveries of an endpoint `take` would post at once."""
        return 0 if self._closing else self._lanes.room_at_once(endpoint, self._clock())

    def lease_end(self, now: datetime) -> datetime:
        return self._leases.end(now)

    def take(self, documents: Sequence[Document], waiting: Waiting) -> None:
        """Post new deliveries that are not stored yet; see `firsts.py`. What is under way already is not doubled."""
        by_endpoint: dict[Endpoint, list[Delivery]] = {}
        for document in documents:
            if document["_id"] not in self._firsts:
                delivery = carried(document, unstored=True)
                by_endpoint.setdefault(delivery.endpoint, []).append(delivery)
        self._firsts.follow([document["_id"] for document in documents], waiting)
        for endpoint, deliveries in by_endpoint.items():
            self._lanes.add(endpoint, deliveries)
        self._start_posts()

    def drop(self, endpoint: Endpoint) -> None:
        """An endpoint takes no more, or takes it differently: forget what waits for it here."""
        self._endpoints.forget(endpoint)
        for delivery in self._lanes.drop(endpoint):
            self._leases.forget(delivery)
            self._firsts.refused(delivery.id)

    # Claiming

    async def _claim_forever(self) -> None:
        while True:
            self._news.clear()
            try:
                await self._claim_due()
                self.trouble = None
            except Unavailable as error:
                self.trouble = str(error)
                log.warning("deliveries cannot be claimed", error=str(error))
                await asyncio.sleep(self._settings.webhook_poll_seconds)
            await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        left = self._next_look - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, left)):
                await self._news.wait()

    async def _claim_due(self) -> None:
        due, self._hinted = self._hinted, set()
        if (tick := asyncio.get_running_loop().time()) >= self._next_look:
            due = due.union(await self._stores.deliveries.due_endpoints(self._clock()))
            due |= set(await self._stores.chains.due_endpoints(self._clock()))
            self._next_look = tick + self._settings.webhook_poll_seconds
            self._lanes.review(tick)
        for some in _chunks(list(due), _CLAIMS_AT_ONCE):
            await asyncio.gather(*(self._claim(endpoint) for endpoint in some))
            self._start_posts()

    async def _claim(self, endpoint: Endpoint) -> None:
        now = self._clock()
        room = self._lanes.room(endpoint, now)
        if room == 0:
            return
        target = await self._endpoints.target(endpoint)
        if target is None:
            await self._stop(endpoint)
            return
        held = self._lanes.held(endpoint)
        claimed = await self._stores.deliveries.claim(endpoint, room, now, self._leases.end(now), held)
        if target.fifo:
            claimed += await self._leases.claim_chains(endpoint, room, held)
        self._lanes.put(endpoint, claimed, more=len(claimed) >= room, rate=target.rate_limit)

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            try:
                await self._stores.conditions.flush()
            except Unavailable as error:
                log.warning("conditions of endpoints cannot be stored", error=str(error))

    # Posting

    def _start_posts(self) -> None:
        tick = asyncio.get_running_loop().time()
        while delivery := self._lanes.next(tick):
            self._run(self._deliver(delivery), delivery.id)
        if self._lanes.rated:
            self._wait_for_turns()

    def _wait_for_turns(self) -> None:
        """For endpoints with a rate limit: reserve turns, and come back when the first of them is there."""
        for endpoint, rate in self._lanes.starved():
            self._run(self._reserve(endpoint, rate), f"webhook rate {endpoint.key}")
        if self._timer is None and (turn := self._lanes.next_turn()) is not None:
            self._timer = asyncio.get_running_loop().call_at(turn, self._on_turn)

    def _on_turn(self) -> None:
        self._timer = None
        if not self._closing:
            self._start_posts()

    async def _reserve(self, endpoint: Endpoint, rate: float) -> None:
        turns: list[float] = []
        try:
            waits = await self._stores.rates.reserve(endpoint, rate)
            tick = asyncio.get_running_loop().time()
            turns = [tick + wait for wait in waits]
        except Unavailable as error:
            log.warning("no turns for an endpoint with a rate limit", endpoint=endpoint.key, error=str(error))
            await asyncio.sleep(self._settings.webhook_poll_seconds)
        finally:
            self._lanes.give_turns(endpoint, turns)
        if not self._closing:
            self._start_posts()

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        following: Delivery | None = None
        try:
            following = await self._attempt(delivery)
        except Unavailable as error:
            log.warning("a delivery waits", delivery=delivery.id, error=str(error))
            self._leases.forget(delivery)
        except Exception:
            # A defect of ours: the lease runs out and the delivery is tried again.
            log.exception("a delivery failed inside", delivery=delivery.id)
            self._leases.forget(delivery)
        finally:
            self._lanes.done(delivery)
            self._firsts.refused(delivery.id)
        if following:
            self._lanes.add(delivery.endpoint, [following])
        if self._closing:
            return
        if following or delivery.chain:
            self._start_posts()
        if self._lanes.wants_more(delivery.endpoint):
            self.wake([delivery.endpoint])

    async def _attempt(self, delivery: Delivery) -> Delivery | None:
        """Post once, unless the endpoint takes no more. Returns what is next in the delivery's chain."""
        target = await self._endpoints.target(delivery.endpoint)
        if target is None or not (target.active or delivery.kind == "test"):
            await self._stop(delivery.endpoint)
            return None
        if not self._leases.hold(delivery):
            self._leases.forget(delivery)
            return None
        answer, attempt = await self._post(target, delivery)
        self._firsts.answered(delivery.id)
        retries = self._settings.webhook_retry_seconds if delivery.kind == "event" else ()
        now = self._clock()
        verdict = judge(answer, delivery.failures, now, retries, self._jitter)
        untaken, until = self._lanes.answer(delivery, verdict, now, asyncio.get_running_loop().time())
        self._start_posts()
        for other in untaken:
            self._firsts.refused(other.id, until)
        await self._recorder.record(Attempted(delivery, attempt, verdict))
        self._firsts.stored(delivery.id)
        await self._leases.give_back(untaken, until)
        if reason := await self._warden.hopeless(delivery, target, answer, verdict):
            await self._endpoints.disable(delivery.endpoint, reason, delivery.event_id)
            await self._stop(delivery.endpoint)
            return None
        return await self._leases.following(delivery, verdict, until)

    async def _post(self, target: Target, delivery: Delivery) -> tuple[Answer, Try]:
        at, start = self._clock(), time.perf_counter()
        answer = await self._sender.post(target, delivery.event_id, delivery.message, at)
        attempt = Try(
            at=at,
            status_code=answer.status,
            error=answer.error,
            duration_ms=round((time.perf_counter() - start) * 1000, 3),
            # Whoever tests an address must not read with it what only our network can reach.
            response=answer.said if delivery.kind == "event" else None,
        )
        return answer, attempt

    async def _stop(self, endpoint: Endpoint) -> None:
        self.drop(endpoint)
        await self._stores.deliveries.stop(endpoint, self._clock())
        await self._stores.chains.stop(endpoint)

    async def _close(self, loops: "list[asyncio.Task[None]]") -> None:
        self._closing = True
        if self._timer:
            self._timer.cancel()
        await ended(loops)
        untried = self._lanes.drop_all()
        if self._posts:
            # The other half is the bus's. What is cut off is posted again by the next process.
            await asyncio.wait(self._posts, timeout=self._settings.drain_seconds / 2)
        cut_off = self._leases.held()
        await ended(self._posts)
        await self._recorder.close()
        await self._leases.give_back([*untried, *self._lanes.drop_all()], self._clock())
        await self._leases.let_go(cut_off, self._clock())
        with suppress(Unavailable):
            await self._stores.conditions.flush()


def _chunks(endpoints: list[Endpoint], size: int) -> Iterator[list[Endpoint]]:
    for start in range(0, len(endpoints), size):
        yield endpoints[start : start + size]
