"""Wait for something to become true."""

import asyncio
from collections.abc import Awaitable, Callable


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
