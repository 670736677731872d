"""Webhook endpoints: events, commands, queries and resources, version 1."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from dramatis_contracts.base import EventBody, Request, Resource
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000)]
EventName = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z_]+\.[a-z_]+)$", max_length=100)]


class WebhookRegistered(EventBody):
    """A subscriber asked for events at an address. Its secret is kept outside the log.

    Produced by `notifier` on `RegisterWebhook`.
    """

    type: ClassVar[str] = "webhook.registered.v1"
    owner: ClassVar[str] = "notifier"

    url: str
    events: tuple[str, ...]


class WebhookRemoved(EventBody):
    """A subscriber wants no more events.

    Produced by `notifier` on `RemoveWebhook`.
    """

    type: ClassVar[str] = "webhook.removed.v1"
    owner: ClassVar[str] = "notifier"


class WebhookDisabled(EventBody):
    """Deliveries stopped because the address said that it is gone (HTTP 410) or failed for too long.

    Produced by `notifier`.
    """

    type: ClassVar[str] = "webhook.disabled.v1"
    owner: ClassVar[str] = "notifier"

    reason: str


Event = WebhookRegistered | WebhookRemoved | WebhookDisabled


class Webhook(Resource):
    """A webhook endpoint. `secret` is present in the answer to its creation only."""

    id: str
    url: str
    events: tuple[str, ...]
    status: Literal["active", "disabled", "removed"]
    created_at: datetime
    secret: str | None = None


class Attempt(Resource):
    """One try of a delivery. `status_code` is null when no answer came."""

    at: datetime
    status_code: int | None
    error: str | None
    duration_ms: float


class Delivery(Resource):
    """One event on its way to one endpoint. `stopped`: the webhook was removed or disabled first.

    `next_attempt_at` is the latest time of the next attempt; it is null once there will be none.
    """

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: Literal["pending", "delivered", "failed", "stopped"]
    attempts: tuple[Attempt, ...]
    next_attempt_at: datetime | None


class Removed(Resource):
    id: str


class RegisterWebhook(Request):
    webhook_id: str
    url: Url
    events: Annotated[tuple[EventName, ...], Field(min_length=1, max_length=50)]


class RemoveWebhook(Request):
    webhook_id: str


class ListWebhooks(PageRequest):
    """Newest first; removed ones are not listed."""


class ListDeliveries(PageRequest):
    """The deliveries of one endpoint, newest first."""

    webhook_id: str


SERVICE = "notifier"
register_webhook = Method(SERVICE, "register", RegisterWebhook, Webhook)
remove_webhook = Method(SERVICE, "remove", RemoveWebhook, Removed)
list_webhooks = Method(SERVICE, "list", ListWebhooks, Page[Webhook])
list_deliveries = Method(SERVICE, "deliveries", ListDeliveries, Page[Delivery])
