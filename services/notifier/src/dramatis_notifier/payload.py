"""What a receiver gets, in each of the formats; at most 20 kB. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never
from urllib.parse import urlencode

import orjson

from dramatis_contracts.envelope import Envelope, schema_of
from dramatis_contracts.notifier.terms import PayloadFormat
from dramatis_contracts.registry import upcast

MAX_BYTES = 20_000

# Facts about credentials stay with whoever administers them.
_WITHHELD = {"tenant.api_key_issued": ("prefix", "sha256")}
_JSON = "application/json"
_CLOUDEVENT = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Message:
    """A body and the headers that belong to it; the same in every retry, so that all are signed alike."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as subscribers see it: the newest version, without what is not for them."""

    envelope: Envelope
    type: str
    details: Mapping[str, Any]

    @property
    def name(self) -> str:
        return event_name(self.type)


def event_name(event_type: str) -> str:
    """`simulation.completed.v1` → `simulation.completed`: subscribers follow the newest version."""
    return event_type.rpartition(".")[0]


def fact_of(event: Envelope) -> Fact:
    event_type, details = upcast(event.type, event.data)
    withheld = _WITHHELD.get(event_name(event_type), ())
    return Fact(event, event_type, {key: value for key, value in details.items() if key not in withheld})


def message_of(event: Envelope, wanted: PayloadFormat) -> Message:
    """The same for every subscriber to this format and every retry."""
    fact = fact_of(event)
    body = _body(fact, fact.details, wanted)
    if len(body) > MAX_BYTES:
        body = _body(fact, _thin(fact, len(body)), wanted)
    return Message(body, _headers(fact, wanted))


def _body(fact: Fact, details: Mapping[str, Any], wanted: PayloadFormat) -> bytes:
    match wanted:
        case "tinytroupe":
            return orjson.dumps(_tinytroupe(fact, details))
        case "cloudevents":
            return orjson.dumps(_cloudevent(fact, details))
        case "raw":
            return orjson.dumps(details)
    assert_never(wanted)


def _tinytroupe(fact: Fact, details: Mapping[str, Any]) -> dict[str, Any]:
    event = fact.envelope
    data = {"object_type": fact.name.partition(".")[0], "object_id": event.subject, "details": details}
    # Known of personas alone: whose client it is. Other facts are the brokerage's.
    owner = fact.details.get("created_by") or {}
    metadata = {"brokerage_id": event.tenantid, "agent_id": owner.get("agent_id"), "api_version": "v1"}
    return {"event_type": fact.name, "timestamp": _timestamp(event.time), "data": data, "metadata": metadata}


def _cloudevent(fact: Fact, details: Mapping[str, Any]) -> dict[str, Any]:
    """CloudEvents 1.0 in structured mode; absent attributes are left out, as the specification asks."""
    attributes = fact.envelope.model_dump(mode="json", exclude_none=True, exclude={"data"})
    newest = {"type": fact.type, "dataschema": schema_of(fact.type)}
    return attributes | newest | {"data": details}


def _headers(fact: Fact, wanted: PayloadFormat) -> Mapping[str, str]:
    if wanted == "tinytroupe":
        return {"Content-Type": _JSON}
    if wanted == "cloudevents":
        return {"Content-Type": _CLOUDEVENT}
    # The data alone does not say what it is: the CloudEvents binary mode does.
    event = fact.envelope
    return {
        "Content-Type": _JSON,
        "ce-specversion": "1.0",
        "ce-id": event.id,
        "ce-source": event.source,
        "ce-type": fact.type,
        "ce-subject": event.subject,
        "ce-time": _timestamp(event.time),
    }


def _thin(fact: Fact, size: int) -> dict[str, Any]:
    event = fact.envelope
    query = urlencode({"subject": event.subject, "types": fact.name})
    return {
        "omitted": True,
        "reason": f"the payload of {size} bytes exceeds the limit of {MAX_BYTES} bytes for webhooks",
        "event_id": event.id,
        "fetch": f"GET /v1/events?{query}",
    }


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
