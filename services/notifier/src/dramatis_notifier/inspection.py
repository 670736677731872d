"""What an owner sees of deliveries, and sends again: lists, attempts, health, replays, examples."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dramatis_bus import Call
from dramatis_contracts.envelope import Envelope, schema_of, source_of
from dramatis_contracts.notifier import v1
from dramatis_contracts.notifier.terms import WebhookStatus
from dramatis_contracts.pages import Page
from dramatis_contracts.registry import EVENT_TYPES
from dramatis_kit import Clock, Rejected, new_id
from dramatis_notifier.announcer import Announcer
from dramatis_notifier.catalogue import example, known_names
from dramatis_notifier.condition import WINDOW, Condition
from dramatis_notifier.decider import WebhookState
from dramatis_notifier.documents import document_of, resource_of
from dramatis_notifier.endpoints import subscription_of
from dramatis_notifier.handlers import present
from dramatis_notifier.history import Period
from dramatis_notifier.payload import message_of
from dramatis_notifier.places import Endpoint
from dramatis_notifier.settings import NotifierSettings
from dramatis_notifier.stores import Stores
from dramatis_notifier.subscriptions import Subscription
from dramatis_notifier.worker import Worker

ADDED_AT_ONCE = 5_000
_SCANNED_AT_ONCE = 50_000
_FINISHED = ("delivered", "failed", "stopped")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The RPC methods about deliveries."""

    stores: Stores
    announcer: Announcer
    worker: Worker
    settings: NotifierSettings
    clock: Clock

    async def list_deliveries(self, call: Call[v1.ListDeliveries]) -> Page[v1.Delivery]:
        """Also of a removed webhook, for as long as they are kept."""
        query = call.request
        await self._known(Endpoint(call.tenant, query.webhook_id))
        items = await self.stores.history.page(query, call.tenant)
        total = await self.stores.history.count(query, call.tenant)
        return Page[v1.Delivery](items=items, total=total, page=query.page, page_size=query.page_size)

    async def get_delivery(self, call: Call[v1.GetDelivery]) -> v1.Delivery:
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        await self._known(endpoint)
        return await self._delivery(endpoint, call.request.delivery_id)

    async def health(self, call: Call[v1.GetHealth]) -> v1.Health:
        endpoint, now = Endpoint(call.tenant, call.request.webhook_id), self.clock()
        webhook = (await present(self.stores, endpoint)).state
        condition = await self.stores.conditions.of(endpoint)
        counts = await self.stores.conditions.counts(endpoint, now)
        pending, due_at = await self.stores.history.pending(endpoint)
        circuit, reopens_at = self.settings.breaker.circuit(
            condition.consecutive_failures, condition.last_failure_at, now
        )
        begins = [at for at in (due_at, reopens_at) if at is not None]
        patience = timedelta(hours=self.settings.webhook_disable_after_hours)
        failing = condition.failing_since if webhook.status == "active" else None
        return v1.Health(
            webhook_id=endpoint.webhook_id,
            status=_public(webhook),
            window_hours=int(WINDOW.total_seconds() // 3600),
            attempts=counts.attempts,
            accepted=counts.accepted,
            success_rate=counts.accepted / counts.attempts if counts.attempts else None,
            mean_latency_ms=counts.milliseconds / counts.attempts if counts.attempts else None,
            pending=pending,
            last_success_at=condition.last_success_at,
            last_failure_at=condition.last_failure_at,
            failing_since=condition.failing_since,
            consecutive_failures=condition.consecutive_failures,
            circuit=circuit,
            next_attempt_at=max(begins) if pending and begins else None,
            disabled_at=failing + patience if failing else None,
            notice=self._notice(webhook, condition, now),
        )

    async def replay_one(self, call: Call[v1.ReplayOne]) -> v1.Delivery:
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        await self._active(endpoint)
        before = await self._delivery(endpoint, call.request.delivery_id)
        if before.kind == "test":
            raise Rejected("INVALID_WEBHOOK", "an example is not sent twice: send another", field="delivery_id")
        if not await self.stores.history.resend_one(endpoint, before.id, self.clock()):
            raise Rejected("CONFLICT", "the delivery is being sent at this moment", field="delivery_id")
        await self.stores.chains.wake_again(await self.stores.history.chain_of(before.id), self.clock())
        self.worker.wake({endpoint})
        return await self._delivery(endpoint, before.id)

    async def replay_failed_since(self, call: Call[v1.ReplayFailedSince]) -> v1.Replay:
        wish = call.request
        endpoint = Endpoint(call.tenant, wish.webhook_id)
        await self._active(endpoint)
        return await self._resend(endpoint, ("failed", "stopped"), Period(wish.since, wish.until))

    async def replay_range(self, call: Call[v1.ReplayRange]) -> v1.Replay:
        wish = call.request
        endpoint = Endpoint(call.tenant, wish.webhook_id)
        subscription = await self._active(endpoint)
        until = wish.until or self.clock()
        if wish.since > until:
            raise Rejected("INVALID_WEBHOOK", "the range ends before it begins", field="until")
        statuses = (wish.status,) if wish.status else _FINISHED
        resent = await self._resend(endpoint, statuses, Period(wish.since, until))
        if not wish.missing or resent.next_since:
            return resent
        added, next_since = await self._add_missing(subscription, wish.since, until)
        return resent.model_copy(update={"added": added, "next_since": next_since})

    async def send_example(self, call: Call[v1.SendExample]) -> v1.Delivery:
        """Also to an endpoint that is disabled: to see that it works before it is enabled."""
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        webhook = (await present(self.stores, endpoint)).state
        event = _example(call.tenant, call.request.event, self.clock())
        message = message_of(event, webhook.payload_format)
        document = document_of(event, endpoint, message, self.clock()) | {"kind": "test"}
        await self.stores.deliveries.insert([document])
        self.worker.wake({endpoint})
        return resource_of(document)

    async def _resend(self, endpoint: Endpoint, statuses: tuple[str, ...], period: Period) -> v1.Replay:
        resent = await self.stores.history.resend(endpoint, statuses, period, self.clock())
        await self.stores.chains.wake_again(resent.chains, self.clock())
        self.worker.wake({endpoint})
        return v1.Replay(webhook_id=endpoint.webhook_id, replayed=resent.count, next_since=resent.next_since)

    async def _add_missing(
        self, subscription: Subscription, since: datetime, until: datetime
    ) -> tuple[int, datetime | None]:
        """Deliveries for events of the log that have none; bounded, with the time to go on from."""
        oldest = self.clock() - self.settings.retention
        found: list[Envelope] = []
        next_since: datetime | None = None
        async for event in self._events(subscription, max(since, oldest), until):
            if len(found) >= ADDED_AT_ONCE:
                next_since = event.time
                break
            found.append(event)
        return await self.announcer.enqueue(subscription, found), next_since

    async def _events(self, subscription: Subscription, since: datetime, until: datetime) -> AsyncIterator[Envelope]:
        """What the endpoint wants of a period, by time."""
        kinds = {name.partition(".")[0] for name in known_names() if subscription.events_select(name)}
        log = self.stores.webhooks.log
        found: list[Envelope] = []
        for kind in sorted(kinds):
            scanned = 0
            async for event in log.read_category(subscription.endpoint.tenant, kind, since=since):
                scanned += 1
                if event.time >= until or scanned > _SCANNED_AT_ONCE:
                    break
                if subscription.selects(event):
                    found.append(event)
        for event in sorted(found, key=lambda one: (one.time, one.subject, one.streamversion)):
            yield event

    async def _delivery(self, endpoint: Endpoint, delivery_id: str) -> v1.Delivery:
        found = await self.stores.history.one(endpoint, delivery_id)
        if found is None:
            raise Rejected("NOT_FOUND", f"no delivery {delivery_id}", field="delivery_id")
        return found

    async def _known(self, endpoint: Endpoint) -> None:
        if (await self.stores.webhooks.load(endpoint.tenant, endpoint.webhook_id)).state.status == "absent":
            raise Rejected("NOT_FOUND", f"no webhook {endpoint.webhook_id}", field="webhook_id")

    async def _active(self, endpoint: Endpoint) -> Subscription:
        loaded = await present(self.stores, endpoint)
        if loaded.state.status != "active":
            raise Rejected("INVALID_WEBHOOK", "the webhook is disabled: enable it first", field="enabled")
        return subscription_of(endpoint.tenant, loaded)

    def _notice(self, webhook: WebhookState, condition: Condition, now: datetime) -> str | None:
        if webhook.status == "disabled":
            return f"disabled: {webhook.disabled_reason}"
        since = condition.failing_since
        if since is None or since > now - timedelta(hours=self.settings.webhook_notice_after_hours):
            return None
        ends = since + timedelta(hours=self.settings.webhook_disable_after_hours)
        return (
            f"nothing was accepted since {since:%Y-%m-%d %H:%M} UTC ({condition.last_failure}); "
            f"without a success it is disabled at {ends:%Y-%m-%d %H:%M} UTC"
        )


def _public(webhook: WebhookState) -> WebhookStatus:
    if webhook.status == "absent":
        raise ValueError("an absent webhook has no health")
    return webhook.status


def _example(tenant: str, name: str, now: datetime) -> Envelope:
    found = example(name)
    if found is None:
        raise Rejected("INVALID_WEBHOOK", f"there is no example of {name!r}", field="event")
    event_type, details = found
    return Envelope(
        id=new_id("test"),
        source=source_of(EVENT_TYPES[event_type].owner),
        type=event_type,
        subject=f"{name.partition('.')[0]}_example",
        time=now,
        dataschema=schema_of(event_type),
        tenantid=tenant,
        streamversion=1,
        correlationid=new_id("test"),
        data=details,
    )
