"""From events to deliveries: every service's stream, matched with the webhooks that want it."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import structlog

from dramatis_bus import Received
from dramatis_contracts.envelope import Envelope
from dramatis_kit import Clock
from dramatis_notifier.deliveries import Deliveries, Endpoint
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.payload import event_name
from dramatis_notifier.subscriptions import Subscription

log = structlog.get_logger()

Wake = Callable[[Collection[Endpoint]], None]


class Announcer:
    """Stores a delivery for every webhook that wants an event, then wakes the worker. Repetition changes nothing."""

    def __init__(
        self, endpoints: Endpoints, deliveries: Deliveries, wake: Wake, *, clock: Clock, retention: timedelta
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._wake = wake
        self._clock = clock
        self._retention = retention

    async def announce(self, batch: Sequence[Received]) -> None:
        """A batch's handler. Raises `Unavailable` while MongoDB is down: the batch comes again until it is back."""
        by_tenant: dict[str, list[Envelope]] = {}
        for event in self._fresh([received.envelope for received in batch]):
            by_tenant.setdefault(event.tenantid, []).append(event)
        wanted = [pair for tenant, some in by_tenant.items() for pair in await self._wanted(tenant, some)]
        self._wake(await self._deliveries.enqueue(wanted, self._clock()))

    async def _wanted(self, tenant: str, events: Sequence[Envelope]) -> list[tuple[Envelope, list[Endpoint]]]:
        names = sorted({event_name(event.type) for event in events})
        subscriptions = await self._endpoints.subscribed(tenant, names)
        return [(event, _subscribers(event, subscriptions)) for event in events]

    def _fresh(self, events: Sequence[Envelope]) -> list[Envelope]:
        """A rebuilt stream repeats old events. What was delivered is known for the time of the retention only."""
        oldest = self._clock() - self._retention
        fresh = [event for event in events if event.time >= oldest]
        if len(fresh) < len(events):
            log.warning("events too old for webhooks", count=len(events) - len(fresh), older_than=oldest.isoformat())
        return fresh


def _subscribers(event: Envelope, subscriptions: Sequence[Subscription]) -> list[Endpoint]:
    return [subscription.endpoint for subscription in subscriptions if subscription.wants(event)]
