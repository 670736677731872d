"""Where messages go: subjects, partitions and streams.

Aggregate ids are no part of a subject: JetStream slows down by an order of magnitude when a consumer's filters meet
many distinct subjects. Ids travel in headers.
"""

import re
from zlib import crc32

from dramatis_contracts.envelope import Envelope

PARTITIONS = 8
"""Fixed for the life of the log: another number would move aggregates between partitions and break their order."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def partition_of(tenant: str, aggregate_id: str) -> int:
    """The partition of an aggregate, the same in every process and release."""
    return crc32(f"{tenant}\0{aggregate_id}".encode()) % PARTITIONS


def event_subject(envelope: Envelope) -> str:
    """`ev.<service>.<partition>.<tenant>.<aggregate>.<event>`; `persona.created.v1` ends in `persona.created-v1`."""
    aggregate, event = event_tokens(envelope.type)
    partition = partition_of(envelope.tenantid, envelope.subject)
    return f"ev.{envelope.service}.{partition}.{token(envelope.tenantid)}.{aggregate}.{event}"


def event_filter(
    service: str = "*", partition: int | str = "*", tenant: str = "*", aggregate: str = "*", event: str = "*"
) -> str:
    """A filter over event subjects; whatever is left out matches all."""
    return f"ev.{service}.{partition}.{tenant}.{aggregate}.{event}"


def event_tokens(event_type: str) -> tuple[str, str]:
    """The last two tokens of the subject of an event type; of `persona.*`, which means all of them, the last is `*`."""
    aggregate, _, event = event_type.partition(".")
    return token(aggregate), event if event == "*" else token(event.replace(".", "-"))


def progress_subject(tenant: str, simulation_id: str) -> str:
    """Where the progress ticks of a simulation go: core NATS, not stored."""
    return f"progress.{token(tenant)}.{token(simulation_id)}"


def stream_name(service: str) -> str:
    """The JetStream stream that holds a service's events."""
    return f"EV_{token(service)}"


def token(text: str) -> str:
    """`text` itself if it may stand between two dots of a subject, else ValueError."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} cannot be part of a subject")
    return text
