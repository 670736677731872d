"""A webhook in the state store and as others see it."""

from datetime import datetime

from dramatis_contracts.notifier import v1
from dramatis_kit import Document
from dramatis_notifier.decider import WebhookState


def encode(state: WebhookState) -> Document:
    return {"url": state.url, "events": list(state.events), "status": state.status}


def decode(document: Document) -> WebhookState:
    return WebhookState(document["url"], tuple(document["events"]), document["status"])


def resource(webhook_id: str, state: WebhookState, created_at: datetime | None) -> v1.Webhook:
    """The public representation, without the secret. The webhook must have been registered."""
    if state.status == "absent" or created_at is None:
        raise ValueError(f"webhook {webhook_id} was never registered")
    return v1.Webhook(id=webhook_id, url=state.url, events=state.events, status=state.status, created_at=created_at)
