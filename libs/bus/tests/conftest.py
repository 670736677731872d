"""A stage for bus tests: a service of its own on the shared nats-server, and words to act on it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from nats.aio.client import Client
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus import Bus, Consumer, encode_event
from dramatis_bus.link import linked
from dramatis_bus.parking import MongoParkingLot
from dramatis_bus.provisioning import consumer_resources, stream_resource
from dramatis_bus.subjects import partition_of
from dramatis_contracts.envelope import Envelope, schema_of, source_of
from dramatis_kit import Document, Settings, new_id
from dramatis_kit.provisioning import provision

TENANT = "ten_1"


@dataclass
class Stage:
    settings: Settings
    service: str
    database: AsyncDatabase[Document]
    client: Client
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def lot(self) -> MongoParkingLot:
        return MongoParkingLot(self.database)

    def open(self, name: str | None = None, **settings: Any) -> AbstractAsyncContextManager[Bus]:
        """A bus whose parking lot is this test's database."""
        return Bus.open(self.settings.model_copy(update=settings), name=name or self.service, parking=self.lot)

    def event(self, subject: str, type: str = "thing.happened.v1", **data: Any) -> Envelope:  # noqa: A002  # CloudEvents
        """The next event of an aggregate."""
        version = self.versions[subject] = self.versions.get(subject, 0) + 1
        return Envelope(
            id=new_id("evt"),
            source=source_of(self.service),
            type=type,
            subject=subject,
            time=datetime(2026, 1, 2, tzinfo=UTC),
            dataschema=schema_of(type),
            tenantid=TENANT,
            streamversion=version,
            correlationid="cor_1",
            data=data,
        )

    async def publish(self, *events: Envelope) -> None:
        js = self.client.jetstream()
        for position, event in enumerate(events, 1):
            subject, payload, headers = encode_event(event, position)
            await js.publish(subject, payload, headers=headers)

    async def provision(self, *consumers: Consumer) -> None:
        await provision([stream_resource(self.settings, self.service)])
        for consumer in consumers:
            await provision(consumer_resources(self.settings, consumer))

    def in_partition(self, partition: int, count: int = 1) -> list[str]:
        """Ids of aggregates that share a partition."""
        found = []
        for number in range(10_000):
            if partition_of(TENANT, f"agg_{number}") == partition:
                found.append(f"agg_{number}")
            if len(found) == count:
                break
        return found


@pytest.fixture
async def stage(nats_url: str, mongo_url: str, database: AsyncDatabase[Document]) -> AsyncIterator[Stage]:
    settings = Settings(nats_url=nats_url, mongo_url=mongo_url, mongo_database=database.name)
    service = new_id("svc")
    async with linked(settings, "test") as link:
        yield Stage(settings, service, database, link.client)
        js = link.client.jetstream()
        for stream in await js.streams_info():
            if (stream.config.name or "").endswith(service):
                await js.delete_stream(stream.config.name or "")


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Awaitable[None]]:
    """Wait until a condition holds; it may be a coroutine function."""

    async def wait(condition: Callable[[], Any], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            assert time.monotonic() < deadline, "it did not come to pass"
            await asyncio.sleep(0.01)

    return wait
