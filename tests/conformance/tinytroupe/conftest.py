"""Brokerages of the tests' own, each with a key, and clients that speak as the specification says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from dramatis_contracts.gateway.v1 import Tier
from dramatis_eventlog import EventLog, Snapshots
from dramatis_gateway.projections import ApiKeys
from dramatis_gateway.tenants import Tenants
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_testkit.platforms import RunningPlatform

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, and is made once: to read the certificates of the system for every client takes longer than a test."""


@dataclass(frozen=True, slots=True)
class Brokerage:
    """A customer of the platform: the base URL, as published, its id and a key of the whole brokerage."""

    base_url: str
    id: str
    api_key: str

    @asynccontextmanager
    async def client(self, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """With both published headers, unless others are given."""
        own = {"Authorization": f"Bearer {self.api_key}", "X-Brokerage-ID": self.id} | headers
        async with httpx.AsyncClient(base_url=self.base_url, headers=own, timeout=30, verify=NO_TLS) as opened:
            yield opened


async def _registered(platform: RunningPlatform, tier: Tier) -> Brokerage:
    async with connect(Settings(mongo_url=platform.engines["mongo_url"])) as mongo:
        database = mongo[Settings().mongo_database]
        tenants = Tenants(EventLog(database), Snapshots(database, "tenant"), ApiKeys(database))
        made = await tenants.register(str(uuid4()), "Conformance", tier)
    return Brokerage(f"{platform.url}/v1", made.brokerage_id, made.api_key)


@pytest.fixture(scope="module")
def register(platform: RunningPlatform) -> Callable[[Tier], Brokerage]:
    """A fresh brokerage of a tier. It registers in a thread, because the loops of the tests are their own."""

    def registered(tier: Tier) -> Brokerage:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, _registered(platform, tier)).result()

    return registered


@pytest.fixture(scope="module")
def brokerage(register: Callable[[Tier], Brokerage]) -> Brokerage:
    """One for all tests of a module, with the limits of development."""
    return register("development")


@pytest.fixture(scope="module")
def stranger(register: Callable[[Tier], Brokerage]) -> Brokerage:
    """Another one."""
    return register("development")


@pytest.fixture
async def door(brokerage: Brokerage) -> AsyncIterator[httpx.AsyncClient]:
    """Paths are given below the published base URL."""
    async with brokerage.client() as opened:
        yield opened
