"""Where deliveries go: the webhooks of the log together with their secrets, which are kept outside it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog import Aggregate, Cause
from dramatis_eventlog.faults import reported
from dramatis_kit import Document
from dramatis_notifier.decider import Command, Disable, WebhookState
from dramatis_notifier.deliveries import Endpoint
from dramatis_notifier.sender import Target
from dramatis_notifier.signing import new_secret
from dramatis_notifier.subscriptions import EVERYTHING, Subscription

Webhooks = Aggregate[WebhookState, Command]

_STORE = "the store of webhook secrets"
_REMEMBERED_SECONDS = 1.0
_REMEMBERED = 10_000
_SUBSCRIBERS = 10_000


class Secrets:
    """The collection `webhook_secrets`: one signing secret per webhook, deleted with it."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._collection = database["webhook_secrets"]

    async def issue(self, endpoint: Endpoint, now: datetime) -> None:
        """Make the webhook's secret, unless it has one: a repeated registration must find the same."""
        made = {
            "tenant": endpoint.tenant,
            "webhook_id": endpoint.webhook_id,
            "secret": new_secret(),
            "created_at": now,
        }
        with reported(_STORE):
            await self._collection.update_one({"_id": endpoint.key}, {"$setOnInsert": made}, upsert=True)

    async def of(self, endpoint: Endpoint) -> str | None:
        with reported(_STORE):
            kept = await self._collection.find_one({"_id": endpoint.key, "tenant": endpoint.tenant})
        return None if kept is None else str(kept["secret"])

    async def forget(self, endpoint: Endpoint) -> None:
        with reported(_STORE):
            await self._collection.delete_one({"_id": endpoint.key, "tenant": endpoint.tenant})


class Endpoints:
    """What the worker needs to know of webhooks. A target is remembered for a second, so that removal takes effect."""

    def __init__(self, webhooks: Webhooks, secrets: Secrets) -> None:
        self._webhooks = webhooks
        self._secrets = secrets
        self._known: dict[Endpoint, tuple[float, asyncio.Future[Target | None]]] = {}

    async def target(self, endpoint: Endpoint) -> Target | None:
        """Where and how to deliver; None when the webhook takes nothing any more."""
        until, loading = self._known.get(endpoint, (0.0, None))
        if loading is None or time.monotonic() >= until or (loading.done() and loading.exception()):
            # Remembered before it is there: whoever asks meanwhile waits for the same answer.
            loading = asyncio.ensure_future(self._load(endpoint))
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[endpoint] = (time.monotonic() + _REMEMBERED_SECONDS, loading)
        return await asyncio.shield(loading)

    def forget(self, endpoint: Endpoint) -> None:
        """Look again before the next delivery."""
        self._known.pop(endpoint, None)

    async def subscribed(self, tenant: str, names: Sequence[str]) -> list[Subscription]:
        """The active webhooks of a tenant that want any of these events."""
        wanted = {"state.status": "active", "state.events": {"$in": [*names, EVERYTHING]}}
        found = await self._webhooks.snapshots.find(tenant, wanted, limit=_SUBSCRIBERS)
        return [Subscription(Endpoint(tenant, one.id), one.state["events"], one.created_at) for one in found]

    async def disable(self, endpoint: Endpoint, reason: str, event_id: str) -> None:
        """Stop calling an endpoint. A repeated call is no second fact."""
        command_id = f"disable:{endpoint.webhook_id}:{event_id}"
        cause = Cause(correlation_id=command_id, causation_id=event_id)
        command = Disable(reason)
        await self._webhooks.handle(endpoint.tenant, endpoint.webhook_id, command, command_id=command_id, cause=cause)
        self.forget(endpoint)

    async def _load(self, endpoint: Endpoint) -> Target | None:
        webhook = (await self._webhooks.load(endpoint.tenant, endpoint.webhook_id)).state
        secret = await self._secrets.of(endpoint)
        return Target(webhook.url, secret) if webhook.status == "active" and secret else None
