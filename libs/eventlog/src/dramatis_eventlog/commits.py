"""What one commit is, as an object and as the immutable document in which it is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from bson import ObjectId, Timestamp, encode
from bson.codec_options import CodecOptions
from bson.errors import BSONError

from dramatis_bus.subjects import event_tokens, token
from dramatis_contracts import registry
from dramatis_contracts.base import EventBody
from dramatis_contracts.envelope import Envelope, event_id, schema_of, source_of
from dramatis_kit import Document, Rejected

MAX_EVENTS = 1000
"""Events of one commit."""

MAX_EVENT_BYTES = 7_500_000
"""One event as JSON: with its headers it stays under the `max_payload` of 8 MiB that our NATS servers are given."""

MAX_COMMIT_BYTES = 15_000_000
"""One commit as BSON: MongoDB's own limit is 16 MiB."""

_SMALL = 1_250_000  # JSON is at most six times as long as the BSON of the same data, so this needs no second look
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True)


@dataclass(frozen=True, slots=True)
class StreamId:
    """The stream of one aggregate, stored as `<category>-<id>`. The category is the first word of its event types."""

    category: str
    id: str

    def __str__(self) -> str:
        return f"{self.category}-{self.id}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a commit happens. Without `causation_id` the command itself is the cause."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Events `ver_from` … `version` of a stream, stored together or not at all.

    `repeated` says that the command had been committed before and that this is what was stored then.
    """

    tenant: str
    stream: StreamId
    ver_from: int
    commit_id: str
    events: tuple[Envelope, ...]
    recorded_at: datetime
    repeated: bool = False

    @property
    def n(self) -> int:
        return len(self.events)

    @property
    def version(self) -> int:
        """The version of the stream after this commit."""
        return self.ver_from + len(self.events) - 1


class VersionConflict(Exception):
    """The stream does not end at the expected version: another commit came first, or none ever ended there."""

    def __init__(self, stream: StreamId, expected_version: int) -> None:
        super().__init__(f"{stream} does not end at version {expected_version}")
        self.stream = stream
        self.expected_version = expected_version


def new_commit(
    tenant: str,
    stream: StreamId,
    events: Sequence[EventBody],
    *,
    ver_from: int,
    command_id: str,
    cause: Cause,
    recorded_at: datetime,
) -> Commit:
    """The commit of a command. Raises ValueError for what only a defect in the caller can cause."""
    _check(tenant, stream, events, command_id)
    envelopes = tuple(
        _envelope(tenant, stream, body, index, ver_from, command_id, cause, recorded_at)
        for index, body in enumerate(events)
    )
    return Commit(tenant, stream, ver_from, command_id, envelopes, recorded_at)


def _envelope(
    tenant: str,
    stream: StreamId,
    body: EventBody,
    index: int,
    ver_from: int,
    command_id: str,
    cause: Cause,
    recorded_at: datetime,
) -> Envelope:
    # Every part is ours or validated by its model already: a second validation costs more than the rest of an append.
    return Envelope.model_construct(
        id=event_id(tenant, command_id, index),
        source=source_of(body.owner),
        type=body.type,
        subject=stream.id,
        time=recorded_at,
        dataschema=schema_of(body.type),
        tenantid=tenant,
        streamversion=ver_from + index,
        correlationid=cause.correlation_id,
        causationid=cause.causation_id or command_id,
        traceparent=cause.traceparent,
        data=body.model_dump(mode="json"),
    )


def _check(tenant: str, stream: StreamId, events: Sequence[EventBody], command_id: str) -> None:
    token(tenant)
    if not command_id:
        raise ValueError("a commit needs a command id")
    if not 0 < len(events) <= MAX_EVENTS:
        raise ValueError(f"a commit has 1 to {MAX_EVENTS} events, not {len(events)}")
    if len({body.owner for body in events}) > 1:
        raise ValueError("the events of a commit have one owner")
    for body in events:
        if (body.category or event_tokens(body.type)[0]) != stream.category:
            raise ValueError(f"{body.type} does not belong to the category {stream.category}")
    if not stream.id or not stream.id.isprintable() or len(stream.id) > 500:
        raise Rejected("INVALID_REQUEST", "the id cannot be stored", field="id", issue="not 1 to 500 printable letters")


def encode_commit(commit: Commit) -> bytes:
    """The document as BSON. Raises `Rejected` for data that MongoDB or NATS cannot carry."""
    document = {
        "_id": ObjectId(),
        "tenant": commit.tenant,
        "stream": str(commit.stream),
        "category": commit.stream.category,
        "service": commit.events[0].service,
        "subject": commit.stream.id,
        "ver_from": commit.ver_from,
        "n": commit.n,
        "commit_id": commit.commit_id,
        "events": [dict(envelope) for envelope in commit.events],
        "recorded_at": commit.recorded_at,
        # The server fills this in: per stream it grows with the version, whatever the clocks of the writers say.
        "at": Timestamp(0, 0),
        "relayed": False,
    }
    try:
        encoded = encode(document, codec_options=_CODEC)
    except (BSONError, OverflowError, UnicodeEncodeError) as error:
        raise Rejected("INVALID_REQUEST", "the data cannot be stored", issue=str(error)) from error
    if len(encoded) > _SMALL:
        _check_size(commit, len(encoded))
    return encoded


def _check_size(commit: Commit, size: int) -> None:
    largest = max(len(orjson.dumps(dict(envelope))) for envelope in commit.events)
    if size > MAX_COMMIT_BYTES or largest > MAX_EVENT_BYTES:
        limit = f"at most {MAX_EVENT_BYTES} bytes an event and {MAX_COMMIT_BYTES} bytes in all"
        raise Rejected("PAYLOAD_TOO_LARGE", "the events of this command are too large", issue=limit)


def decode_commit(document: Mapping[str, Any]) -> Commit:
    """A stored commit with its events in today's versions."""
    return Commit(
        tenant=document["tenant"],
        stream=StreamId(document["category"], document["subject"]),
        ver_from=document["ver_from"],
        commit_id=document["commit_id"],
        events=tuple(envelopes(document)),
        recorded_at=document["recorded_at"],
    )


def envelopes(document: Mapping[str, Any]) -> Iterator[Envelope]:
    """The events of a stored commit in today's versions; they were valid when stored and are not validated again."""
    for stored in document["events"]:
        event_type, data = registry.upcast(stored["type"], stored["data"])
        if event_type == stored["type"]:
            yield Envelope.model_construct(**stored)
        else:
            newer = {**stored, "type": event_type, "data": data, "dataschema": schema_of(event_type)}
            yield Envelope.model_construct(**newer)


def positions(document: Mapping[str, Any]) -> range:
    """The positions of the events of a relayed commit; `pos` is that of the last one."""
    return range(document["pos"] - document["n"] + 1, document["pos"] + 1)
