"""Pytest fixtures: real engines on free ports, one of each per test session, and a fresh database per test."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_engines.clickhouse import start_clickhouse
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Document, new_id
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_testkit.platforms import RunningPlatform, running_platform


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


@pytest.fixture
async def settings(
    mongo_url: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Settings]:
    """The engines of the session with empty databases, and a NATS of the test's own.

    Streams and durables have fixed names: on a shared server one test's consumers would get another's events. A
    nats-server starts in 20 ms.
    """
    folder = tmp_path_factory.mktemp("platform")
    nats = start_nats(folder / "nats")
    name = new_id("test")
    own = Settings(
        mongo_url=mongo_url,
        mongo_database=name,
        nats_url=nats.url,
        clickhouse_url=clickhouse_url,
        clickhouse_database=name,
        data_dir=folder,
        embedded=True,
    )
    async with connect(own) as client, httpx.AsyncClient() as clickhouse:
        yield own
        await client.drop_database(name)
        await clickhouse.post(clickhouse_url, content=f"DROP DATABASE IF EXISTS {name}")
    nats.stop()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """One platform for all journeys of a session, as `dramatis up --no-demo` starts it. Do not stop it."""
    with running_platform(tmp_path_factory.mktemp("journeys")) as running:
        yield running


@pytest.fixture
async def api(platform: RunningPlatform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the platform with the development key."""
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=20) as client:
        yield client
