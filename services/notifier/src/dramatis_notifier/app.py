"""Composition root of the notifier: webhook endpoints, and the delivery of every event to those that want it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from dramatis_bus import BatchConsumer, Bus, OrderedConsumer
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.notifier import v1
from dramatis_contracts.registry import SERVICES
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Resource, Runtime, Service, new_id
from dramatis_notifier.announcer import Announcer
from dramatis_notifier.decider import WebhookState, decide, evolve
from dramatis_notifier.deliveries import Deliveries
from dramatis_notifier.endpoints import Endpoints, Secrets, Webhooks
from dramatis_notifier.handlers import Handlers
from dramatis_notifier.projections import decode, encode
from dramatis_notifier.sender import Sender
from dramatis_notifier.settings import NotifierSettings, notifier_settings
from dramatis_notifier.worker import Worker

# Small and quick: a webhook should leave within milliseconds of its event.
ANNOUNCEMENTS = BatchConsumer("notifier-deliveries", services=SERVICES, size=200, wait=0.002)
OWN_EVENTS = OrderedConsumer("notifier-webhooks", service="notifier")


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    settings = notifier_settings(runtime.settings)
    webhooks, secrets, deliveries = _stores(runtime, settings)
    endpoints = Endpoints(webhooks, secrets)
    async with (
        Sender.open(settings.guard, settings.webhook_deadline_seconds) as sender,
        Bus.open(runtime.settings, name="notifier") as bus,
    ):
        worker = Worker(deliveries, endpoints, sender, settings, runtime.clock)
        announcer = Announcer(endpoints, deliveries, worker.wake, clock=runtime.clock, retention=_retention(settings))
        handlers = Handlers(
            webhooks, secrets, deliveries, worker, settings.guard, runtime.clock, settings.webhooks_per_tenant
        )
        _serve(bus, handlers, announcer, worker)
        async with worker.running(runtime.spawn):
            await bus.start()
            yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    settings = notifier_settings(runtime.settings)
    webhooks, _, deliveries = _stores(runtime, settings)
    return [
        *webhooks.log.resources(),
        *webhooks.snapshots.resources([("state.status", 1), ("state.events", 1)]),
        *deliveries.resources(),
        *consumer_resources(settings, ANNOUNCEMENTS),
        *consumer_resources(settings, OWN_EVENTS),
    ]


def _stores(runtime: Runtime, settings: NotifierSettings) -> tuple[Webhooks, Secrets, Deliveries]:
    webhooks: Webhooks = Aggregate(
        log=EventLog(runtime.database, clock=runtime.clock),
        snapshots=Snapshots(runtime.database, "webhook"),
        category="webhook",
        initial=WebhookState(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )
    deliveries = Deliveries(runtime.database, new_id("notifier"), retention=_retention(settings))
    return webhooks, Secrets(runtime.database), deliveries


def _retention(settings: NotifierSettings) -> timedelta:
    return timedelta(days=settings.webhook_retention_days)


def _serve(bus: Bus, handlers: Handlers, announcer: Announcer, worker: Worker) -> None:
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
