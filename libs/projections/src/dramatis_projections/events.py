"""The platform-wide table `events`: one row per event, from the envelope alone. Event data, and with it everything
personal, stays in the log."""

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.registry import SERVICES
from dramatis_projections.client import Row
from dramatis_projections.projector import Projection, milliseconds

COLUMNS = (
    "id",
    "tenant",
    "service",
    "type",
    "subject",
    "stream_version",
    "recorded_at",
    "correlation_id",
    "causation_id",
    "trace_id",
)


def rows(event: Envelope, _position: int) -> tuple[Row]:
    """One row, in the order of `COLUMNS`.

    The position is left out: after a crash between publishing and marking, the log may have given another one to the
    same event, and a rebuild would then differ from what came live.
    """
    return (
        (
            event.id,
            event.tenantid,
            event.service,
            event.type,
            event.subject,
            event.streamversion,
            milliseconds(event.time),
            event.correlationid,
            event.causationid,
            trace_id(event.traceparent),
        ),
    )


def trace_id(traceparent: str | None) -> str | None:
    """The second part of a W3C traceparent, `00-<trace id>-<span id>-<flags>`."""
    return traceparent.split("-")[1] if traceparent and traceparent.count("-") == 3 else None


EVENTS = Projection(name="events", table="events", columns=COLUMNS, services=SERVICES, rows=rows)
