"""What PyMongo's client survives with us."""

import asyncio

import pymongo.lock
import pytest

from dramatis_kit.service import connect
from dramatis_kit.settings import Settings

AWAY = Settings(mongo_url="mongodb://127.0.0.1:1/?directConnection=true")


@pytest.mark.timeout(30)
async def test_waiting_for_a_server_may_be_cancelled_at_any_moment() -> None:
    """Ten tasks wait as PyMongo waits for a server; they are cancelled while they take their lock again."""
    async with connect(AWAY):
        for moment in range(40):
            lock = pymongo.lock.Lock()
            condition = pymongo.lock.Condition(lock)
            tasks = [asyncio.create_task(waiting(lock, condition)) for _ in range(10)]
            await asyncio.sleep(0.01)
            for _ in range(moment):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(outcome) for outcome in found} == {asyncio.CancelledError}
            assert not lock.locked()


async def waiting(lock: pymongo.lock.Lock, condition: pymongo.lock.Condition) -> None:
    async with lock:
        while True:
            await pymongo.lock._async_cond_wait(condition, 0.01)
