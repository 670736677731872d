"""What a service is, and the runner that hosts one or several of them in a process.

A service registers a `Service` under the entry-point group `dramatis.services`; the runner and the supervisor find it
there and import no service by name.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

import structlog
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_kit.clock import Clock, utc_now
from dramatis_kit.settings import Settings
from dramatis_kit.waiting import wait_in_the_own_task

log = structlog.get_logger()

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that must exist before a service works: a stream, a consumer, an index, a table.

    `drift` returns None when it is as declared, else words for what differs; `apply` makes it so, idempotently.
    """

    kind: str
    name: str
    drift: Callable[[], Awaitable[str | None]]
    apply: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Runtime:
    """What a process gives each service that it hosts."""

    settings: Settings
    mongo: AsyncMongoClient[Document]
    clock: Clock = utc_now
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    failed: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def database(self) -> AsyncDatabase[Document]:
        return self.mongo[self.settings.mongo_database]

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Run `work` beside the services. A fault in it ends the process: the supervisor starts another."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (fault := task.exception()) is None:
            return
        log.error("background work failed", task=task.get_name(), exc_info=fault)
        if not self.failed.done():
            self.failed.set_exception(fault)


@dataclass(frozen=True, slots=True)
class Service:
    """One deployable part: `open` yields when it is ready to work and cleans up when it is left."""

    name: str
    open: Callable[[Runtime], AbstractAsyncContextManager[None]]
    resources: Callable[[Runtime], Sequence[Resource]] = lambda _runtime: ()


class UnknownService(Exception):
    """No installed package registers a service of this name."""


def installed() -> dict[str, Service]:
    """Every installed service by name."""
    found = {point.name: point for point in entry_points(group="dramatis.services")}
    return {name: found[name].load() for name in sorted(found)}


def select(names: Sequence[str]) -> list[Service]:
    """The installed services of these names."""
    points = {point.name: point for point in entry_points(group="dramatis.services")}
    if unknown := [name for name in names if name not in points]:
        raise UnknownService(f"{', '.join(unknown)} (installed: {', '.join(sorted(points))})")
    return [points[name].load() for name in names]


def connect(settings: Settings) -> AsyncMongoClient[Document]:
    """A MongoDB client whose every operation has a deadline and whose writes survive a crash of the majority."""
    wait_in_the_own_task()
    return AsyncMongoClient(
        settings.mongo_url,
        timeoutMS=settings.mongo_timeout_ms,
        serverSelectionTimeoutMS=settings.mongo_timeout_ms,
        tz_aware=True,
        w="majority",
        journal=True,
    )


async def serve(services: Sequence[Service], settings: Settings, *, ready: Callable[[], None] = lambda: None) -> None:
    """Host services until SIGTERM or SIGINT, or until one of them fails; the fault is raised then."""
    loop = asyncio.get_running_loop()
    async with connect(settings) as mongo:
        runtime = Runtime(settings=settings, mongo=mongo)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runtime.draining.set)
        async with AsyncExitStack() as stack:
            for service in services:
                await stack.enter_async_context(service.open(runtime))
                log.info("service ready", service=service.name)
            ready()
            stop = asyncio.create_task(runtime.draining.wait())
            either: set[asyncio.Future[Any]] = {stop, runtime.failed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            runtime.draining.set()
            await stop
        if runtime.failed.done():
            runtime.failed.result()
