"""A notifier without the bus, on a real MongoDB: events are handed to it directly, calls reach its handlers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus import Call, Received
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier import v1
from dramatis_kit import Document, new_id, utc_now
from dramatis_kit.provisioning import provision
from dramatis_notifier.announcer import Announcer
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.handlers import Handlers
from dramatis_notifier.inspection import Inspection
from dramatis_notifier.places import Endpoint
from dramatis_notifier.sender import Sender
from dramatis_notifier.settings import NotifierSettings
from dramatis_notifier.stores import Stores, open_stores
from dramatis_notifier.worker import Worker

TENANT = "brk_1"
Mongo = AsyncDatabase[Document]
RequestT = TypeVar("RequestT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Rig:
    """One process of the notifier."""

    settings: NotifierSettings
    stores: Stores
    worker: Worker
    announcer: Announcer
    handlers: Handlers
    inspection: Inspection

    async def register(
        self, url: str, *events: str, webhook_id: str = "", command_id: str = "", **settings: Any
    ) -> v1.Webhook:
        command = v1.RegisterWebhook(
            webhook_id=webhook_id or new_id("wh"), url=url, events=events or ("*",), **settings
        )
        return await self.handlers.register(call(command, command_id=command_id))

    async def update(self, webhook: v1.Webhook, **changes: Any) -> v1.Webhook:
        command = v1.UpdateWebhook(webhook_id=webhook.id, changes=v1.WebhookChanges(**changes))
        return await self.handlers.update(call(command))

    async def announce(self, *events: Envelope) -> None:
        await self.announcer.announce([Received(event, position) for position, event in enumerate(events, 1)])

    async def webhooks(self) -> list[v1.Webhook]:
        return (await self.handlers.list_(call(v1.ListWebhooks()))).items

    async def deliveries(self, webhook: v1.Webhook, **query: Any) -> list[v1.Delivery]:
        wanted = v1.ListDeliveries(webhook_id=webhook.id, **({"page_size": 200} | query))
        return (await self.inspection.list_deliveries(call(wanted))).items

    async def delivery(self, webhook: v1.Webhook, status: str) -> v1.Delivery:
        """The webhook's only delivery, once it is in this status."""
        found: list[v1.Delivery] = await eventually(lambda: self._only(webhook, status))
        return found[0]

    async def all(self, webhook: v1.Webhook, status: str, count: int) -> None:
        """Wait until the webhook has so many deliveries and all are in this status."""

        async def there() -> bool:
            return [one.status for one in await self.deliveries(webhook)] == [status] * count

        await eventually(there)

    async def health(self, webhook: v1.Webhook) -> v1.Health:
        await self.stores.conditions.flush()
        return await self.inspection.health(call(v1.GetHealth(webhook_id=webhook.id)))

    async def _only(self, webhook: v1.Webhook, status: str) -> list[v1.Delivery]:
        found = await self.deliveries(webhook)
        return found if [one.status for one in found] == [status] else []


def call(request: RequestT, *, tenant: str = TENANT, command_id: str = "") -> Call[RequestT]:
    return Call(tenant, request, command_id or new_id("cmd"), new_id("req"), time.monotonic() + 10)


def place(webhook: v1.Webhook) -> Endpoint:
    return Endpoint(TENANT, webhook.id)


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.01)
        return found


def event(
    type_: str = "simulation.completed.v1",
    *,
    subject: str = "sim_1",
    version: int = 4,
    tenant: str = TENANT,
    age: float = 0,
    **data: Any,
) -> Envelope:
    return Envelope(
        id=new_id("evt"),
        source="/dramatis/simulation-engine",
        type=type_,
        subject=subject,
        time=utc_now() - timedelta(seconds=age),
        dataschema="urn:x",
        tenantid=tenant,
        streamversion=version,
        correlationid="req_1",
        data=data or {"name": "Penthouse × 2"},
    )


@asynccontextmanager
async def notifier(database: Mongo, **changes: Any) -> AsyncIterator[Rig]:
    quick: dict[str, Any] = {
        "embedded": True,
        "webhook_retry_seconds": (0.02, 0.02, 0.02),
        "webhook_deadline_seconds": 1,
        "webhook_poll_seconds": 0.05,
        "webhook_circuit_seconds": 0.02,
        "webhook_circuit_longest_seconds": 0.05,
        "drain_seconds": 0.2,
    }
    settings = NotifierSettings(**(quick | changes))
    those = open_stores(database, utc_now, settings.retention)
    await provision(those.resources())
    endpoints = Endpoints(those.webhooks, those.secrets, utc_now)
    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(Sender.open(settings.guard, settings.webhook_deadline_seconds))
        worker = Worker(those, endpoints, sender, settings, utc_now)
        announcer = Announcer(
            endpoints,
            those.deliveries,
            those.chains,
            those.webhooks.log,
            worker,
            clock=utc_now,
            retention=settings.retention,
        )
        handlers = Handlers(those, worker, settings, utc_now)
        inspection = Inspection(those, announcer, worker, settings, utc_now)
        tasks: list[asyncio.Task[None]] = []

        def spawn(work: Any, name: str) -> asyncio.Task[None]:
            tasks.append(asyncio.create_task(work, name=name))
            return tasks[-1]

        await stack.enter_async_context(worker.running(spawn))
        yield Rig(settings, those, worker, announcer, handlers, inspection)
    assert all(task.cancelled() for task in tasks), "background work failed"
