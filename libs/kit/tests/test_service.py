"""The runner: services open in order, a fault ends the process, a signal drains it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dramatis_kit import Runtime, Service
from dramatis_kit.service import UnknownService, select, serve
from dramatis_kit.settings import Settings

SETTINGS = Settings(mongo_url="mongodb://127.0.0.1:1/")


def recorder(name: str, seen: list[str]) -> Service:
    @asynccontextmanager
    async def open_service(runtime: Runtime) -> AsyncIterator[None]:
        seen.append(f"{name} opened")
        yield
        seen.append(f"{name} closed, draining={runtime.draining.is_set()}")

    return Service(name=name, open=open_service)


async def test_services_open_in_order_and_close_in_reverse_after_a_signal() -> None:
    seen: list[str] = []
    services = [recorder("a", seen), recorder("b", seen)]
    await serve(services, SETTINGS, ready=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert seen == ["a opened", "b opened", "b closed, draining=True", "a closed, draining=True"]


async def test_a_fault_in_background_work_ends_the_process_visibly() -> None:
    async def break_down() -> None:
        await asyncio.sleep(0)
        raise ConnectionResetError("gone")

    @asynccontextmanager
    async def open_service(runtime: Runtime) -> AsyncIterator[None]:
        runtime.spawn(break_down(), "breaks down")
        yield

    with pytest.raises(ConnectionResetError, match="gone"):
        await serve([Service(name="x", open=open_service)], SETTINGS)


def test_an_unknown_service_is_named_with_those_that_are_installed() -> None:
    with pytest.raises(UnknownService, match=r"persona-x \(installed: .*persona"):
        select(["persona-x"])
