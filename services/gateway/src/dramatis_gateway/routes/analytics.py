"""`/v1/personas/{persona_id}/analytics`: how a persona behaves and changes over a period."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from dramatis_contracts.base import Request
from dramatis_contracts.persona.analytics import (
    METRICS,
    Day,
    GetPersonaAnalytics,
    Metric,
    PersonaAnalytics,
    get_analytics,
)
from dramatis_gateway.describe import documented
from dramatis_gateway.door import TheCaller, answer

router = APIRouter(prefix="/v1/personas", tags=["personas"])

_METRICS = TypeAdapter(tuple[Metric, ...])
_LISTED = "|".join(METRICS)


def _known(text: str) -> str:
    if unknown := [name for name in text.split(",") if name not in METRICS]:
        message = "'{unknown}' is no metric: name one or more of {metrics}, separated by commas"
        raise PydanticCustomError("metric", message, {"unknown": unknown[0], "metrics": ", ".join(METRICS)})
    return text


Listed = Annotated[
    str,
    AfterValidator(_known),
    Field(
        description="Which parts to answer, separated by commas; absent: all. What is left out is null.",
        examples=["engagement,preferences,predictions"],
        json_schema_extra={"pattern": f"^({_LISTED})(,({_LISTED}))*$"},
    ),
]


class AnalyticsQuery(Request):
    """Days are UTC, both included; at most 731 of them."""

    date_from: Day | None = Field(default=None, description="Absent: 30 days that end with `date_to`.")
    date_to: Day | None = Field(default=None, description="Absent: today.")
    metrics: Listed | None = None


@router.get(
    "/{persona_id}/analytics",
    response_model=PersonaAnalytics,
    responses=documented("NOT_FOUND", "INVALID_REQUEST"),
)
async def get_persona_analytics(
    caller: TheCaller, persona_id: str, query: Annotated[AnalyticsQuery, Query()]
) -> Response:
    """What a persona did, how its preferences changed, and what to expect of it, over a period."""
    named = dict.fromkeys(query.metrics.split(",")) if query.metrics else METRICS
    asked = GetPersonaAnalytics(
        persona_id=persona_id,
        date_from=query.date_from,
        date_to=query.date_to,
        metrics=_METRICS.validate_python(tuple(named)),
        viewer=caller.viewer,
    )
    return answer(await caller.ask(get_analytics, asked))
