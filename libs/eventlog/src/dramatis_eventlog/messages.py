"""A stored event as the message that is published: what `dramatis_bus.encode_event` makes of an `Envelope`, but faster.

A relay does little else, so the way around a model (a third of its time) is worth a function and a test of equality.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from dramatis_bus import headers as names
from dramatis_bus.subjects import PARTITIONS, event_tokens, partition_of, token
from dramatis_eventlog.commits import positions

Message = tuple[str, bytes, dict[str, str]]
"""Subject, payload, headers."""


def messages(commit: Mapping[str, Any]) -> list[Message]:
    """The events of a commit that has its position, as they were stored: upcasting is for readers."""
    partition = partition_of(commit["tenant"], commit["subject"])
    subjects = _subjects(commit["service"], commit["tenant"])[partition]
    return [
        _message(subjects, event, position) for position, event in zip(positions(commit), commit["events"], strict=True)
    ]


def _message(prefix: str, event: Mapping[str, Any], position: int) -> Message:
    headers = {names.MSG_ID: event["id"], names.SUBJECT: event["subject"], names.POSITION: str(position)}
    if event["traceparent"]:
        headers[names.TRACEPARENT] = event["traceparent"]
    return prefix + _suffix(event["type"]), orjson.dumps(event, option=orjson.OPT_UTC_Z), headers


@lru_cache(maxsize=4096)
def _subjects(service: str, tenant: str) -> list[str]:
    """The beginning of the subject, by partition."""
    return [f"ev.{token(service)}.{partition}.{token(tenant)}." for partition in range(PARTITIONS)]


@lru_cache(maxsize=1024)
def _suffix(event_type: str) -> str:
    return ".".join(event_tokens(event_type))
