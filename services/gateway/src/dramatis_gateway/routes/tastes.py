"""`/v1/tastes`: translated into the commands and queries of the simulation engine."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dramatis_contracts.tastes import v1
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer
from dramatis_gateway.validation import json_body

FIT_PATH = "/v1/tastes/fit"

router = APIRouter(prefix="/v1/tastes", tags=["tastes"])

Fit = Annotated[v1.FitTastes, Depends(json_body(v1.FitTastes, "INVALID_TASTES"))]
Elicitation = Annotated[v1.ElicitTastes, Depends(json_body(v1.ElicitTastes, "INVALID_TASTES"))]


@router.post(
    "/fit",
    status_code=201,
    response_model=v1.Tastes,
    openapi_extra=described(v1.FitTastes),
    responses=documented("INVALID_TASTES", body=True),
)
async def fit_tastes(caller: TheCaller, fit: Fit) -> Response:
    """Estimate tastes from observed choices. The personas and segments that it applies to use them from now on."""
    command = v1.RequestFit(tastes_id=caller.new_id("tst"), fit=fit, viewer=caller.viewer)
    tastes = await caller.ask(v1.fit_tastes, command)
    return answer(tastes, 201, {"Location": f"/v1/tastes/{tastes.id}"})


@router.post(
    "/elicit",
    response_model=v1.Tastes,
    openapi_extra=described(v1.ElicitTastes),
    responses=documented("INVALID_TASTES", "NOT_FOUND", "CONFLICT", body=True),
)
async def elicit_tastes(caller: TheCaller, elicitation: Elicitation) -> Response:
    """The next most informative choice question for a persona; with an answer, what is known of its tastes by now."""
    tastes_id = elicitation.tastes_id or caller.new_id("tst")
    command = v1.RequestElicitation(tastes_id=tastes_id, elicitation=elicitation, viewer=caller.viewer)
    tastes = await caller.ask(v1.elicit_tastes, command)
    return answer(tastes, headers={"Location": f"/v1/tastes/{tastes.id}"})


@router.get("/{tastes_id}", response_model=v1.Tastes, responses=documented("NOT_FOUND"))
async def get_tastes(caller: TheCaller, tastes_id: str) -> Response:
    """Estimated tastes, and what simulations use of them."""
    return answer(await caller.ask(v1.get_tastes, v1.GetTastes(tastes_id=tastes_id)))
