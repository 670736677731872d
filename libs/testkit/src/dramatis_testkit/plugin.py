"""Pytest fixtures: real engines on free ports, one of each per test session, and a fresh database per test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_engines.clickhouse import start_clickhouse
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Document, new_id
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica set of one."""
    running = start_mongod(tmp_path_factory.mktemp("mongo"))
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A nats-server with JetStream. Tests that wipe or stop it start their own."""
    running = start_nats(tmp_path_factory.mktemp("nats"))
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded ClickHouse engine; its databases are shared, so a test makes one of its own."""
    running = start_clickhouse(tmp_path_factory.mktemp("clickhouse"))
    yield running.url
    running.stop()


@pytest.fixture
async def database(mongo_url: str) -> AsyncIterator[AsyncDatabase[Document]]:
    """An empty database, dropped afterwards."""
    settings = Settings(mongo_url=mongo_url, mongo_database=new_id("test"))
    async with connect(settings) as client:
        yield client[settings.mongo_database]
        await client.drop_database(settings.mongo_database)
