"""Wait for something to become true."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from dramatis_bus import Bus
from dramatis_contracts.rpc import Method
from dramatis_kit import Unavailable


class NotInTime(Exception):
    """What a benchmark waited for did not happen."""


async def until(what: str, look: Callable[[], Awaitable[bool]], seconds: float = 120.0) -> None:
    """Look twenty times a second. Raises `NotInTime`."""
    try:
        async with asyncio.timeout(seconds):
            while not await look():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise NotInTime(f"{what}: not within {seconds:g} s") from None


async def answers(bus: Bus, method: Method[Any, Any], request: Any) -> bool:
    """Whether a service is there to be asked yet. Any answer but its absence is raised."""
    try:
        await bus.call(method, request, tenant="bench", timeout=1.0)
    except Unavailable:
        return False
    return True
