"""Where deliveries go: the webhooks of the log together with their keys, which are kept outside it."""

import asyncio
import time
from collections.abc import Sequence

from dramatis_eventlog import Aggregate, Cause
from dramatis_eventlog.aggregates import Loaded
from dramatis_kit import Clock
from dramatis_notifier.decider import Command, Disable, Warn, WebhookState
from dramatis_notifier.keys import Secrets
from dramatis_notifier.places import Endpoint
from dramatis_notifier.sender import Target
from dramatis_notifier.subscriptions import Subscription, names_matching

Webhooks = Aggregate[WebhookState, Command]

_REMEMBERED_SECONDS = 1.0
_REMEMBERED = 10_000
_SUBSCRIBERS = 10_000


class Endpoints:
    """What the worker needs to know of webhooks. A target is remembered for a second, so that removal takes effect."""

    def __init__(self, webhooks: Webhooks, secrets: Secrets, clock: Clock) -> None:
        self._webhooks = webhooks
        self._secrets = secrets
        self._clock = clock
        self._known: dict[Endpoint, tuple[float, asyncio.Future[Target | None]]] = {}

    async def target(self, endpoint: Endpoint) -> Target | None:
        """Where and how to deliver; None when the webhook is removed or was never there."""
        until, loading = self._known.get(endpoint, (0.0, None))
        if loading is None or time.monotonic() >= until or (loading.done() and loading.exception()):
            # Remembered before it is there: whoever asks meanwhile waits for the same answer.
            loading = asyncio.ensure_future(self._load(endpoint))
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[endpoint] = (time.monotonic() + _REMEMBERED_SECONDS, loading)
        return loading.result() if loading.done() else await asyncio.shield(loading)

    def forget(self, endpoint: Endpoint) -> None:
        """Look again before the next delivery."""
        self._known.pop(endpoint, None)

    async def subscribed(self, tenant: str, names: Sequence[str]) -> list[Subscription]:
        """The active webhooks of a tenant that want any of these events."""
        patterns = sorted({pattern for name in names for pattern in names_matching(name)})
        wanted = {"state.status": "active", "state.events": {"$in": patterns}}
        found = await self._webhooks.snapshots.find(tenant, wanted, limit=_SUBSCRIBERS)
        return [subscription_of(tenant, self._webhooks.restored(one)) for one in found]

    async def subscription(self, endpoint: Endpoint) -> Subscription | None:
        """How one webhook wants its events; None unless it is active."""
        loaded = await self._webhooks.load(endpoint.tenant, endpoint.webhook_id)
        return subscription_of(endpoint.tenant, loaded) if loaded.state.status == "active" else None

    async def disable(self, endpoint: Endpoint, reason: str, event_id: str) -> None:
        """Stop calling an endpoint. A repeated call is no second fact."""
        # An endpoint that was enabled again may fail again: the command is not the same then.
        loaded = await self._webhooks.load(endpoint.tenant, endpoint.webhook_id)
        command_id = f"disable:{endpoint.webhook_id}:{loaded.version}"
        await self._find_out(endpoint, Disable(reason), command_id, event_id)
        self.forget(endpoint)

    async def warn(self, endpoint: Endpoint, warning: Warn, event_id: str) -> None:
        """Tell the owner that an endpoint is failing, once for each time that it begins to."""
        command_id = f"warn:{endpoint.webhook_id}:{warning.failing_since.isoformat()}"
        await self._find_out(endpoint, warning, command_id, event_id)

    async def _find_out(self, endpoint: Endpoint, command: Warn | Disable, command_id: str, event_id: str) -> None:
        cause = Cause(correlation_id=command_id, causation_id=event_id)
        await self._webhooks.handle(endpoint.tenant, endpoint.webhook_id, command, command_id=command_id, cause=cause)

    async def _load(self, endpoint: Endpoint) -> Target | None:
        webhook = (await self._webhooks.load(endpoint.tenant, endpoint.webhook_id)).state
        keys = await self._secrets.of(endpoint)
        if keys is None or webhook.status in ("absent", "removed"):
            return None
        return Target(
            url=webhook.url,
            keys=tuple(keys.signing(self._clock())),
            asymmetric=webhook.signing == "v1a",
            headers=keys.headers,
            active=webhook.status == "active",
            fifo=webhook.ordering == "fifo",
            rate_limit=webhook.rate_limit,
            warned=webhook.warned,
        )


def subscription_of(tenant: str, loaded: Loaded[WebhookState]) -> Subscription:
    state = loaded.state
    since = state.since or loaded.created_at
    if since is None:
        raise ValueError(f"webhook {loaded.id} was never registered")
    return Subscription(
        endpoint=Endpoint(tenant, loaded.id),
        events=state.events,
        since=since,
        subjects=state.subjects,
        fields=dict(state.fields),
        payload_format=state.payload_format,
        ordering=state.ordering,
        rated=state.rate_limit is not None,
    )
