"""Services of one test, run in this process on the real engines."""

from collections.abc import AsyncIterator
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
