"""`/api/predict/v1/marketing/predict`: forecasts of campaigns and content, translated into simulations."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, TheDoor, answer
from dramatis_gateway.models import AcceptedSimulation, CampaignForecast, ViralForecast
from dramatis_gateway.prompt import results_within
from dramatis_gateway.routes.simulations import followed, location_of
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/api/predict/v1/marketing/predict", tags=["predict"])

Variants = Annotated[v1.CampaignVariants, Depends(json_body(v1.CampaignVariants, "INVALID_SIMULATION"))]
Content = Annotated[v1.ViralContent, Depends(json_body(v1.ViralContent, "INVALID_SIMULATION"))]

_LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": AcceptedSimulation, "description": "It takes longer; follow it like any simulation."}
}


@router.post(
    "/campaign",
    response_model=CampaignForecast,
    openapi_extra=described(v1.CampaignVariants),
    responses={**_LATER, **documented("INVALID_SIMULATION", body=True)},
)
async def predict_campaign(caller: TheCaller, door: TheDoor, variants: Variants) -> Response:
    """Forecast how the variants of a campaign will do, or abstain where nothing tells them apart."""
    command = v1.RequestVariants(simulation_id=caller.new_id("sim"), variants=variants, viewer=caller.viewer)
    simulation = await caller.ask(v1.request_variants, command)
    awaited = await results_within(caller, simulation, door.settings.gateway_prompt_seconds)
    if awaited.results is None or awaited.results.predicted_results is None:
        return await followed(caller, awaited.simulation)
    predicted = {"campaign_id": simulation.simulation_id, **awaited.results.predicted_results}
    return answer(CampaignForecast.model_validate(predicted), 200, location_of(simulation))


@router.post(
    "/viral",
    response_model=ViralForecast,
    openapi_extra=described(v1.ViralContent),
    responses={**_LATER, **documented("INVALID_SIMULATION", body=True)},
)
async def predict_viral(caller: TheCaller, door: TheDoor, content: Content) -> Response:
    """Forecast whether content will spread by itself."""
    command = v1.RequestViral(simulation_id=caller.new_id("sim"), content=content, viewer=caller.viewer)
    simulation = await caller.ask(v1.request_viral, command)
    awaited = await results_within(caller, simulation, door.settings.gateway_prompt_seconds)
    if awaited.results is None or awaited.results.predicted_results is None:
        return await followed(caller, awaited.simulation)
    predicted = {"prediction_id": simulation.simulation_id, **awaited.results.predicted_results}
    return answer(ViralForecast.model_validate(predicted), 200, location_of(simulation))
