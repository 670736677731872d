"""Consumers at work: loops over pull requests, a watch over their durables, and a clean stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js.errors import NotFoundError

from dramatis_bus.batches import BatchDispatcher
from dramatis_bus.consumers import BatchConsumer, BatchHandler, Consumer, Durable, Handler, OrderedConsumer, WorkQueue
from dramatis_bus.dispatch import PARKED, SKIPPED, Dispatcher
from dramatis_bus.link import Link
from dramatis_bus.messages import Received
from dramatis_bus.parking import ParkingKey, ParkingLot
from dramatis_bus.provisioning import WouldLoseEvents, ensure_durable
from dramatis_bus.pull import DurableGone, Pull

log = structlog.get_logger()

WATCH_SECONDS = 5.0
HEAL_SECONDS = 1.0
SETTLE_SECONDS = 0.05
ORDERED_WINDOW = 64

Step = Callable[[list[Msg]], Coroutine[Any, Any, None]]


class ParkedMemory:
    """The parked aggregates of one ordered durable, remembered between events.

    Only who handles a partition's events parks its aggregates. As long as this process got every delivery of the
    durable (their numbers follow one another), what it remembers is complete; otherwise it reads again. So one
    replica alone reads nothing, and several never miss what another parked.
    """

    def __init__(self, lot: ParkingLot, consumer: str, service: str) -> None:
        self._lot = lot
        self._consumer = consumer
        self._service = service
        self._parked: set[ParkingKey] = set()
        self._next = -1

    async def __call__(self, key: ParkingKey, message: Msg) -> bool:
        number = message.metadata.sequence.consumer
        if number != self._next:
            self._parked = await self._lot.keys(self._consumer, self._service)
        self._next = number + 1
        return key in self._parked

    def note(self, key: ParkingKey, message: Msg, outcome: str) -> None:
        """Remember what became of a message."""
        if outcome == PARKED:
            self._parked.add(key)
        elif outcome == SKIPPED and message.metadata.sequence.consumer == self._next:
            self._next += 1


class Running:
    """One consumer in this process."""

    def __init__(
        self, link: Link, owner: str, consumer: Consumer, handler: Handler | BatchHandler, lot: ParkingLot
    ) -> None:
        self.consumer = consumer
        self._link = link
        self._owner = owner
        self._handler: Any = handler
        self._lot = lot
        self._state: dict[Durable, str] = dict.fromkeys(consumer.durables(), "starting")
        self._pulls: dict[Durable, list[Pull]] = {durable: [] for durable in self._state}
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.dispatchers = {durable.service: self._dispatcher(durable.service) for durable in self._state}

    def start(self) -> None:
        for durable in self._state:
            match self.consumer:
                case OrderedConsumer():
                    self._spawn(self._loop(durable, ORDERED_WINDOW, 1, 0.0, self._ordered(durable)))
                case WorkQueue(concurrency=workers):
                    for _ in range(workers):
                        self._spawn(self._loop(durable, 1, 1, 0.0, self._queued(durable)))
                case BatchConsumer(size=size, wait=wait):
                    self._spawn(self._loop(durable, size * 2, size, wait, self._batched(self.consumer, durable)))
        self._spawn(self._watch())

    async def stop(self) -> None:
        """Take nothing more and finish what is in work. Cancelled: what is in work is given back at once."""
        self._stopping = True
        for task in self._idle:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> str:
        """ "ok", or what is wrong with which durable."""
        wrong = [f"{durable.stream}/{durable.name}: {state}" for durable, state in self._state.items() if state != "ok"]
        return "; ".join(wrong) or "ok"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"consumer {self.consumer.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _dispatcher(self, service: str) -> Dispatcher:
        consumer = self.consumer
        return Dispatcher(
            owner=self._owner,
            consumer=consumer.name,
            service=service,
            handler=self._alone if isinstance(consumer, BatchConsumer) else self._handler,
            events=("*",) if isinstance(consumer, BatchConsumer) else consumer.events,
            retry=consumer.retry,
            timeout=consumer.timeout,
            ack_wait=consumer.ack_wait,
            lot=self._lot,
        )

    # Loops

    async def _loop(self, durable: Durable, window: int, limit: int, linger: float, step: Step) -> None:
        pull = Pull(self._link, durable, window)
        await pull.open()
        self._pulls[durable].append(pull)
        try:
            while not self._stopping:
                await self._turn(durable, pull, limit, linger, step)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._pulls[durable].remove(pull)
            await pull.close()

    async def _turn(self, durable: Durable, pull: Pull, limit: int, linger: float, step: Step) -> None:
        try:
            messages = await self._while_idle(pull.take(limit, linger))
            self._state[durable] = "ok"
            await step(messages)
        except DurableGone as gone:
            await self._while_idle(self._heal(durable, str(gone)))
        except Exception:  # the boundary: a loop that ends would be a consumer that is silent
            log.exception("consumer stumbled", consumer=self.consumer.name)
            await self._while_idle(asyncio.sleep(HEAL_SECONDS))

    async def _while_idle(self, waiting: Awaitable[Any]) -> Any:
        """Wait for something that a stop may interrupt."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # loops run as tasks
        self._idle.add(task)
        try:
            return await waiting
        finally:
            self._idle.discard(task)

    async def _heal(self, durable: Durable, why: str) -> None:
        """Create a durable that vanished, from its declaration; until then the consumer is unhealthy."""
        self._state[durable] = f"missing ({why})"
        log.error("durable is gone", consumer=self.consumer.name, stream=durable.stream, durable=durable.name, why=why)
        while True:
            await self._link.restored.wait()
            try:
                await ensure_durable(self._link.jetstream(), self._link.settings, durable)
            except (Error, TimeoutError, WouldLoseEvents) as error:
                self._state[durable] = f"missing, and cannot be created: {error}"
                await asyncio.sleep(HEAL_SECONDS)
            else:
                self._state[durable] = "ok"
                log.warning("durable created", consumer=self.consumer.name, durable=durable.name)
                await asyncio.sleep(SETTLE_SECONDS)
                return

    async def _watch(self) -> None:
        """Ask for every durable now and then: a server may lose one without a word."""
        await self._while_idle(self._watch_for_ever())

    async def _watch_for_ever(self) -> None:
        while not self._stopping:
            for durable in self._state:
                await self._look_at(durable)
            await asyncio.sleep(WATCH_SECONDS)

    async def _look_at(self, durable: Durable) -> None:
        if not self._link.connected or self._state[durable].startswith("missing"):
            return
        try:
            await self._link.jetstream().consumer_info(durable.stream, durable.name)
        except NotFoundError:
            for pull in self._pulls[durable]:
                pull.fail("not found")
        except (Error, TimeoutError) as error:
            log.warning("durable cannot be watched", durable=durable.name, error=str(error))
        else:
            self._state[durable] = "ok"

    # Steps

    def _ordered(self, durable: Durable) -> Step:
        dispatcher = self.dispatchers[durable.service]
        memory = ParkedMemory(self._lot, self.consumer.name, durable.service)

        async def step(messages: list[Msg]) -> None:
            for message in messages:
                outcome = await dispatcher.dispatch(message, memory)
                memory.note(dispatcher.key_of(message), message, outcome)

        return step

    def _queued(self, durable: Durable) -> Step:
        dispatcher = self.dispatchers[durable.service]

        async def parked(key: ParkingKey, _message: Msg) -> bool:
            return await self._lot.is_parked(key)

        async def step(messages: list[Msg]) -> None:
            for message in messages:
                await dispatcher.dispatch(message, parked)

        return step

    def _batched(self, consumer: BatchConsumer, durable: Durable) -> Step:
        return BatchDispatcher(consumer, self._handler, self.dispatchers[durable.service]).dispatch

    async def _alone(self, received: Received) -> None:
        await self._handler([received])
