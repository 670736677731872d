"""Recorded events, made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dramatis_contracts.envelope import Envelope, event_id, schema_of, source_of

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def some_event(number: int, kind: str = "persona.created.v1", *, service: str = "persona", **fields: Any) -> Envelope:
    """The `number`-th event of a test, recorded `number` seconds after noon; `fields` replace what it would hold."""
    given: dict[str, Any] = {
        "id": event_id("acme", "some", number),
        "source": source_of(service),
        "type": kind,
        "subject": f"pers_{number}",
        "time": NOON + timedelta(seconds=number),
        "dataschema": schema_of(kind),
        "tenantid": "acme",
        "streamversion": 1,
        "correlationid": f"req_{number}",
        "data": {},
    }
    return Envelope(**(given | fields))
