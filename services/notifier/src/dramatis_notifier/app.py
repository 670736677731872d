"""Composition root of the notifier: webhook endpoints, and the delivery of every event to those that want it."""

import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from dramatis_bus import BatchConsumer, Bus, OrderedConsumer
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.notifier import v1
from dramatis_contracts.registry import SERVICES
from dramatis_kit import Resource, Runtime, Service
from dramatis_notifier.announcer import Announcer
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.handlers import Handlers
from dramatis_notifier.inspection import Inspection
from dramatis_notifier.sender import Sender
from dramatis_notifier.settings import notifier_settings
from dramatis_notifier.stores import open_stores
from dramatis_notifier.worker import Worker

# No lingering: a webhook leaves within milliseconds of its event, and under load batches form by themselves.
# A killed process's batch comes again after `ack_wait`; one that is being handled is kept alive.
ANNOUNCEMENTS = BatchConsumer("notifier-deliveries", services=SERVICES, size=200, wait=0.0, ack_wait=5.0)
OWN_EVENTS = OrderedConsumer("notifier-webhooks", service="notifier")


_COLLECT_AFTER = (20_000, 50, 100)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cyclic garbage rarely: a delivery leaves none behind, and looking took a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    with _rare_collections():
        async with _opened(runtime):
            yield


@asynccontextmanager
async def _opened(runtime: Runtime) -> AsyncIterator[None]:
    settings = notifier_settings(runtime.settings)
    stores = open_stores(runtime.database, runtime.clock, settings.retention)
    endpoints = Endpoints(stores.webhooks, stores.secrets, runtime.clock)
    async with (
        Sender.open(settings.guard, settings.webhook_deadline_seconds) as sender,
        Bus.hosted(runtime, name="notifier") as bus,
    ):
        worker = Worker(stores, endpoints, sender, settings, runtime.clock)
        announcer = Announcer(
            endpoints,
            stores.deliveries,
            stores.chains,
            stores.webhooks.log,
            worker,
            clock=runtime.clock,
            retention=settings.retention,
        )
        handlers = Handlers(stores, worker, settings, runtime.clock)
        inspection = Inspection(stores, announcer, worker, settings, runtime.clock)
        _serve(bus, handlers, inspection)
        _consume(bus, handlers, announcer, worker)
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


def _serve(bus: Bus, handlers: Handlers, inspection: Inspection) -> None:
    bus.serve(v1.register_webhook, handlers.register)
    bus.serve(v1.subscribe, handlers.subscribe)
    bus.serve(v1.get_webhook, handlers.get)
    bus.serve(v1.list_webhooks, handlers.list_)
    bus.serve(v1.update_webhook, handlers.update)
    bus.serve(v1.remove_webhook, handlers.remove)
    bus.serve(v1.rotate_secret, handlers.rotate_secret)
    bus.serve(v1.list_event_types, handlers.event_types)
    bus.serve(v1.webhook_health, inspection.health)
    bus.serve(v1.list_deliveries, inspection.list_deliveries)
    bus.serve(v1.get_delivery, inspection.get_delivery)
    bus.serve(v1.replay_one, inspection.replay_one)
    bus.serve(v1.replay_range, inspection.replay_range)
    bus.serve(v1.replay_failed_since, inspection.replay_failed_since)
    bus.serve(v1.send_example, inspection.send_example)
    bus.not_implemented(v1.SERVICE)


def _consume(bus: Bus, handlers: Handlers, announcer: Announcer, worker: Worker) -> None:
    async def checks() -> dict[str, str]:
        return {"deliveries": worker.trouble or "ok"}

    bus.consume(ANNOUNCEMENTS, announcer.announce)
    bus.consume(OWN_EVENTS, handlers.follow)
    bus.health(v1.SERVICE, checks)


service = Service(name="notifier", open=open_service, resources=resources)
