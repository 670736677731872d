"""Webhook endpoints and what was sent to them. Deliveries are verified by `tinytroupe_client.webhooks`."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import call, path, query_of
from tinytroupe_client.models.base import Model
from tinytroupe_client.models.deliveries import Delivery, EventType, Replay, Webhook, WebhookHealth
from tinytroupe_client.params import CallOptions


class _EventTypes(Model):
    items: tuple[EventType, ...]


class AsyncWebhooks:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, **webhook: Unpack[params.NewWebhook]) -> Webhook:
        """Ask for events at an address. The answer holds the signing `secret`, this once."""
        return await self._transport.ask(Webhook, call("POST", "/webhooks", webhook))

    async def get(self, webhook_id: str, **options: Unpack[CallOptions]) -> Webhook:
        return await self._transport.ask(Webhook, call("GET", path("webhooks", webhook_id), options))

    def list(self, **which: Unpack[params.PageOptions]) -> AsyncPages[Webhook]:
        """Newest first."""
        return AsyncPages(self._transport, call("GET", "/webhooks", which), Webhook.model_validate)

    async def update(self, webhook_id: str, **changes: Unpack[params.WebhookChanges]) -> Webhook:
        """What is given replaces its whole field, the others stay. `enabled` stops and resumes deliveries."""
        return await self._transport.ask(Webhook, call("PATCH", path("webhooks", webhook_id), changes))

    async def delete(self, webhook_id: str, **options: Unpack[CallOptions]) -> None:
        await self._transport.send(call("DELETE", path("webhooks", webhook_id), options))

    async def rotate_secret(self, webhook_id: str, **options: Unpack[CallOptions]) -> Webhook:
        """Make a new signing secret; the answer holds it, this once. For a day deliveries carry both signatures."""
        return await self._transport.ask(Webhook, call("POST", path("webhooks", webhook_id, "rotate-secret"), options))

    async def test(
        self, webhook_id: str, *, event: str = "persona.created", **options: Unpack[CallOptions]
    ) -> Delivery:
        """Send an example of an event, once."""
        asked = call("POST", path("webhooks", webhook_id, "test"), options, query=query_of({"event": event}))
        return await self._transport.ask(Delivery, asked)

    async def health(self, webhook_id: str, **options: Unpack[CallOptions]) -> WebhookHealth:
        return await self._transport.ask(WebhookHealth, call("GET", path("webhooks", webhook_id, "health"), options))

    async def replay(self, webhook_id: str, **which: Unpack[params.ReplayRequest]) -> Replay:
        """Send again what happened in a range of time: by default what failed."""
        return await self._transport.ask(Replay, call("POST", path("webhooks", webhook_id, "replay"), which))

    def deliveries(self, webhook_id: str, **which: Unpack[params.DeliveryFilter]) -> AsyncPages[Delivery]:
        """Newest first."""
        asked = call("GET", path("webhooks", webhook_id, "deliveries"), which)
        return AsyncPages(self._transport, asked, Delivery.model_validate)

    async def delivery(self, webhook_id: str, delivery_id: str, **options: Unpack[CallOptions]) -> Delivery:
        """One delivery with every attempt, and the beginning of what the endpoint answered."""
        asked = call("GET", path("webhooks", webhook_id, "deliveries", delivery_id, "attempts"), options)
        return await self._transport.ask(Delivery, asked)

    async def replay_delivery(self, webhook_id: str, delivery_id: str, **options: Unpack[CallOptions]) -> Delivery:
        """Send one delivery again, under the same message id."""
        asked = call("POST", path("webhooks", webhook_id, "deliveries", delivery_id, "replay"), options)
        return await self._transport.ask(Delivery, asked)

    async def event_types(self, **options: Unpack[CallOptions]) -> tuple[EventType, ...]:
        """What a webhook can ask for: names, meanings, schemas and examples."""
        return (await self._transport.ask(_EventTypes, call("GET", "/event-types", options))).items
