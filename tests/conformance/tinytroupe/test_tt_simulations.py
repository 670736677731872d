"""Simulations as published: requested, followed, read in full and in short, listed and cancelled."""

import asyncio
from typing import Any

import httpx
import pytest

from dramatis_testkit.receiver import receiving

from .exchanges import as_printed, completed, ended, posted, several, somebody, source_of_its_own
from .published import differences, example

FOCUS_GROUP, CAMPAIGN = example("Focus Group Simulation"), example("Marketing Campaign Simulation")
INTERVENTION, RESULTS = example("Intervention Testing"), example("Get Simulation Results")
DETAILED = next(b for b in FOCUS_GROUP.bodies() if b["simulation_parameters"]["detail_level"] == "detailed")
WITHOUT_WEBHOOK = {key: value for key, value in FOCUS_GROUP.answer.items() if key != "webhook_url"}

WITHOUT_DETAILS = RESULTS.answer | {"detailed_results": {}}
"""The printed details are those of a focus group."""


def inviting(body: dict[str, Any], people: list[str]) -> dict[str, Any]:
    """The request with personas that exist in place of the printed ids."""
    for field in ("target_personas", "test_personas"):
        if field in body:
            return body | {field: people}
    return body | {"persona_configuration": body["persona_configuration"] | {"specific_personas": people}}


async def focus_group(door: httpx.AsyncClient, **changes: Any) -> str:
    body = inviting(DETAILED, await several(door, 2)) | changes
    accepted = await posted(door, FOCUS_GROUP.path, body, 202)
    assert differences(accepted, WITHOUT_WEBHOOK) == []
    return str(accepted["simulation_id"])


def results_of(simulation_id: str) -> str:
    return RESULTS.with_ids(simulation_id=simulation_id)


async def test_the_printed_focus_group_is_accepted_in_every_mode_and_detail(door: httpx.AsyncClient) -> None:
    people = await several(door, 2)
    async with receiving() as receiver:
        hook = await posted(door, "/webhooks", {"url": receiver.url, "events": ["simulation.completed"]}, 201)
        bodies = FOCUS_GROUP.bodies()
        assert len(bodies) == 4
        for body in bodies:
            answer = await as_printed(door, FOCUS_GROUP, inviting(body, people))
            assert answer["status"] == FOCUS_GROUP.answer["status"]
            assert answer["ws_channel"] == f"/ws/simulations/{answer['simulation_id']}"
            await completed(door, answer["simulation_id"])
        assert len(await receiver.got(len(bodies))) == len(bodies)
        await door.delete(f"/webhooks/{hook['id']}")


async def test_the_results_have_every_published_field(door: httpx.AsyncClient) -> None:
    simulation = await focus_group(door)
    await completed(door, simulation)
    results = await as_printed(door, RESULTS, simulation_id=simulation)
    assert (results["simulation_id"], results["status"]) == (simulation, "completed")
    assert 0 <= results["summary"]["confidence_level"] <= 1
    assert len(results["detailed_results"]["persona_responses"]) == 22
    for recommendation in results["recommendations"]:
        assert recommendation["impact"] in ("high", "medium", "low")
        assert 0 <= recommendation["confidence"] <= 1


async def test_a_persona_whose_sources_are_not_read_yet_takes_part(door: httpx.AsyncClient) -> None:
    john = (await posted(door, "/personas", somebody(enrichment_sources=[source_of_its_own()]), 201))["id"]
    accepted = await posted(door, FOCUS_GROUP.path, inviting(DETAILED, [john]), 202)
    await completed(door, accepted["simulation_id"])
    responses = (await door.get(results_of(accepted["simulation_id"]))).json()["detailed_results"]["persona_responses"]
    assert john in {response["persona_id"] for response in responses}


async def test_a_summary_leaves_the_details_out(door: httpx.AsyncClient) -> None:
    simulation = await focus_group(door)
    await completed(door, simulation)
    short = (await door.get(results_of(simulation), params={"detail_level": "summary"})).json()
    whole = (await door.get(results_of(simulation), params={"detail_level": "detailed"})).json()
    assert short["detailed_results"] is None
    assert differences(whole["detailed_results"], RESULTS.answer["detailed_results"]) == []
    assert (short["summary"], short["recommendations"]) == (whole["summary"], whole["recommendations"])
    refused = await door.get(results_of(simulation), params={"detail_level": "endless"})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "detail_level")


async def test_the_printed_campaign_names_its_best_configuration_for_every_timing(door: httpx.AsyncClient) -> None:
    people = await several(door, 2)
    for body in CAMPAIGN.bodies():
        accepted = await as_printed(door, CAMPAIGN, inviting(body, people))
        best = accepted["predicted_results"]["best_configuration"]
        timing = body["campaign"]["timing"]
        assert best["send_time"] == f"{timing['send_day']}_{timing['send_time']}"
        assert best["channel"] in body["campaign"]["channels"]
        assert 0 < best["predicted_inquiry_rate"] < best["predicted_open_rate"] < 1
        results = (await door.get(results_of(accepted["simulation_id"]))).json()
        assert differences(results, WITHOUT_DETAILS) == []


async def test_alternative_times_may_be_left_to_the_simulation_as_they_are_printed(door: httpx.AsyncClient) -> None:
    await as_printed(door, CAMPAIGN, inviting(CAMPAIGN.body, await several(door, 2)))


async def test_the_printed_intervention_is_answered_with_recommendations(door: httpx.AsyncClient) -> None:
    body = inviting(INTERVENTION.body, await several(door, 2))
    answer = await as_printed(door, INTERVENTION, body)
    assert 0 < answer["recommendations"]["predicted_conversion_rate"] < 1
    results = (await door.get(results_of(answer["simulation_id"]))).json()
    assert results["type"] == "intervention"


async def test_the_results_of_an_intervention_have_every_published_field(door: httpx.AsyncClient) -> None:
    # How sure one can be of a recommendation is not known of two people.
    drawn = {"persona_configuration": {"mode": "segment", "segments": ["finance_executives"], "generated_count": 20}}
    answer = await as_printed(door, INTERVENTION, inviting(INTERVENTION.body, await several(door, 2)) | drawn)
    results = (await door.get(results_of(answer["simulation_id"]))).json()
    assert differences(results, WITHOUT_DETAILS) == []


@pytest.mark.parametrize("variation", INTERVENTION.body["variations_to_test"])
async def test_each_variation_can_be_tested_alone(door: httpx.AsyncClient, variation: str) -> None:
    body = inviting(INTERVENTION.body, await several(door, 1)) | {"variations_to_test": [variation]}
    await as_printed(door, INTERVENTION, body)


async def test_the_status_tells_how_far_it_is(door: httpx.AsyncClient) -> None:
    simulation = await focus_group(door)
    status = (await door.get(f"/simulations/{simulation}")).json()
    assert status["simulation_id"] == simulation
    assert status["status"] in ("queued", "running", "completed")
    done = await completed(door, simulation)
    assert (done["progress"], done["type"], done["name"]) == (1.0, "focus_group", FOCUS_GROUP.body["name"])


async def test_simulations_are_listed_by_status_and_kind_with_their_place(door: httpx.AsyncClient) -> None:
    simulation = await focus_group(door)
    await completed(door, simulation)
    query = {"status": "completed", "type": "focus_group", "page_size": "1"}
    answer = await door.get("/simulations", params=query)
    assert [item["simulation_id"] for item in answer.json()["items"]] == [simulation]
    assert (answer.headers["X-Page-Size"], answer.headers["X-Current-Page"]) == ("1", "1")
    assert int(answer.headers["X-Total-Count"]) >= 1
    assert 'rel="last"' in answer.headers["Link"]
    assert (await door.get("/simulations", params={"status": "failed"})).json()["items"] == []


async def test_a_cancelled_simulation_has_no_results(door: httpx.AsyncClient) -> None:
    simulation = await focus_group(door, simulation_parameters={"iterations": 10_000})
    cancelled = await door.post(f"/simulations/{simulation}/cancel")
    status = (await ended(door, f"/simulations/{simulation}"))["status"]
    assert (cancelled.status_code, status) in ((200, "cancelled"), (409, "completed"))
    if status == "cancelled":
        results = await door.get(results_of(simulation))
        assert (results.status_code, results.json()["error"]["code"]) == (409, "SIMULATION_NOT_COMPLETED")


async def test_what_is_over_cannot_be_cancelled(door: httpx.AsyncClient) -> None:
    simulation = await focus_group(door)
    await completed(door, simulation)
    refused = await door.post(f"/simulations/{simulation}/cancel")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")


async def test_a_simulation_that_nobody_knows_is_not_found(door: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        door.get("/simulations/sim_nobody"),
        door.get(results_of("sim_nobody")),
        door.post("/simulations/sim_nobody/cancel"),
    )
    assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize("one", [FOCUS_GROUP, CAMPAIGN, INTERVENTION], ids=lambda one: one.path)
async def test_the_printed_ids_are_nobody_here_and_the_field_is_named(door: httpx.AsyncClient, one: Any) -> None:
    error = (await posted(door, one.path, one.bodies()[-1], 422))["error"]
    assert error["code"] == "INVALID_SIMULATION"
    assert error["details"]["field"].rpartition(".")[2] in (
        "specific_personas[0]",
        "target_personas[0]",
        "test_personas[0]",
    )
