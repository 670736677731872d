"""What is known of how a persona behaves and changes: one query over a period, answered from ClickHouse.

Days are UTC and both ends of a period are included. Every estimate stands beside its plain value, under `estimates`;
what cannot be known is null, and `unknown` says why.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from dramatis_contracts.base import Request, Resource, Viewer
from dramatis_contracts.persona import v1
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.common import Estimate

Metric = Literal["engagement", "preferences", "predictions"]
METRICS: tuple[Metric, ...] = ("engagement", "preferences", "predictions")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written_out(value: Any) -> Any:
    # Otherwise a number would be read as seconds since 1970.
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("day", "a day is written YYYY-MM-DD")


Day = Annotated[
    date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31), examples=["2024-01-31"]), BeforeValidator(_written_out)
]


class EngagementMetrics(Resource):
    """What a persona did in the period, as far as interactions were recorded; the counts are exact."""

    properties_viewed: int = Field(description="Different properties; a viewing that names none counts as one.")
    average_interest_score: float | None = Field(
        description="0 to 1: the mean over properties of the last interest shown in each."
    )
    showings_requested: int
    offers_made: int
    interactions: int = Field(description="Of every kind.")
    matches_found: int = Field(description="Different properties that match runs paired with the persona.")
    average_match_score: float | None = Field(description="0 to 1: the mean over these of the last score of each.")
    simulations_joined: int
    estimates: dict[str, Estimate]
    unknown: dict[str, str]


class StrengthChange(Resource):
    """How strongly a preference is supported: (for − against) / (for + against + 2), from −1 to 1, 0 without evidence.

    `start` and `end` are those at the ends of the period; `low` and `high` an interval of `level` around `end`.
    """

    start: float
    end: float
    low: float
    high: float
    level: float
    in_favour: int
    against: int
    n: int
    method: str
    model_version: str
    calibration: Literal["assumed"] = "assumed"


class PreferenceEvolution(Resource):
    """How what a persona wants changed in the period. Words are those of homes; others are counted, never named."""

    new_preferences_detected: tuple[str, ...] = Field(
        description="Wanted or liked by the end of the period, and not when it began or the persona was created."
    )
    preference_strength_changes: dict[str, float] = Field(description="The strength's end minus its start, by word.")
    new_deal_breakers_detected: tuple[str, ...]
    preferences_not_named: int = Field(description="How many at the end hold a word outside the reviewed vocabulary.")
    estimates: dict[str, StrengthChange]


class Predictions(Resource):
    """What is to be expected as of `as_of`; forecasts of a model whose assumptions are published, not facts."""

    purchase_likelihood_30_days: float | None
    preferred_property_type: str | None
    budget_range_estimate: str | None
    estimates: dict[str, Estimate] = Field(
        description="Of the type: the share of the evidence for it. Of the budget: US dollars, middle and ends."
    )
    unknown: dict[str, str]


class PersonaAnalytics(Resource):
    """Analytics of one persona. What was not asked for is null.

    `data_up_to`: when the newest event of the tenant that the analytics have was recorded; null before the first.
    `current`: whether they have all that happened to this persona. `as_of`: the moment of the predictions, the end of
    the period or now, if that is earlier.
    """

    persona_id: str
    period: str = Field(examples=["2024-01-01 to 2024-01-31"])
    engagement_metrics: EngagementMetrics | None
    preference_evolution: PreferenceEvolution | None
    predictions: Predictions | None
    as_of: datetime
    data_up_to: datetime | None
    current: bool


class GetPersonaAnalytics(Request):
    """`date_to` absent: today. `date_from` absent: 30 days that end with `date_to`."""

    persona_id: str
    date_from: Day | None = None
    date_to: Day | None = None
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=3)] = METRICS
    viewer: Viewer = Viewer()


get_analytics = Method(v1.SERVICE, "analytics", GetPersonaAnalytics, PersonaAnalytics, timeout_seconds=10.0)
