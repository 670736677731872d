"""From events to deliveries: every service's stream, matched with the webhooks that want it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from dramatis_bus import Received
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier.terms import PayloadFormat
from dramatis_eventlog import EventLog
from dramatis_kit import Clock, Document
from dramatis_notifier.chains import Chains, queued_document
from dramatis_notifier.deliveries import Deliveries
from dramatis_notifier.documents import document_of, endpoint_of
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.firsts import Waiting
from dramatis_notifier.payload import Message, event_name, message_of
from dramatis_notifier.subscriptions import Subscription
from dramatis_notifier.worker import Worker

log = structlog.get_logger()

_TAKEN_AT_ONCE = 400


class Announcer:
    """Stores a delivery for every webhook that wants an event, for the worker to send. Repetition changes nothing."""

    def __init__(
        self,
        endpoints: Endpoints,
        deliveries: Deliveries,
        chains: Chains,
        events: EventLog,
        worker: Worker,
        *,
        clock: Clock,
        retention: timedelta,
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._chains = chains
        self._events = events
        self._worker = worker
        self._clock = clock
        self._retention = retention

    async def announce(self, batch: Sequence[Received]) -> None:
        """A batch's handler. Raises `Unavailable` while MongoDB is down: the batch comes again until it is back."""
        by_tenant: dict[str, list[Envelope]] = {}
        for event in self._fresh([received.envelope for received in batch]):
            by_tenant.setdefault(event.tenantid, []).append(event)
        for tenant, events in by_tenant.items():
            names = sorted({event_name(event.type) for event in events})
            subscriptions = await self._endpoints.subscribed(tenant, names)
            await self.deliver(events, [one for one in subscriptions if one.ordering == "none"])
            for ordered in (one for one in subscriptions if one.ordering == "fifo"):
                await self._deliver_in_order(ordered, events)

    async def deliver(self, events: Sequence[Envelope], subscriptions: Sequence[Subscription]) -> None:
        """To endpoints that want no order. Some at a time: what was not taken up yet, the event bus keeps."""
        waiting, untried = Waiting(), dict[str, Document]()
        size = max(1, _TAKEN_AT_ONCE // max(1, len(subscriptions)))
        for start in range(0, len(events), size):
            at_once = await self._store_for_later(events[start : start + size], subscriptions)
            untried |= at_once
            self._worker.take(list(at_once.values()), waiting)
            if not await waiting.down_to(_TAKEN_AT_ONCE):
                await self._store_untried(waiting, untried)
        if not await waiting.down_to(0):
            await self._store_untried(waiting, untried)

    async def _store_for_later(
        self, events: Sequence[Envelope], subscriptions: Sequence[Subscription]
    ) -> dict[str, Document]:
        """Store what cannot be posted at once. Returns the rest, as far as it is new."""
        messages, now = _Messages(), self._clock()
        later: list[Document] = []
        at_once: list[Document] = []
        for subscription in subscriptions:
            made = [messages.document(event, subscription, now) for event in events if subscription.wants(event)]
            room = 0 if subscription.rated else self._worker.room(subscription.endpoint)
            at_once += made[:room]
            later += made[room:]
        await self._insert(later)
        known = await self._deliveries.known([one["_id"] for one in at_once]) if at_once else set()
        return {one["_id"]: one for one in at_once if one["_id"] not in known}

    async def _store_untried(self, waiting: Waiting, new: Mapping[str, Document]) -> None:
        """What takes too long for a batch to wait for, or cannot be tried now."""
        until = self._worker.lease_end(self._clock())
        left = list(waiting.left)
        leased = [self._deliveries.leased(new[one], until) for one in left if one not in waiting.refused]
        refused = [new[one] | ({"due_at": at} if at else {}) for one, at in waiting.refused.items()]
        await self._insert([*leased, *refused])
        waiting.give_up(left)

    async def _insert(self, documents: Sequence[Document]) -> None:
        fresh = await self._deliveries.insert(documents)
        self._worker.wake({endpoint_of(one) for one in fresh if not one["lease"]})

    async def _deliver_in_order(self, subscription: Subscription, events: Sequence[Envelope]) -> None:
        oldest = self._clock() - self._retention
        wanted = await self._chains.complete(subscription, events, self._events, oldest)
        await self.enqueue_in_order(subscription, wanted)

    async def enqueue_in_order(self, subscription: Subscription, events: Sequence[Envelope]) -> int:
        """The events of each object must be given in order. Returns how many are new."""
        if not events:
            return 0
        now = self._clock()
        documents = [queued_document(event, subscription, now) for event in events]
        fresh = await self._deliveries.insert(documents)
        # Also for what was stored before: whoever stored it may have died before it woke the chain.
        await self._chains.wake(documents, now)
        self._worker.wake({subscription.endpoint})
        return len(fresh)

    async def enqueue(self, subscription: Subscription, events: Sequence[Envelope]) -> int:
        """Events from the past that an endpoint never had. Returns how many are new."""
        if subscription.ordering == "fifo":
            in_order = sorted(events, key=lambda event: (event.subject, event.streamversion))
            return await self.enqueue_in_order(subscription, in_order)
        messages, now = _Messages(), self._clock()
        fresh = await self._deliveries.insert([messages.document(event, subscription, now) for event in events])
        self._worker.wake({endpoint_of(one) for one in fresh})
        return len(fresh)

    def _fresh(self, events: Sequence[Envelope]) -> list[Envelope]:
        """A rebuilt stream repeats old events. What was delivered is known for the time of the retention only."""
        oldest = self._clock() - self._retention
        fresh = [event for event in events if event.time >= oldest]
        if len(fresh) < len(events):
            log.warning("events too old for webhooks", count=len(events) - len(fresh), older_than=oldest.isoformat())
        return fresh


class _Messages:
    """What is sent, made once per event and format."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, PayloadFormat], Message] = {}

    def document(self, event: Envelope, subscription: Subscription, now: datetime) -> Document:
        key = (event.id, subscription.payload_format)
        if key not in self._made:
            self._made[key] = message_of(event, subscription.payload_format)
        return document_of(event, subscription.endpoint, self._made[key], now)
