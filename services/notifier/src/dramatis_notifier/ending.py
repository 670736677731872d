"""Ending tasks for sure."""

import asyncio
from collections.abc import Iterable
from typing import Any

_SECONDS = 0.1


async def ended(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel tasks until they have ended: a cancellation that arrives inside PyMongo may be swallowed."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_SECONDS)
