"""A service whose package exists and whose methods do not: it answers that honestly."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from dramatis_bus.bus import Bus
from dramatis_bus.provisioning import stream_resource
from dramatis_kit import Resource, Runtime, Service


def unbuilt(name: str) -> Service:
    """Healthy, owner of its stream of events, and `NOT_IMPLEMENTED` to every call."""

    @asynccontextmanager
    async def open_service(runtime: Runtime) -> AsyncIterator[None]:
        async with Bus.hosted(runtime, name=name) as bus:
            bus.not_implemented(name)
            bus.health(name, _no_checks)
            await bus.start()
            yield

    def resources(runtime: Runtime) -> Sequence[Resource]:
        return [stream_resource(runtime.settings, name)]

    return Service(name=name, open=open_service, resources=resources)


async def _no_checks() -> dict[str, str]:
    return {}
