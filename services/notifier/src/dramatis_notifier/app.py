"""Composition root of the notifier: webhook endpoints, and the delivery of every event to those that want it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from dramatis_bus import BatchConsumer, Bus, OrderedConsumer
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.notifier import v1
from dramatis_contracts.registry import SERVICES
from dramatis_kit import Resource, Runtime, Service
from dramatis_notifier.announcer import Announcer
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.handlers import Handlers
from dramatis_notifier.sender import Sender
from dramatis_notifier.settings import notifier_settings
from dramatis_notifier.stores import open_stores
from dramatis_notifier.worker import Worker

# No lingering: a webhook leaves within milliseconds of its event, and under load batches form by themselves.
# A killed process's batch comes again after `ack_wait`; one that is being handled is kept alive.
ANNOUNCEMENTS = BatchConsumer("notifier-deliveries", services=SERVICES, size=200, wait=0.0, ack_wait=5.0)
OWN_EVENTS = OrderedConsumer("notifier-webhooks", service="notifier")


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    settings = notifier_settings(runtime.settings)
    stores = open_stores(runtime.database, runtime.clock, settings.retention)
    endpoints = Endpoints(stores.webhooks, stores.secrets)
    async with (
        Sender.open(settings.guard, settings.webhook_deadline_seconds) as sender,
        Bus.hosted(runtime, name="notifier") as bus,
    ):
        worker = Worker(stores.deliveries, endpoints, sender, settings, runtime.clock)
        announcer = Announcer(
            endpoints, stores.deliveries, worker.wake, clock=runtime.clock, retention=settings.retention
        )
        _register(bus, Handlers(stores, worker, settings, runtime.clock), announcer, worker)
        async with worker.running(runtime.spawn):
            await bus.start()
            yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    settings = notifier_settings(runtime.settings)
    return [
        *open_stores(runtime.database, runtime.clock, settings.retention).resources(),
        *consumer_resources(settings, ANNOUNCEMENTS),
        *consumer_resources(settings, OWN_EVENTS),
    ]


def _register(bus: Bus, handlers: Handlers, announcer: Announcer, worker: Worker) -> None:
    async def checks() -> dict[str, str]:
        return {"deliveries": worker.trouble or "ok"}

    bus.serve(v1.register_webhook, handlers.register)
    bus.serve(v1.remove_webhook, handlers.remove)
    bus.serve(v1.list_webhooks, handlers.list_)
    bus.serve(v1.list_deliveries, handlers.list_deliveries)
    bus.not_implemented(v1.SERVICE)
    bus.consume(ANNOUNCEMENTS, announcer.announce)
    bus.consume(OWN_EVENTS, handlers.follow)
    bus.health(v1.SERVICE, checks)


service = Service(name="notifier", open=open_service, resources=resources)
