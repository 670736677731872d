"""The envelope that every event travels in: CloudEvents 1.0 with the platform's extension attributes."""

import hashlib
from base64 import b32encode
from datetime import datetime
from typing import Any, Literal

from dramatis_contracts.base import Resource


class Envelope(Resource):
    """One recorded event, as it is stored, published and delivered.

    `subject` is the id of the aggregate, `streamversion` the number of this event within it (from 1),
    `correlationid` groups all that one request caused, `causationid` is the command or event that led here.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    tenantid: str
    streamversion: int
    correlationid: str
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]

    @property
    def service(self) -> str:
        """The service that produced the event (the last part of `source`)."""
        return self.source.rpartition("/")[2]


def event_id(tenant: str, command_id: str, index: int) -> str:
    """The id of the `index`-th event of a commit: the same for every retry of the command."""
    digest = hashlib.sha256(f"{tenant}\0{command_id}\0{index}".encode()).digest()
    return "evt_" + b32encode(digest[:15]).decode().lower()


def source_of(service: str) -> str:
    """The CloudEvents `source` of a service, a URI reference."""
    return f"/dramatis/{service}"


def schema_of(event_type: str) -> str:
    """The CloudEvents `dataschema` of an event type; the file is `contracts/schemas/<type>.json`."""
    return f"urn:dramatis:schema:{event_type}"
