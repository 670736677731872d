"""Webhooks, their deliveries, and events."""

from datetime import datetime
from typing import Any

from pydantic import Field

from tinytroupe_client.models.base import Model


class Webhook(Model):
    """`secret` is present in the answers to a creation and a rotation only."""

    id: str
    url: str
    events: tuple[str, ...]
    status: str
    subjects: tuple[str, ...] = ()
    description: str = ""
    secret: str | None = None
    public_key: str | None = None
    payload_format: str | None = None
    signing: str | None = None
    rate_limit: float | None = None
    disabled_reason: str | None = None
    previous_secret_expires_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class DeliveryAttempt(Model):
    at: datetime
    status_code: int | None = None
    error: str | None = None
    duration_ms: float | None = None
    response: str | None = None


class Delivery(Model):
    """One event on its way to one endpoint."""

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: str
    subject: str | None = None
    attempts: tuple[DeliveryAttempt, ...] = ()
    replays: int = 0
    created_at: datetime | None = None
    next_attempt_at: datetime | None = None


class WebhookHealth(Model):
    webhook_id: str
    status: str
    success_rate: float | None = None
    consecutive_failures: int | None = None
    circuit: str | None = None
    pending: int | None = None
    notice: str | None = None


class Replay(Model):
    """When `next_since` is set there is more in the range: go on with it as `since`."""

    webhook_id: str
    replayed: int
    added: int = 0
    next_since: datetime | None = None


class EventType(Model):
    """What a webhook can ask for."""

    name: str
    description: str | None = None
    available: bool | None = None
    json_schema: dict[str, Any] | None = None
    example: dict[str, Any] | None = None


class Event(Model):
    """A CloudEvent: something that happened to the object `subject`."""

    id: str
    type: str
    subject: str
    source: str
    time: datetime
    data: dict[str, Any]
    streamversion: int | None = None


class WebhookObject(Model):
    object_type: str
    object_id: str
    details: dict[str, Any] = Field(default_factory=dict)


class WebhookMetadata(Model):
    brokerage_id: str | None = None
    agent_id: str | None = None
    api_version: str | None = None


class WebhookEvent(Model):
    """A delivery in the published form."""

    event_type: str
    timestamp: datetime
    data: WebhookObject
    metadata: WebhookMetadata = Field(default_factory=WebhookMetadata)
