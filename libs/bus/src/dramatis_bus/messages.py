"""Events as bytes: what the relay publishes and what consumers get."""

from collections.abc import Mapping
from dataclasses import dataclass

from dramatis_bus import headers as names
from dramatis_bus.errors import TooLarge
from dramatis_bus.subjects import event_subject
from dramatis_contracts.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Received:
    """An event as a consumer's handler gets it: at least once, `delivered` counts the attempts from 1.

    `position` is the event's place in the log; it survives a rebuilt JetStream.
    """

    envelope: Envelope
    position: int
    delivered: int = 1


def encode_event(envelope: Envelope, position: int) -> tuple[str, bytes, dict[str, str]]:
    """Subject, payload and headers of an event."""
    headers = {
        names.MSG_ID: envelope.id,
        names.SUBJECT: envelope.subject,
        names.POSITION: str(position),
    }
    if envelope.traceparent:
        headers[names.TRACEPARENT] = envelope.traceparent
    return event_subject(envelope), envelope.model_dump_json().encode(), headers


def decode_event(payload: bytes, headers: Mapping[str, str] | None, delivered: int = 1) -> Received:
    """The event in a message. Raises pydantic's ValidationError for anything else."""
    position = int((headers or {}).get(names.POSITION, "0"))
    return Received(Envelope.model_validate_json(payload), position, delivered)


def check_size(what: str, payload: bytes, headers: Mapping[str, str], limit: int) -> None:
    """Raise `TooLarge` for what the server would refuse.

    The server counts headers too and answers an excess by closing the connection; nats-py looks at the payload only.
    """
    size = len(payload) + sum(len(name) + len(value.encode()) + 4 for name, value in headers.items()) + 14
    if size > limit:
        raise TooLarge(what, size, limit)
