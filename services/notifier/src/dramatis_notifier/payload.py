"""What a receiver gets: the published webhook payload, at most 20 kB. Pure."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.registry import EVENT_TYPES, upcast

MAX_BYTES = 20_000
ANNOUNCED = frozenset({"persona.enriched", "match.found"})
"""Published with the API as subscribable, before a service produces them."""

# Facts about credentials stay with whoever administers them.
_WITHHELD = {"tenant.api_key_issued": ("prefix", "sha256")}


def event_name(event_type: str) -> str:
    """`simulation.completed.v1` → `simulation.completed`: subscribers follow the newest version."""
    return event_type.rpartition(".")[0]


def known_names() -> frozenset[str]:
    """Every name that can be subscribed to, besides `*`."""
    return ANNOUNCED | {event_name(event_type) for event_type in EVENT_TYPES}


def body_of(event: Envelope) -> bytes:
    """The JSON body, the same for every subscriber and every retry."""
    event_type, details = upcast(event.type, event.data)
    name = event_name(event_type)
    kept = {key: value for key, value in details.items() if key not in _WITHHELD.get(name, ())}
    body = _encode(event, name, kept)
    return body if len(body) <= MAX_BYTES else _encode(event, name, _thin(event, name, len(body)))


def _encode(event: Envelope, name: str, details: dict[str, Any]) -> bytes:
    data = {"object_type": name.partition(".")[0], "object_id": event.subject, "details": details}
    metadata = {"brokerage_id": event.tenantid, "agent_id": None, "api_version": "v1"}
    payload = {"event_type": name, "timestamp": _timestamp(event.time), "data": data, "metadata": metadata}
    return orjson.dumps(payload)


def _thin(event: Envelope, name: str, size: int) -> dict[str, Any]:
    query = urlencode({"subject": event.subject, "types": name})
    return {
        "omitted": True,
        "reason": f"the payload of {size} bytes exceeds the limit of {MAX_BYTES} bytes for webhooks",
        "event_id": event.id,
        "fetch": f"GET /v1/events?{query}",
    }


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
