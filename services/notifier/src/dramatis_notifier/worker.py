"""The delivery worker: claims what is due, posts it, records what came of it.

A delivery belongs to whoever holds its lease. Killed at any moment, the worker leaves deliveries whose lease runs out,
and the next one posts them again under the same message id: at least once.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from dramatis_contracts.notifier import v1
from dramatis_kit import Clock, Unavailable
from dramatis_notifier.deliveries import Attempted, Deliveries, Delivery, Endpoint
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.lanes import Lanes, Limits
from dramatis_notifier.recorder import Recorder
from dramatis_notifier.schedule import Answer, Jitter, Verdict, judge
from dramatis_notifier.sender import Sender, Target
from dramatis_notifier.settings import NotifierSettings

log = structlog.get_logger()

_CLAIMS_AT_ONCE = 16

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
"""Starts background work whose fault is noticed, such as `Runtime.spawn`."""


class Worker:
    """Delivers until it is closed. `wake` makes new deliveries go out at once."""

    def __init__(
        self,
        deliveries: Deliveries,
        endpoints: Endpoints,
        sender: Sender,
        settings: NotifierSettings,
        clock: Clock,
        jitter: Jitter = random.random,
    ) -> None:
        self._deliveries = deliveries
        self._endpoints = endpoints
        self._sender = sender
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._recorder = Recorder(deliveries, clock)
        self._lanes = Lanes(
            Limits(
                in_flight=settings.webhook_in_flight,
                per_endpoint=settings.webhook_in_flight_per_endpoint,
                claimed=settings.webhook_claimed_per_endpoint,
            )
        )
        self._posts: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._hinted: set[Endpoint] = set()
        self._next_look = 0.0
        self.trouble: str | None = None

    @asynccontextmanager
    async def running(self, spawn: Spawn) -> AsyncIterator[None]:
        """Work in the background; on exit let posts under way end, but not for long, and give the rest back."""
        loops = [spawn(self._claim_forever(), "webhook-claims"), spawn(self._renew_forever(), "webhook-leases")]
        try:
            yield
        finally:
            await self._close(loops)

    def wake(self, endpoints: Collection[Endpoint]) -> None:
        """There is something new for these endpoints."""
        if endpoints:
            self._hinted.update(endpoints)
            self._news.set()

    def drop(self, endpoint: Endpoint) -> None:
        """An endpoint takes no more: forget what waits for it here."""
        self._endpoints.forget(endpoint)
        self._lanes.drop(endpoint)

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
            due = due.union(await self._deliveries.due_endpoints(self._clock()))
            self._next_look = tick + self._settings.webhook_poll_seconds
        for some in _chunks(list(due), _CLAIMS_AT_ONCE):
            await asyncio.gather(*(self._claim(endpoint) for endpoint in some))
            self._start_posts()

    async def _claim(self, endpoint: Endpoint) -> None:
        now = self._clock()
        room = self._lanes.room(endpoint, now)
        if room == 0:
            return
        held = self._lanes.held(endpoint)
        claimed = await self._deliveries.claim(endpoint, room, now, self._lease_end(now), held)
        self._lanes.put(endpoint, claimed, more=len(claimed) == room)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.webhook_lease_seconds / 3)
            if held := list(self._lanes.all_held()):
                try:
                    await self._deliveries.renew(held, self._lease_end(self._clock()))
                except Unavailable as error:
                    log.warning("leases cannot be renewed", error=str(error))

    def _lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._settings.webhook_lease_seconds)

    # Posting

    def _start_posts(self) -> None:
        while delivery := self._lanes.next():
            post = asyncio.create_task(self._deliver(delivery), name=f"webhook {delivery.id}")
            self._posts.add(post)
            post.add_done_callback(self._posts.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._attempt(delivery)
        except Unavailable as error:
            log.warning("a delivery waits", delivery=delivery.id, error=str(error))
        except Exception:
            # A defect of ours: the lease runs out and the delivery is tried again.
            log.exception("a delivery failed inside", delivery=delivery.id)
        finally:
            self._lanes.done(delivery)
            self._start_posts()
        if self._lanes.wants_more(delivery.endpoint):
            self.wake([delivery.endpoint])

    async def _attempt(self, delivery: Delivery) -> None:
        """Post once, unless the endpoint takes no more."""
        target = await self._endpoints.target(delivery.endpoint)
        if target is None:
            await self._stop(delivery.endpoint)
            return
        answer, attempt = await self._post(target, delivery)
        retries = self._settings.webhook_retry_seconds
        verdict = judge(answer, delivery.failures, self._clock(), retries, self._jitter)
        untaken = self._lanes.answer(delivery, verdict)
        self._start_posts()
        await self._recorder.record(Attempted(delivery, attempt, verdict))
        await self._give_back([other.id for other in untaken], verdict)
        if verdict.status == "failed" and (reason := await self._hopeless(answer, delivery)):
            await self._endpoints.disable(delivery.endpoint, reason, delivery.event_id)
            await self._stop(delivery.endpoint)

    async def _post(self, target: Target, delivery: Delivery) -> tuple[Answer, v1.Attempt]:
        at, start = self._clock(), time.perf_counter()
        answer = await self._sender.post(target, delivery.event_id, delivery.body, at)
        milliseconds = round((time.perf_counter() - start) * 1000, 3)
        return answer, v1.Attempt(at=at, status_code=answer.status, error=answer.error, duration_ms=milliseconds)

    async def _hopeless(self, answer: Answer, delivery: Delivery) -> str | None:
        """Why the endpoint should be disabled, if it should."""
        if answer.gone:
            return "the endpoint answered 410 Gone"
        patience = timedelta(hours=self._settings.webhook_disable_after_hours)
        since = await self._deliveries.failing_since(delivery.endpoint)
        hopeless = since is not None and since <= self._clock() - patience
        return f"nothing was accepted since {since:%Y-%m-%d %H:%M} UTC" if hopeless else None

    async def _stop(self, endpoint: Endpoint) -> None:
        self.drop(endpoint)
        await self._deliveries.stop(endpoint, self._clock())

    async def _give_back(self, ids: Collection[str], verdict: Verdict | None = None) -> None:
        if not ids:
            return
        now = self._clock()
        try:
            await self._deliveries.release(ids, (verdict and verdict.pause_until) or now)
        except Unavailable as error:
            log.warning("deliveries wait for their leases to end", count=len(ids), error=str(error))

    async def _close(self, loops: "list[asyncio.Task[None]]") -> None:
        for loop in loops:
            loop.cancel()
        await asyncio.wait(loops)
        untried = self._lanes.drop_all()
        if self._posts:
            # The other half is the bus's. What is cut off is posted again by the next process.
            await asyncio.wait(self._posts, timeout=self._settings.drain_seconds / 2)
        cut = list(self._lanes.all_held())
        for post in self._posts:
            post.cancel()
        if self._posts:
            await asyncio.wait(self._posts)
        await self._recorder.close()
        await self._give_back([*untried, *cut])


def _chunks(endpoints: list[Endpoint], size: int) -> Iterator[list[Endpoint]]:
    for start in range(0, len(endpoints), size):
        yield endpoints[start : start + size]
