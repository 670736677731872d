"""A prediction that is there soon is in the answer; a later one is followed."""

import asyncio
from typing import Any

import pytest

from .conftest import Platform, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/simulations/intervention"
REQUEST: dict[str, Any] = {
    "scenario": {
        "type": "follow_up_sequence",
        "initial_interaction": "property_viewing",
        "interventions": [{"step": 1, "timing": "day_3", "action": "follow_up_call"}],
    },
    "test_personas": ["pers_1"],
}
PREDICTED: dict[str, Any] = {
    "optimal_sequence": {"steps": [{"step": 1}]},
    "predicted_conversion_rate": 0.3,
    "key_insights": ["Step 1 adds 3 points."],
}


async def end(platform: Platform, status: str) -> None:
    """The engine ends the simulation while the gateway waits."""
    await until(lambda: bool(platform.services.commands))
    await asyncio.sleep(0.1)
    for key, simulation in platform.services.simulations.items():
        platform.services.simulations[key] = simulation.model_copy(update={"status": status})


async def test_a_prediction_that_is_there_soon_is_the_answer(platform: Platform) -> None:
    platform.services.predicted = PREDICTED
    ended = asyncio.create_task(end(platform, "completed"))
    tested = await platform.client.post(PATH, json=REQUEST)
    await ended
    assert tested.status_code == 200, tested.text
    simulation = tested.json()["simulation_id"]
    assert tested.json() == {"simulation_id": simulation, "recommendations": PREDICTED}
    assert tested.headers["location"] == f"/v1/simulations/{simulation}"


async def test_a_prediction_that_takes_longer_is_followed(platform: Platform) -> None:
    accepted = await platform.client.post(PATH, json=REQUEST)
    assert accepted.status_code == 202, accepted.text
    body = accepted.json()
    assert body["status"] == "queued"
    assert body["ws_channel"] == f"/ws/simulations/{body['simulation_id']}"
    assert accepted.headers["location"] == f"/v1/simulations/{body['simulation_id']}"


async def test_one_that_waits_for_its_turn_is_not_waited_for(platform: Platform) -> None:
    platform.services.queue_position = 3
    accepted = await platform.client.post(PATH, json=REQUEST)
    platform.services.queue_position = None
    body = accepted.json()
    assert (accepted.status_code, body["status"], body["queue_position"]) == (202, "queued", 3)
    assert body["results_url"] == f"/v1/simulations/{body['simulation_id']}/results"


async def test_a_simulation_that_fails_at_once_can_be_looked_up(platform: Platform) -> None:
    ended = asyncio.create_task(end(platform, "failed"))
    accepted = await platform.client.post(PATH, json=REQUEST)
    await ended
    assert accepted.status_code == 202, accepted.text
    found = await platform.client.get(accepted.headers["location"])
    assert found.json()["status"] == "failed"
