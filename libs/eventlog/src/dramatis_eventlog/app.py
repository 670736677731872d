"""Composition root of the relay."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from dramatis_bus import Bus
from dramatis_bus.parking import parking_resources
from dramatis_bus.provisioning import stream_resources
from dramatis_eventlog.log import EventLog
from dramatis_eventlog.relay import Relay
from dramatis_kit import Resource, Runtime, Service


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    async with Bus.hosted(runtime, name="relay") as bus:
        relay = Relay(runtime, bus)

        async def checks() -> dict[str, str]:
            return {"relay": relay.trouble or "ok"}

        bus.health("relay", checks)
        await bus.start()
        work = runtime.spawn(relay.run(), "relay")
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


def resources(runtime: Runtime) -> Sequence[Resource]:
    """The log's own indexes, every stream that the relay publishes to, and the parking places of its readers."""
    return [
        *EventLog(runtime.database).resources(),
        *stream_resources(runtime.settings),
        *parking_resources(runtime.database),
    ]


service = Service(name="relay", open=open_service, resources=resources)
