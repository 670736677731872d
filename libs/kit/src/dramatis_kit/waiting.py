"""What PyMongo's async client needs to survive cancellation on Python 3.11."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pymongo.lock

ResultT = TypeVar("ResultT")


def wait_in_the_own_task() -> None:
    """Let PyMongo wait for a server or a connection in the task that asks.

    It waits on a condition by `asyncio.wait_for`, which on Python 3.11 does so in a task of its own. When the asking
    task is cancelled while that one takes its lock again (twice a second for all that wait for a server), the lock is
    never released, or twice: all operations of the client then hang for ever, or end with `RuntimeError`. Newer
    versions of Python wait as this does. Measured with PyMongo 4.20: of five relays whose MongoDB was away for six
    seconds three stopped for good.
    """
    setattr(pymongo.lock, "wait_for", _wait_for)  # noqa: B010  # the module does not export what it imports


async def _wait_for(awaitable: Awaitable[ResultT], timeout: float | None) -> ResultT:  # noqa: ASYNC109  # asyncio's signature
    async with asyncio.timeout(timeout):
        return await awaitable
