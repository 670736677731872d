"""The public bodies and parameters that are the gateway's own: the doors' view of what services answer."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, TypeAdapter
from pydantic_core import PydanticCustomError

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.notifier import terms as notifier
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine.v1 import Kind, Status

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)]
Types = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.*]+(,[a-z0-9_.*]+)*$", max_length=2000)]
Cursor = Annotated[str, StringConstraints(max_length=100)]

_DAY_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ].+")
_AWARE: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _written_out(value: Any) -> datetime:
    # Otherwise a number would be read as seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY_AND_TIME.fullmatch(value)):
        return _AWARE.validate_python(value)
    raise PydanticCustomError("instant", "a time is written as in RFC 3339, for example 2024-01-31T09:00:00Z")


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A moment with its time zone, as RFC 3339 writes it."""


class CreatedPersona(Resource):
    """The answer to the creation of a persona."""

    id: str
    created_at: datetime
    status: persona.Status
    enrichment_status: persona.EnrichmentStatus
    simulation_ready: bool


class AcceptedSimulation(Resource):
    """The answer to the request of a simulation.

    `webhook_url`: the newest webhook of the brokerage that will be told of its completion, null where there is none.
    `ws_channel` is relative to `/v1`. `queue_position`: how many simulations of the brokerage must end before it may
    begin, 1 for the next; null unless the brokerage has as many under way as it may.
    """

    simulation_id: str
    status: Status
    estimated_duration_seconds: int
    webhook_url: str | None
    ws_channel: str
    queue_position: int | None = None
    status_url: str = Field(examples=["/v1/simulations/sim_8k7j6h5g"])
    results_url: str = Field(examples=["/v1/simulations/sim_8k7j6h5g/results"])


class AcceptedCampaign(AcceptedSimulation):
    """The answer to the request of a campaign test. `predicted_results` is null where it takes longer."""

    predicted_results: dict[str, Any] | None


class CampaignForecast(Resource):
    """How the variants of a campaign will do. `recommended_variant` is null where the evidence cannot separate them."""

    campaign_id: str
    overall_success_probability: float | None
    recommended_variant: str | None
    reason_for_abstaining: str | None
    prediction_explanation: str
    variants: tuple[dict[str, Any], ...]
    factors: tuple[dict[str, Any], ...]
    audience: dict[str, Any]
    reference: dict[str, Any]
    unknown: dict[str, str]


class ViralForecast(Resource):
    """Whether content spreads by itself. What cannot be known is null, with the reason under `unknown`."""

    prediction_id: str
    viral_probability: float | None
    reproduction_number: float | None
    success_probability: float | None
    predicted_engagement: float | None
    predicted_share_rate: float | None
    views_per_seed_view: float | None
    prediction_explanation: str
    scoring_factors: dict[str, float | None]
    factors: tuple[dict[str, Any], ...]
    estimates: dict[str, Any]
    audience: dict[str, Any]
    reference: dict[str, Any]
    unknown: dict[str, str]


class FollowUpRecommendations(Resource):
    """What a follow-up test recommends: a sequence, how many convert under it, and what stands behind that."""

    optimal_sequence: dict[str, Any]
    predicted_conversion_rate: float | None
    key_insights: tuple[str, ...]


class FollowUpTest(Resource):
    """The answer to the request of a follow-up test that was carried out at once."""

    simulation_id: str
    recommendations: FollowUpRecommendations


class EventList(Resource):
    """Events in the order of the log. `cursor` is the position after the last one, also when there is none."""

    items: list[dict[str, Any]]
    cursor: str
    has_more: bool


class PlatformHealth(Resource):
    """`not_ready` says of each part that is missing what is wrong with it."""

    status: Literal["ready", "not_ready"]
    not_ready: dict[str, str]


class Alive(Resource):
    status: Literal["live"] = "live"


class PageQuery(Request):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


class DeliveryQuery(PageQuery):
    """Which deliveries: `event` is a name (`persona.created`, `persona.*`); `since` ≤ time of creation < `until`."""

    status: notifier.DeliveryStatus | None = None
    event: notifier.EventName | None = None
    since: Instant | None = None
    until: Instant | None = None


class ExampleQuery(Request):
    """Which event's example to send."""

    event: notifier.PlainEventName = "persona.created"


class ReplayRequest(Request):
    """What to send again: what happened from `since` (included) to `until` (not included).

    `failed` takes what failed or was stopped, `sent` every delivery, `everything` also events that the endpoint wants
    and never had, for example from before its registration.
    """

    since: Instant
    until: Instant | None = None
    what: Literal["failed", "sent", "everything"] = "failed"


class PersonaQuery(PageQuery):
    """Which personas; without a `status`, the active ones."""

    visibility: persona.Visibility | None = None
    segment: persona.Word | None = None
    status: Literal["active", "archived"] = "active"


class SimulationQuery(PageQuery):
    status: Status | None = None
    type: Kind | None = None


class ResultQuery(Request):
    """How much of the results: a `summary` has no `detailed_results`."""

    detail_level: Literal["detailed", "summary"] = "detailed"


class EventQuery(Request):
    """Which events: `types` are names with or without version, separated by commas; `persona.*` takes all of a kind."""

    types: Types | None = None
    subject: Id | None = None


class EventPageQuery(EventQuery):
    """`cursor` is the position after which to begin: a page's `cursor` or an event's `id:` in the stream."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Cursor | None = None


class EventStreamQuery(EventQuery):
    """`last_event_id` and `ticket` serve clients that cannot set headers."""

    last_event_id: Cursor | None = None
    ticket: Annotated[str, StringConstraints(max_length=100)] | None = None


class NewTicket(Request):
    """`origin` is that of the web page which will use the ticket, as in `https://app.example`: no other may then."""

    origin: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+$", max_length=300)] | None = None


class StreamTicket(Resource):
    """`ticket` opens one stream, once, until `expires_at`."""

    ticket: str
    expires_at: datetime
