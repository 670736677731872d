"""Arguments about webhooks and events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Required

from tinytroupe_client.params.options import CallOptions, DeliveryStatus, PageOptions


class WebhookChanges(CallOptions, total=False):
    """What is given replaces its whole field; `rate_limit` (deliveries per second) None means none."""

    url: str
    events: Sequence[str]
    subjects: Sequence[str]
    description: str
    headers: Mapping[str, str]
    rate_limit: float | None
    payload_format: Literal["tinytroupe", "cloudevents", "raw"]
    signing: Literal["v1", "v1a"]
    enabled: bool


class NewWebhook(CallOptions, total=False):
    """`events` are names such as `simulation.completed`, `persona.*` or `*`; `subjects` empty means every object."""

    url: Required[str]
    events: Required[Sequence[str]]
    subjects: Sequence[str]
    description: str
    headers: Mapping[str, str]
    rate_limit: float | None
    ordering: Literal["none", "fifo"]
    payload_format: Literal["tinytroupe", "cloudevents", "raw"]
    signing: Literal["v1", "v1a"]
    enabled: bool


class DeliveryFilter(PageOptions, total=False):
    """`since` ≤ time of creation < `until`; both with a time zone."""

    status: DeliveryStatus
    event: str
    since: datetime
    until: datetime


class ReplayRequest(CallOptions, total=False):
    """From `since` (included) to `until` (not included), both with a time zone."""

    since: Required[datetime | str]
    until: datetime | str
    what: Literal["failed", "sent", "everything"]


class EventFilter(CallOptions, total=False):
    """`types` are names such as `simulation.completed` or `persona.*`; `subject` is the id of one object."""

    types: Sequence[str]
    subject: str


class EventPage(EventFilter, total=False):
    """`cursor`: the position after which to begin."""

    limit: int
    cursor: str
