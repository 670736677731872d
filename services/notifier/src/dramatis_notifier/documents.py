"""A delivery as MongoDB keeps it, as the worker carries it, and as its owner sees it.

A pending delivery of an ordered endpoint has the status "queued": its turn comes by its chain (`chains.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier import v1
from dramatis_kit import Document
from dramatis_notifier.payload import Message
from dramatis_notifier.places import Endpoint

Kind = Literal["event", "test"]

PENDING = ("pending", "queued")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery: what to send, and how often it was tried in vain since it was last sent anew."""

    id: str
    endpoint: Endpoint
    event_id: str
    event_type: str
    message: Message
    failures: int
    kind: Kind = "event"
    chain: str | None = None
    unstored: Document | None = field(default=None, compare=False, repr=False)
    """What will be stored with the result of the first attempt."""

    @property
    def claim(self) -> str:
        """What is leased while it is worked on."""
        return self.chain or self.id


def delivery_id(endpoint: Endpoint, event_id: str) -> str:
    return f"{endpoint.webhook_id}:{event_id}"


def document_of(event: Envelope, endpoint: Endpoint, message: Message, now: datetime) -> Document:
    """A delivery that is due at once and nobody's."""
    return {
        "_id": delivery_id(endpoint, event.id),
        "tenant": endpoint.tenant,
        "webhook_id": endpoint.webhook_id,
        "endpoint": endpoint.key,
        "event_id": event.id,
        "event_type": event.type,
        "event_time": event.time,
        "subject": event.subject,
        "body": message.body,
        "headers": dict(message.headers),
        "status": "pending",
        "due_at": now,
        "lease": None,
        "attempts": [],
        "failures": 0,
        "created_at": now,
    }


def carried(document: Document, *, unstored: bool = False) -> Delivery:
    return Delivery(
        id=document["_id"],
        endpoint=endpoint_of(document),
        event_id=document["event_id"],
        event_type=document["event_type"],
        message=Message(document["body"], document["headers"]),
        failures=document["failures"],
        kind=document.get("kind", "event"),
        chain=document.get("chain"),
        unstored=document if unstored else None,
    )


def endpoint_of(document: Mapping[str, Any]) -> Endpoint:
    return Endpoint(document["tenant"], document["webhook_id"])


def resource_of(document: Mapping[str, Any]) -> v1.Delivery:
    status = document["status"]
    return v1.Delivery(
        id=document["_id"],
        webhook_id=document["webhook_id"],
        event_id=document["event_id"],
        event_type=document["event_type"],
        subject=document["subject"],
        kind=document.get("kind", "event"),
        status="pending" if status == "queued" else status,
        attempts=document["attempts"],
        replays=document.get("replays", 0),
        created_at=document["created_at"],
        next_attempt_at=document["due_at"],
    )
