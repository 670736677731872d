"""Webhook endpoints: events, commands, queries and resources, version 1."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from dramatis_contracts.base import Changes, EventBody, Request, Resource
from dramatis_contracts.notifier.terms import (
    Circuit,
    DeliveryStatus,
    Description,
    EventName,
    EventNames,
    FieldFilter,
    Headers,
    Ordering,
    Origin,
    PayloadFormat,
    PlainEventName,
    Rate,
    Signing,
    Subjects,
    Url,
    WebhookStatus,
)
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method


class WebhookRegistered(EventBody):
    """A subscriber asked for events at an address. Its secret and the values of its headers are kept outside the log.

    Produced by `notifier` on `RegisterWebhook` and `Subscribe`.
    """

    type: ClassVar[str] = "webhook.registered.v1"
    owner: ClassVar[str] = "notifier"

    url: str
    events: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    description: str = ""
    header_names: tuple[str, ...] = ()
    rate_limit: float | None = None
    ordering: Ordering = "none"
    payload_format: PayloadFormat = "tinytroupe"
    signing: Signing = "v1"
    origin: Origin = "webhooks"
    enabled: bool = True


class WebhookUpdated(EventBody):
    """An endpoint's settings changed; these are all of them as they are now.

    Produced by `notifier` on `UpdateWebhook` and `Subscribe`.
    """

    type: ClassVar[str] = "webhook.updated.v1"
    owner: ClassVar[str] = "notifier"

    url: str
    events: tuple[str, ...]
    subjects: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]
    description: str
    header_names: tuple[str, ...]
    rate_limit: float | None
    payload_format: PayloadFormat
    signing: Signing


class WebhookEnabled(EventBody):
    """Deliveries begin again, with what happens from `since` on.

    Produced by `notifier` on `UpdateWebhook`.
    """

    type: ClassVar[str] = "webhook.enabled.v1"
    owner: ClassVar[str] = "notifier"

    since: datetime


class WebhookFailing(EventBody):
    """A notice: an endpoint has accepted nothing since `failing_since` and will be disabled at `disabled_at`.

    Produced by `notifier`, once for each time that an endpoint begins to fail.
    """

    type: ClassVar[str] = "webhook.failing.v1"
    owner: ClassVar[str] = "notifier"

    failing_since: datetime
    disabled_at: datetime
    reason: str


class WebhookDisabled(EventBody):
    """Deliveries stopped: by the owner, or because the address said that it is gone (HTTP 410) or failed for too long.

    Produced by `notifier`.
    """

    type: ClassVar[str] = "webhook.disabled.v1"
    owner: ClassVar[str] = "notifier"

    reason: str
    by: Literal["owner", "failure"] = "failure"


class WebhookSecretRotated(EventBody):
    """A new signing secret is in use. Until `previous_expires_at` every delivery is signed with the old one, too.

    Produced by `notifier` on `RotateSecret`.
    """

    type: ClassVar[str] = "webhook.secret_rotated.v1"
    owner: ClassVar[str] = "notifier"

    previous_expires_at: datetime


class WebhookRemoved(EventBody):
    """A subscriber wants no more events.

    Produced by `notifier` on `RemoveWebhook`.
    """

    type: ClassVar[str] = "webhook.removed.v1"
    owner: ClassVar[str] = "notifier"


Event = (
    WebhookRegistered
    | WebhookUpdated
    | WebhookEnabled
    | WebhookFailing
    | WebhookDisabled
    | WebhookSecretRotated
    | WebhookRemoved
)


class Webhook(Resource):
    """A webhook endpoint.

    `secret` is present in the answers to its creation and rotation only; values of headers are never shown again.
    `public_key` (`whpk_…`) verifies `v1a` signatures. `previous_secret_expires_at` is set while a rotation overlaps.
    `disabled_reason` is null while it is active.
    """

    id: str
    url: str
    events: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    description: str = ""
    header_names: tuple[str, ...] = ()
    rate_limit: float | None = None
    ordering: Ordering = "none"
    payload_format: PayloadFormat = "tinytroupe"
    signing: Signing = "v1"
    origin: Origin = "webhooks"
    status: WebhookStatus
    disabled_by: Literal["owner", "failure"] | None = None
    disabled_reason: str | None = None
    created_at: datetime
    updated_at: datetime | None = None
    secret: str | None = None
    public_key: str | None = None
    previous_public_key: str | None = None
    previous_secret_expires_at: datetime | None = None


class Attempt(Resource):
    """One try of a delivery. `status_code` is null when no answer came.

    `response` holds the first 1,000 bytes of the answer's body as text; lists of deliveries leave it out.
    """

    at: datetime
    status_code: int | None
    error: str | None
    duration_ms: float
    response: str | None = None


class Delivery(Resource):
    """One event on its way to one endpoint. `stopped`: the webhook was removed or disabled first.

    `next_attempt_at` is the latest time of the next attempt; it is null once there will be none, and while an ordered
    delivery waits for its predecessors. `replays` says how often it was sent anew.
    """

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    subject: str = ""
    kind: Literal["event", "test"] = "event"
    status: DeliveryStatus
    attempts: tuple[Attempt, ...]
    replays: int = 0
    created_at: datetime | None = None
    next_attempt_at: datetime | None


class Health(Resource):
    """How an endpoint does: attempts of the last `window_hours`, and what is happening now.

    `success_rate` is the share of attempts that were accepted, null without attempts. `consecutive_failures` counts
    since the last success. While the `circuit` is open nothing is sent; the next attempt then is a probe.
    `notice` says in words what the owner should know, null if nothing.
    """

    webhook_id: str
    status: WebhookStatus
    window_hours: int
    attempts: int
    accepted: int
    success_rate: float | None
    mean_latency_ms: float | None
    pending: int
    last_success_at: datetime | None
    last_failure_at: datetime | None
    failing_since: datetime | None
    consecutive_failures: int
    circuit: Circuit
    next_attempt_at: datetime | None
    disabled_at: datetime | None
    notice: str | None


class Replay(Resource):
    """What is sent anew: `replayed` deliveries that existed, and `added` ones for events that never had one.

    When `next_since` is set there is more in the range than one call takes: go on with it as `since`.
    """

    webhook_id: str
    replayed: int
    added: int = 0
    next_since: datetime | None = None


class EventType(Resource):
    """An entry of the catalogue. `name` is what a webhook asks for; `available` says whether it is produced yet."""

    name: str
    type: str | None
    description: str
    available: bool
    json_schema: dict[str, Any] | None
    example: dict[str, Any] | None


class EventTypes(Resource):
    items: list[EventType]


class Removed(Resource):
    id: str


class WebhookSettings(Request):
    """An endpoint as its owner asks for it. `subjects` empty means every object; `rate_limit` null means none."""

    url: Url
    events: EventNames
    subjects: Subjects = ()
    description: Description = ""
    headers: Headers = Field(default_factory=dict)
    rate_limit: Rate | None = None
    ordering: Ordering = "none"
    payload_format: PayloadFormat = "tinytroupe"
    signing: Signing = "v1"
    enabled: bool = True


class WebhookChanges(Changes):
    """What is absent stays, what is given replaces its whole field. `ordering` cannot change.

    `rate_limit` may be null: then there is none.
    """

    nullable = frozenset({"rate_limit"})

    url: Url | None = None
    events: EventNames | None = None
    subjects: Subjects | None = None
    description: Description | None = None
    headers: Headers | None = None
    rate_limit: Rate | None = None
    payload_format: PayloadFormat | None = None
    signing: Signing | None = None
    enabled: bool | None = None


class RegisterWebhook(WebhookSettings):
    webhook_id: str


class Subscribe(Request):
    """Another door's way to the same machinery: an endpoint for what one of its rules wants.

    Repeated with other settings it changes the endpoint. `fields` lets an event through if each field that is named
    here has one of the values, e.g. `{"severity": ["ALERT", "CRITICAL"]}`; only fields at the top of the data count.
    End it by `remove`.
    """

    webhook_id: str
    url: Url
    events: EventNames
    subjects: Subjects = ()
    fields: FieldFilter = Field(default_factory=dict)
    description: Description = ""
    payload_format: PayloadFormat = "tinytroupe"
    signing: Signing = "v1"


class UpdateWebhook(Request):
    webhook_id: str
    changes: WebhookChanges


class RemoveWebhook(Request):
    webhook_id: str


class RotateSecret(Request):
    """Make a new secret; the old one signs beside it for a day. A second rotation ends the first one's overlap."""

    webhook_id: str


class SendExample(Request):
    """Send an example of an event, once and without retries. `event` must be one that has an example."""

    webhook_id: str
    event: PlainEventName = "persona.created"


class GetWebhook(Request):
    webhook_id: str


class GetHealth(Request):
    webhook_id: str


class ListWebhooks(PageRequest):
    """Newest first; removed ones are not listed, nor those of another origin."""

    origin: Origin = "webhooks"


class ListDeliveries(PageRequest):
    """The deliveries of one endpoint, newest first. `event` is a name such as `persona.created`."""

    webhook_id: str
    status: DeliveryStatus | None = None
    event: EventName | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class GetDelivery(Request):
    """One delivery with every attempt, and what the endpoint answered."""

    webhook_id: str
    delivery_id: str


class ReplayOne(Request):
    """Send one delivery again, under the same message id."""

    webhook_id: str
    delivery_id: str


class ReplayRange(Request):
    """Send what happened from `since` (included) to `until` (not included) again; `status` limits it to deliveries
    that ended so. With `missing` also what the endpoint wants now and never had, e.g. from before its registration.
    """

    webhook_id: str
    since: AwareDatetime
    until: AwareDatetime | None = None
    status: Literal["delivered", "failed", "stopped"] | None = None
    missing: bool = False


class ReplayFailedSince(Request):
    """Send everything again that failed or was stopped since a time, up to `until` (not included) if given."""

    webhook_id: str
    since: AwareDatetime
    until: AwareDatetime | None = None


class ListEventTypes(Request):
    """All that can be subscribed to."""


SERVICE = "notifier"
register_webhook = Method(SERVICE, "register", RegisterWebhook, Webhook)
subscribe = Method(SERVICE, "subscribe", Subscribe, Webhook)
get_webhook = Method(SERVICE, "get", GetWebhook, Webhook)
list_webhooks = Method(SERVICE, "list", ListWebhooks, Page[Webhook])
update_webhook = Method(SERVICE, "update", UpdateWebhook, Webhook)
remove_webhook = Method(SERVICE, "remove", RemoveWebhook, Removed)
rotate_secret = Method(SERVICE, "rotate_secret", RotateSecret, Webhook)
send_example = Method(SERVICE, "test", SendExample, Delivery)
webhook_health = Method(SERVICE, "endpoint_health", GetHealth, Health)
list_deliveries = Method(SERVICE, "deliveries", ListDeliveries, Page[Delivery])
get_delivery = Method(SERVICE, "delivery", GetDelivery, Delivery)
replay_one = Method(SERVICE, "replay_one", ReplayOne, Delivery)
replay_range = Method(SERVICE, "replay_range", ReplayRange, Replay, timeout_seconds=30.0)
replay_failed_since = Method(SERVICE, "replay_failed_since", ReplayFailedSince, Replay, timeout_seconds=30.0)
list_event_types = Method(SERVICE, "event_types", ListEventTypes, EventTypes)
