"""A ClickHouse database of each test's own, with the tables of the projections."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from dramatis_kit import Settings, new_id
from dramatis_kit.provisioning import provision
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.events import COLUMNS
from dramatis_projections.migrations import migration_resources


@pytest.fixture
async def bare(clickhouse_url: str) -> AsyncIterator[Settings]:
    """Settings whose ClickHouse database does not exist yet; dropped afterwards."""
    settings = Settings(clickhouse_url=clickhouse_url, clickhouse_database=new_id("test"))
    yield settings
    async with ClickHousePool(settings, database="") as pool, pool.client() as client:
        await client.command(f"DROP DATABASE IF EXISTS {settings.clickhouse_database} SYNC")


@pytest.fixture
async def clickhouse(bare: Settings) -> Settings:
    """Settings of a provisioned database."""
    await provision(migration_resources(bare))
    return bare


@pytest.fixture
async def pool(clickhouse: Settings) -> AsyncIterator[ClickHousePool]:
    async with ClickHousePool(clickhouse) as pool:
        yield pool


@pytest.fixture
def stored(pool: ClickHousePool) -> Callable[[], Awaitable[list[Row]]]:
    """What the table `events` says, each event once, without the time at which it was projected."""

    async def query() -> list[Row]:
        async with pool.client() as client:
            return await client.query(f"SELECT {', '.join(COLUMNS)} FROM events FINAL ORDER BY recorded_at, id")

    return query
