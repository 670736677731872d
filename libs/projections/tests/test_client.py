"""The pool lends a client to one task at a time and never lends one again that failed."""

import asyncio
import subprocess
import sys

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from dramatis_engines.processes import free_port
from dramatis_kit import Settings, Unavailable
from dramatis_projections.client import ClickHousePool

FAILS_LATE = "SELECT number, throwIf(number = 150000) FROM numbers(300000) SETTINGS max_block_size = 500"


async def test_a_client_that_worked_is_lent_again(pool: ClickHousePool) -> None:
    async with pool.client() as first:
        assert await first.query("SELECT {a:String}", {"a": "it's"}) == [("it's",)]
    async with pool.client() as second:
        assert second is first


async def test_no_client_is_lent_to_two_tasks(clickhouse: Settings) -> None:
    async with ClickHousePool(clickhouse, size=2) as pool, pool.client() as first, pool.client() as second:
        assert first is not second
        third = asyncio.create_task(pool.client().__aenter__())
        await asyncio.sleep(0.05)
        assert not third.done()
        third.cancel()


async def test_a_client_that_failed_is_never_lent_again(pool: ClickHousePool) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        async with pool.client() as failed:
            await failed.query("SELECT * FROM nowhere")
    async with pool.client() as next_one:
        assert next_one is not failed


async def test_a_client_is_not_lent_again_after_any_other_exception(pool: ClickHousePool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with pool.client() as failed:
            raise ZeroDivisionError
    async with pool.client() as next_one:
        assert next_one is not failed


async def test_a_client_is_not_lent_again_after_a_cancellation(pool: ClickHousePool) -> None:
    lent = []

    async def slow() -> None:
        async with pool.client() as client:
            lent.append(client)
            await client.query("SELECT sleep(1)")

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.client() as next_one:
        assert next_one is not lent[0]
        assert await next_one.query("SELECT 'mine'") == [("mine",)]


async def test_no_row_of_a_failed_query_reaches_another_one(clickhouse: Settings) -> None:
    """chdb prepends what a failed query had answered to the next answer of its connection."""
    leaked: list[object] = []
    failed = 0

    async def work(worker: int) -> None:
        nonlocal failed
        for number in range(40):
            try:
                async with pool.client() as client:
                    await client.query(FAILS_LATE)
            except DatabaseError:
                failed += 1
            async with pool.client() as client:
                found = await client.query(f"SELECT '{worker}-{number}', number FROM numbers(3)")
            if found != [(f"{worker}-{number}", n) for n in range(3)]:
                leaked.append(found)

    async with ClickHousePool(clickhouse) as pool:
        await asyncio.gather(*(work(worker) for worker in range(4)))
    assert failed == 160
    assert leaked == []


async def test_a_query_that_takes_too_long_is_given_up_and_ended_on_the_server(clickhouse: Settings) -> None:
    async with ClickHousePool(clickhouse, seconds=1.0) as pool:
        with pytest.raises(Unavailable):
            async with pool.client() as client:
                await client.query("SELECT sleepEachRow(0.5), 'endless' FROM numbers(60) SETTINGS max_block_size = 1")
    async with ClickHousePool(clickhouse) as pool, pool.client() as client:
        async with asyncio.timeout(20):
            while await client.query("SELECT 1 FROM system.processes WHERE query LIKE '%endless%' AND elapsed > 1"):
                await asyncio.sleep(0.1)


async def test_an_unreachable_clickhouse_is_unavailable_and_comes_back(clickhouse: Settings) -> None:
    nobody = clickhouse.model_copy(update={"clickhouse_url": f"http://127.0.0.1:{free_port()}"})
    async with ClickHousePool(nobody) as pool:
        for _ in range(6):  # more often than the pool has places
            with pytest.raises(Unavailable):
                async with pool.client():
                    pass


async def test_a_pool_without_a_free_client_says_so_in_time(clickhouse: Settings) -> None:
    async with ClickHousePool(clickhouse, size=1, seconds=1.0) as pool, pool.client():
        with pytest.raises(Unavailable, match="busy"):
            async with pool.client():
                pass


def test_an_insert_imports_no_pandas(clickhouse_url: str) -> None:
    """In the processes of services it would stall the event loop for a second."""
    script = f"""
import asyncio, sys
from dramatis_kit import Settings
from dramatis_projections.client import ClickHousePool

async def main():
    settings = Settings(clickhouse_url={clickhouse_url!r})
    async with ClickHousePool(settings, database="") as pool, pool.client() as client:
        await client.command("CREATE OR REPLACE TABLE without_pandas (a UInt8) ENGINE = Memory")
        await client.insert("without_pandas", ["a"], ["UInt8"], [[1]])
        print(await client.query("SELECT a FROM without_pandas"), "pandas" in sys.modules)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[(1,)] False\n"
