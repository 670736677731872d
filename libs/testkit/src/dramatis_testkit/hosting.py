"""Services of one test on the real engines: run in this process, or one in a process of its own that may be killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from dramatis_bus import Bus
from dramatis_kit import Runtime, Service
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings


@asynccontextmanager
async def hosted(settings: Settings, *services: Service) -> AsyncIterator[Bus]:
    """Provision and open services; yields a bus that calls them as a client would."""
    async with AsyncExitStack() as stack:
        runtime = Runtime(settings=settings, mongo=await stack.enter_async_context(connect(settings)))
        for service in services:
            await provision(service.resources(runtime))
        stack.callback(runtime.draining.set)
        for service in services:
            await stack.enter_async_context(service.open(runtime))
        bus = await stack.enter_async_context(Bus.open(settings, name="test-client"))
        await bus.start()
        yield bus


_SERVE = """
import asyncio
import sys
from dramatis_kit import Settings
from dramatis_kit.service import select, serve
asyncio.run(serve(select(sys.argv[1:]), Settings(), ready=lambda: print("ready", flush=True)))
"""


@asynccontextmanager
async def service_process(
    settings: Settings, name: str, env: Mapping[str, str] | None = None, *, kill: bool = False
) -> AsyncIterator[Process]:
    """A provisioned service in a process of its own, ready; terminated at the end, or killed, if it still runs."""
    own = {f"DRAMATIS_{setting.upper()}": str(value) for setting, value in settings.model_dump().items()}
    whole = {**os.environ, **own, **(env or {})}
    process = await create_subprocess_exec(sys.executable, "-c", _SERVE, name, stdout=PIPE, env=whole)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while await process.stdout.readline() != b"ready\n":
                assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.kill() if kill else process.terminate()
        await process.wait()
