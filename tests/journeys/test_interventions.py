"""A follow-up test, end to end: the published example, people drawn from segments, results, and what is refused."""

import asyncio
from typing import Any

import httpx
import pytest

from dramatis_engines.example import PERSONAS

DEADLINE = 30
PATH = "/v1/simulations/intervention"
SCENARIO: dict[str, Any] = {
    "type": "follow_up_sequence",
    "initial_interaction": "property_viewing",
    "interventions": [
        {
            "step": 1,
            "timing": "same_day",
            "action": "thank_you_email",
            "content": "Thank you for viewing the property...",
        },
        {
            "step": 2,
            "timing": "day_3",
            "action": "follow_up_call",
            "script_points": ["address_concerns", "similar_properties", "urgency"],
        },
        {
            "step": 3,
            "timing": "day_7",
            "action": "personalized_report",
            "includes": ["market_analysis", "property_comparison", "investment_potential"],
        },
    ],
}
EXAMPLE: dict[str, Any] = {
    "scenario": SCENARIO,
    "variations_to_test": ["timing_variations", "message_tone", "channel_mix"],
}
SEGMENTS = {"mode": "segment", "segments": ["finance_executives", "affluent_families"], "generated_count": 30}


async def personas(api: httpx.AsyncClient) -> list[str]:
    created = [await api.post("/v1/personas", json=profile) for profile in PERSONAS]
    return [response.raise_for_status().json()["id"] for response in created]


async def run(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """The answer to a follow-up test that completes at once, and its results."""
    tested = await api.post(PATH, json=EXAMPLE | changes)
    assert tested.status_code == 200, tested.text
    body: dict[str, Any] = tested.json()
    assert tested.headers["location"] == f"/v1/simulations/{body['simulation_id']}"
    results = await api.get(f"/v1/simulations/{body['simulation_id']}/results")
    return {"answer": body, "results": results.raise_for_status().json()}


async def ended(api: httpx.AsyncClient, simulation: str) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        while True:
            status: dict[str, Any] = (await api.get(f"/v1/simulations/{simulation}")).json()
            if status["status"] not in ("queued", "running"):
                return status
            await asyncio.sleep(0.05)


async def test_the_published_example_is_answered_as_published(api: httpx.AsyncClient) -> None:
    told = await run(api, test_personas=await personas(api))
    recommended, results = told["answer"]["recommendations"], told["results"]
    assert set(told["answer"]) == {"simulation_id", "recommendations"}
    assert set(recommended) == {"optimal_sequence", "predicted_conversion_rate", "key_insights"}
    assert 0 < recommended["predicted_conversion_rate"] < 1
    steps = recommended["optimal_sequence"]["steps"]
    assert {"step", "timing", "action", "channel", "tone"} <= set(steps[0])
    assert any("Step 2 (follow up call on day 3)" in sentence for sentence in recommended["key_insights"])
    assert (results["type"], results["n_respondents"], results["status"]) == ("intervention", 2, "completed")
    assert results["predicted_results"]["predicted_conversion_rate"] == recommended["predicted_conversion_rate"]
    assert results["unrecognized"] == []


async def test_people_drawn_from_segments_give_intervals(api: httpx.AsyncClient) -> None:
    results = (await run(api, persona_configuration=SEGMENTS))["results"]
    assert results["n_respondents"] == 30
    details = results["detailed_results"]
    planned = next(s for s in details["sequences"]["best_first"] if s["changes"] == [])
    assert planned["conversion"]["low"] < planned["conversion"]["value"] < planned["conversion"]["high"]
    assert planned["conversion"]["calibration"] == "assumed"
    assert details["trajectory"]["as_planned"][-1]["states"]["converted"]["value"] == pytest.approx(
        planned["conversion"]["value"]
    )
    assert details["persona_responses_shown"] == {"shown": 30, "of": 30, "truncated": False}
    assert {step["step"] for step in details["steps"]} == {1, 2, 3}


async def test_its_probabilities_are_frozen_before_anything_happens(api: httpx.AsyncClient) -> None:
    simulation = (await run(api, persona_configuration=SEGMENTS))["answer"]["simulation_id"]
    types: dict[str, Any] = {}
    async with asyncio.timeout(DEADLINE):
        while "simulation.completed.v1" not in types:
            page = (await api.get(f"/v1/events?subject={simulation}&limit=50")).json()
            types = {event["type"]: event["data"] for event in page["items"]}
            await asyncio.sleep(0.05)
    assert set(types) == {
        "simulation.intervention_requested.v1",
        "simulation.started.v1",
        "forecast.frozen.v1",
        "simulation.responses_recorded.v1",
        "simulation.completed.v1",
    }
    frozen = types["forecast.frozen.v1"]
    assert (frozen["kind"], len(frozen["inputs_hash"])) == ("intervention", 64)
    assert frozen["model_version"] == types["simulation.started.v1"]["model_version"]
    names = [forecast["name"] for forecast in frozen["forecasts"]]
    assert names[:2] == ["follow_up.as_planned.conversion", "follow_up.none.conversion"]
    assert all("within 90 days of the property viewing" in forecast["statement"] for forecast in frozen["forecasts"])


async def test_the_same_seed_gives_the_same_bytes(api: httpx.AsyncClient) -> None:
    seeded = {"persona_configuration": SEGMENTS, "simulation_parameters": {"seed": 5}}
    first, second = [(await run(api, **seeded))["results"] for _ in range(2)]
    for part in ("summary", "detailed_results", "recommendations", "predicted_results", "model_version"):
        assert first[part] == second[part]


async def test_a_long_one_is_accepted_and_followed(api: httpx.AsyncClient) -> None:
    many = SEGMENTS | {"generated_count": 1000}
    request = EXAMPLE | {"persona_configuration": many, "simulation_parameters": {"iterations": 250}}
    accepted = await api.post(PATH, json=request)
    if accepted.status_code == 200:  # it was quicker than the door waits
        return
    assert accepted.status_code == 202, accepted.text
    body = accepted.json()
    assert body["ws_channel"] == f"/ws/simulations/{body['simulation_id']}"
    assert accepted.headers["location"] == f"/v1/simulations/{body['simulation_id']}"
    await api.post(f"/v1/simulations/{body['simulation_id']}/cancel")
    assert (await ended(api, body["simulation_id"]))["status"] in ("cancelled", "completed")


def with_steps(*steps: dict[str, Any]) -> dict[str, Any]:
    numbered = [{"step": number, **step} for number, step in enumerate(steps, start=1)]
    return {"scenario": SCENARIO | {"interventions": numbered}, "persona_configuration": SEGMENTS}


MAIL = {"timing": "day_1", "action": "email"}
STEPS = SCENARIO["interventions"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "test_personas"),
        ({"test_personas": ["pers_nobody"]}, "test_personas[0]"),
        ({"persona_configuration": SEGMENTS | {"segments": ["nobles"]}}, "persona_configuration.segments[0]"),
        ({"test_personas": ["a"], "scenario": SCENARIO | {"interventions": []}}, "scenario.interventions"),
        ({"test_personas": ["a"], "scenario": SCENARIO | {"interventions": STEPS[1:]}}, "scenario.interventions"),
        ({"test_personas": ["a"], "scenario": SCENARIO | {"type": "seance"}}, "scenario.type"),
        ({"test_personas": ["a"], "variations_to_test": ["font"]}, "variations_to_test[0]"),
        (with_steps(MAIL, {"timing": "same_day", "action": "call"}), "scenario.interventions[1].timing"),
        (with_steps({"timing": "whenever", "action": "email"}), "scenario.interventions[0].timing"),
        (with_steps({"timing": "day_1", "action": "send_pigeon"}), "scenario.interventions[0].action"),
        (with_steps(MAIL) | {"simulation_parameters": {"iterations": 0}}, "simulation_parameters.iterations"),
        (with_steps(MAIL) | {"simulation_parameters": {"horizon_days": 1}}, "simulation_parameters.horizon_days"),
        (
            EXAMPLE
            | {
                "persona_configuration": SEGMENTS | {"generated_count": 1000},
                "simulation_parameters": {"iterations": 10_000},
            },
            "simulation_parameters.iterations",
        ),
    ],
)
async def test_bad_input_is_refused_by_field(api: httpx.AsyncClient, changes: dict[str, Any], field: str) -> None:
    refused = await api.post(PATH, json=EXAMPLE | changes)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (422, "INVALID_SIMULATION"), refused.text
    assert error["details"]["field"] == field


async def test_what_is_not_understood_is_said(api: httpx.AsyncClient) -> None:
    told = await run(api, **with_steps(MAIL, {"timing": "day_2", "action": "send_pigeon"}))
    assert told["results"]["unrecognized"] == ["send_pigeon"]
    optimal = told["answer"]["recommendations"]["optimal_sequence"]
    assert optimal["not_understood"] == [2]
    insights = told["answer"]["recommendations"]["key_insights"]
    assert "Step 2 ('send_pigeon') is not understood and is left out of account." in insights


async def test_a_summary_leaves_the_details_out(api: httpx.AsyncClient) -> None:
    told = await run(api, persona_configuration=SEGMENTS, simulation_parameters={"detail_level": "summary"})
    assert told["results"]["detailed_results"] is None
    assert told["results"]["predicted_results"]["optimal_sequence"]["steps"]
