"""Load, decide, append: what the notifier answers to each command and query."""

from dataclasses import dataclass

from dramatis_bus import Call, Received
from dramatis_contracts.notifier import v1
from dramatis_contracts.pages import Page
from dramatis_eventlog import cause_of
from dramatis_kit import Clock, Rejected
from dramatis_notifier.deliveries import Endpoint
from dramatis_notifier.projections import resource
from dramatis_notifier.settings import NotifierSettings
from dramatis_notifier.stores import Stores
from dramatis_notifier.subscriptions import check_names
from dramatis_notifier.worker import Worker

_LISTED = {"state.status": {"$in": ["active", "disabled"]}}


@dataclass(frozen=True, slots=True)
class Handlers:
    """The RPC methods and the consumer of the notifier's own events."""

    stores: Stores
    worker: Worker
    settings: NotifierSettings
    clock: Clock

    async def register(self, call: Call[v1.RegisterWebhook]) -> v1.Webhook:
        """The only answer that holds the secret; a repeated command gets it again, for the first may have been lost."""
        command = call.request
        self.settings.guard.check(command.url)
        check_names(command.events)
        endpoint = Endpoint(call.tenant, command.webhook_id)
        if (await self.stores.webhooks.load(call.tenant, command.webhook_id)).state.status == "absent":
            await self._check_number(call.tenant)
            # Before the event: a webhook without a secret could not be served.
            await self.stores.secrets.issue(endpoint, self.clock())
        loaded = await self.stores.webhooks.handle(
            call.tenant, command.webhook_id, command, command_id=call.command_id, cause=cause_of(call)
        )
        webhook = resource(loaded.id, loaded.state, loaded.created_at)
        return webhook.model_copy(update={"secret": await self.stores.secrets.of(endpoint)})

    async def remove(self, call: Call[v1.RemoveWebhook]) -> v1.Removed:
        command = call.request
        await self.stores.webhooks.handle(
            call.tenant, command.webhook_id, command, command_id=call.command_id, cause=cause_of(call)
        )
        await self._end(Endpoint(call.tenant, command.webhook_id), removed=True)
        return v1.Removed(id=command.webhook_id)

    async def list_(self, call: Call[v1.ListWebhooks]) -> Page[v1.Webhook]:
        page, size = call.request.page, call.request.page_size
        found = await self.stores.webhooks.snapshots.find(call.tenant, _LISTED, skip=(page - 1) * size, limit=size)
        total = await self.stores.webhooks.snapshots.count(call.tenant, _LISTED)
        items = [resource(one.id, self.stores.webhooks.decode(one.state), one.created_at) for one in found]
        return Page[v1.Webhook](items=items, total=total, page=page, page_size=size)

    async def list_deliveries(self, call: Call[v1.ListDeliveries]) -> Page[v1.Delivery]:
        """Also of a removed webhook, for as long as they are kept."""
        wanted, page, size = call.request.webhook_id, call.request.page, call.request.page_size
        if (await self.stores.webhooks.load(call.tenant, wanted)).state.status == "absent":
            raise Rejected("NOT_FOUND", f"no webhook {wanted}", field="webhook_id")
        endpoint = Endpoint(call.tenant, wanted)
        items = await self.stores.deliveries.page(endpoint, skip=(page - 1) * size, limit=size)
        return Page[v1.Delivery](
            items=items, total=await self.stores.deliveries.count(endpoint), page=page, page_size=size
        )

    async def follow(self, received: Received) -> None:
        """Own events: what a process that died in between, or another process, has not done yet."""
        event = received.envelope
        await self.stores.webhooks.repair(received)
        endpoint = Endpoint(event.tenantid, event.subject)
        if event.type in (v1.WebhookRemoved.type, v1.WebhookDisabled.type):
            await self._end(endpoint, removed=event.type == v1.WebhookRemoved.type)

    async def _end(self, endpoint: Endpoint, *, removed: bool) -> None:
        self.worker.drop(endpoint)
        await self.stores.deliveries.stop(endpoint, self.clock())
        if removed:
            await self.stores.secrets.forget(endpoint)

    async def _check_number(self, tenant: str) -> None:
        limit = self.settings.webhooks_per_tenant
        if await self.stores.webhooks.snapshots.count(tenant, _LISTED) >= limit:
            raise Rejected("INVALID_WEBHOOK", f"a tenant may have at most {limit} webhooks")
