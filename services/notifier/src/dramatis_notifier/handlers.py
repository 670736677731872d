"""Load, decide, append: what the notifier answers to commands and queries about webhooks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dramatis_bus import Call, Received
from dramatis_contracts.notifier import v1
from dramatis_contracts.notifier.terms import Origin
from dramatis_contracts.pages import Page
from dramatis_eventlog import cause_of
from dramatis_eventlog.aggregates import Loaded
from dramatis_kit import Clock, Rejected
from dramatis_notifier.catalogue import catalogue
from dramatis_notifier.decider import Command, Rotate, Subscribe, Update, WebhookState
from dramatis_notifier.places import Endpoint
from dramatis_notifier.projections import resource
from dramatis_notifier.settings import NotifierSettings
from dramatis_notifier.stores import Stores
from dramatis_notifier.subscriptions import check_headers, check_names
from dramatis_notifier.worker import Worker

_PRESENT = {"state.status": {"$in": ["active", "disabled"]}}


@dataclass(frozen=True, slots=True)
class Handlers:
    """The RPC methods and the consumer of the notifier's own events."""

    stores: Stores
    worker: Worker
    settings: NotifierSettings
    clock: Clock

    async def register(self, call: Call[v1.RegisterWebhook]) -> v1.Webhook:
        """Its answer holds the secret; a repeated command gets it again, for the first answer may have been lost."""
        command = call.request
        self._check(command.url, command.events)
        check_headers(command.headers)
        endpoint = Endpoint(call.tenant, command.webhook_id)
        await self._prepare(endpoint, dict(command.headers), "webhooks")
        loaded = await self._handle(call, endpoint, command)
        return await self._resource(endpoint, loaded, secret=True)

    async def subscribe(self, call: Call[v1.Subscribe]) -> v1.Webhook:
        """For the alert rules of another door. Its answer holds the secret, too."""
        wish = call.request
        self._check(wish.url, wish.events)
        endpoint = Endpoint(call.tenant, wish.webhook_id)
        await self._prepare(endpoint, {}, "alerts")
        loaded = await self._handle(call, endpoint, Subscribe(wish, self.clock()))
        self.worker.drop(endpoint)
        return await self._resource(endpoint, loaded, secret=True)

    async def get(self, call: Call[v1.GetWebhook]) -> v1.Webhook:
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        return await self._resource(endpoint, await present(self.stores, endpoint))

    async def update(self, call: Call[v1.UpdateWebhook]) -> v1.Webhook:
        """What waits goes to the new address, too."""
        changes = call.request.changes
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        before = await present(self.stores, endpoint)
        self._check(changes.url, changes.events or ())
        if changes.headers is not None:
            check_headers(changes.headers)
            await self.stores.secrets.set_headers(endpoint, changes.headers)
        loaded = await self._handle(call, endpoint, Update(endpoint.webhook_id, changes, self.clock()))
        self.worker.drop(endpoint)
        if loaded.state.status == "disabled" and before.state.status == "active":
            await self._end(endpoint, removed=False)
        if loaded.state.status == "active" and before.state.status == "disabled":
            await self.stores.conditions.begin_anew(endpoint)
        return await self._resource(endpoint, loaded)

    async def remove(self, call: Call[v1.RemoveWebhook]) -> v1.Removed:
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        await self._handle(call, endpoint, call.request)
        await self._end(endpoint, removed=True)
        return v1.Removed(id=endpoint.webhook_id)

    async def rotate_secret(self, call: Call[v1.RotateSecret]) -> v1.Webhook:
        """The answer holds the new secret; until the old one expires every delivery is signed with both."""
        endpoint = Endpoint(call.tenant, call.request.webhook_id)
        await present(self.stores, endpoint)
        now = self.clock()
        expires_at = now + timedelta(hours=self.settings.webhook_rotation_hours)
        await self.stores.secrets.rotate(endpoint, call.command_id, now, expires_at)
        loaded = await self._handle(call, endpoint, Rotate(endpoint.webhook_id, expires_at))
        self.worker.drop(endpoint)
        return await self._resource(endpoint, loaded, secret=True)

    async def list_(self, call: Call[v1.ListWebhooks]) -> Page[v1.Webhook]:
        page, size = call.request.page, call.request.page_size
        wanted = _of_origin(call.request.origin)
        found = await self.stores.webhooks.snapshots.find(call.tenant, wanted, skip=(page - 1) * size, limit=size)
        total = await self.stores.webhooks.snapshots.count(call.tenant, wanted)
        loaded = [self.stores.webhooks.restored(one) for one in found]
        items = [await self._resource(Endpoint(call.tenant, one.id), one) for one in loaded]
        return Page[v1.Webhook](items=items, total=total, page=page, page_size=size)

    async def event_types(self, _call: Call[v1.ListEventTypes]) -> v1.EventTypes:
        return catalogue()

    async def follow(self, received: Received) -> None:
        """Own events: what a process that died in between, or another process, has not done yet."""
        event = received.envelope
        await self.stores.webhooks.repair(received)
        endpoint = Endpoint(event.tenantid, event.subject)
        self.worker.drop(endpoint)
        if event.type in (v1.WebhookRemoved.type, v1.WebhookDisabled.type):
            status = (await self.stores.webhooks.load(endpoint.tenant, endpoint.webhook_id)).state.status
            if status != "active":  # enabled again since
                await self._end(endpoint, removed=status == "removed")

    async def _handle(self, call: Call[Any], endpoint: Endpoint, command: Command) -> Loaded[WebhookState]:
        return await self.stores.webhooks.handle(
            endpoint.tenant, endpoint.webhook_id, command, command_id=call.command_id, cause=cause_of(call)
        )

    async def _resource(self, endpoint: Endpoint, loaded: Loaded[WebhookState], *, secret: bool = False) -> v1.Webhook:
        keys = await self.stores.secrets.of(endpoint)
        webhook = resource(loaded, keys, self.clock())
        return webhook.model_copy(update={"secret": keys.current.secret}) if keys and secret else webhook

    def _check(self, url: str | None, events: tuple[str, ...]) -> None:
        if url is not None and (issue := self.settings.guard.issue_with(url)):
            raise Rejected("INVALID_WEBHOOK", "the webhook's address may not be called", field="url", issue=issue)
        check_names(events)

    async def _prepare(self, endpoint: Endpoint, headers: dict[str, str], origin: Origin) -> None:
        """Before the event: a webhook without keys could not be served."""
        if (await self.stores.webhooks.load(endpoint.tenant, endpoint.webhook_id)).state.status == "absent":
            await self._check_number(endpoint.tenant, origin)
            await self.stores.secrets.issue(endpoint, headers, self.clock())

    async def _end(self, endpoint: Endpoint, *, removed: bool) -> None:
        self.worker.drop(endpoint)
        await self.stores.deliveries.stop(endpoint, self.clock())
        await self.stores.chains.stop(endpoint)
        if removed:
            await self.stores.secrets.forget(endpoint)
            await self.stores.rates.forget(endpoint)
            await self.stores.conditions.forget(endpoint)

    async def _check_number(self, tenant: str, origin: Origin) -> None:
        limits = {"webhooks": self.settings.webhooks_per_tenant, "alerts": self.settings.webhook_alerts_per_tenant}
        if await self.stores.webhooks.snapshots.count(tenant, _of_origin(origin)) >= limits[origin]:
            raise Rejected("INVALID_WEBHOOK", f"a tenant may have at most {limits[origin]} webhooks")


async def present(stores: Stores, endpoint: Endpoint) -> Loaded[WebhookState]:
    """A webhook that was not removed. Raises `Rejected` NOT_FOUND."""
    loaded = await stores.webhooks.load(endpoint.tenant, endpoint.webhook_id)
    if loaded.state.status in ("absent", "removed"):
        raise Rejected("NOT_FOUND", f"no webhook {endpoint.webhook_id}", field="webhook_id")
    return loaded


def _of_origin(origin: Origin) -> dict[str, object]:
    return _PRESENT | {"state.origin": origin}
