"""Batches as published: personas with a status each, and simulations of both printed types side by side."""

from typing import Any

import httpx
import pytest

from dramatis_kit import new_id

from .exchanges import ended, posted, several, somebody
from .published import differences, example

PERSONAS, SIMULATIONS = example("Batch Persona Creation"), example("Batch Simulation")
CAMPAIGN = example("Marketing Campaign Simulation").body
FOCUS_GROUP = example("Focus Group Simulation")


async def created(door: httpx.AsyncClient, people: list[Any], **options: bool) -> dict[str, Any]:
    body = {"personas": people, "options": PERSONAS.body["options"] | options}
    answer = await posted(door, PERSONAS.path, body, 207)
    assert differences(answer, PERSONAS.answer) == []
    return dict(answer)


async def test_a_hundred_personas_of_which_two_are_wrong_are_answered_one_by_one(door: httpx.AsyncClient) -> None:
    wrong = somebody(demographics={"age_range": "young"})
    answer = await created(door, [somebody() for _ in range(98)] + [wrong, {}])
    assert (answer["successful"], answer["failed"]) == (98, 2)
    assert [result["status"] for result in answer["results"]] == [201] * 98
    shape = example("Create Persona").answer | {"enrichment_status": "none"}
    assert differences(answer["results"][0]["persona"], shape) == []
    fields = {error["index"]: error["error"]["details"]["field"] for error in answer["errors"]}
    assert fields == {98: "personas[98].demographics.age_range", 99: "personas[99].name"}


async def test_more_than_a_hundred_are_refused(door: httpx.AsyncClient) -> None:
    error = (await posted(door, PERSONAS.path, {"personas": [{"name": "A"}] * 101}, 422))["error"]
    assert error["details"]["field"] == "personas"


async def test_a_failure_stops_the_rest_unless_it_shall_go_on(door: httpx.AsyncClient) -> None:
    answer = await created(door, [somebody(), {}, somebody()], continue_on_error=False)
    assert (answer["successful"], answer["failed"], len(answer["results"])) == (1, 1, 1)


async def test_errors_are_left_out_where_they_are_not_wanted(door: httpx.AsyncClient) -> None:
    answer = await created(door, [somebody(), {}], return_errors=False)
    assert (answer["failed"], answer["errors"]) == (1, [])


async def known(door: httpx.AsyncClient) -> None:
    """What the printed batch names; it is there for all tests of this module."""
    home = await door.post("/properties", json=FOCUS_GROUP.body["property"])
    campaign = await door.post("/campaigns", json=CAMPAIGN["campaign"] | {"id": "camp_456"})
    assert {home.status_code, campaign.status_code} <= {201, 409}


def with_params(people: list[str]) -> list[dict[str, Any]]:
    """The printed simulations; what they elide as `params` is the rest of the request that stands alone."""
    study, campaign = SIMULATIONS.body["simulations"]
    asked = {name: value for name, value in FOCUS_GROUP.bodies()[0].items() if name not in ("property", "name")}
    asked["persona_configuration"] |= {"specific_personas": people}
    return [study | {"params": asked}, campaign | {"params": {"target_personas": people}}]


async def test_the_printed_simulations_run_side_by_side(door: httpx.AsyncClient) -> None:
    await known(door)
    body = SIMULATIONS.body | {"simulations": with_params(await several(door, 2))}
    headers = {"Idempotency-Key": new_id("key")}
    accepted = await door.post(SIMULATIONS.path, json=body, headers=headers)
    assert accepted.status_code == 202, accepted.text
    batch = accepted.json()["batch_id"]
    assert batch.startswith("batch_")
    done = await ended(door, f"/batch/{batch}")
    assert (done["status"], done["successful"], done["failed"]) == ("completed", 2, 0)
    assert [item["type"] for item in done["items"]] == ["focus_group", "marketing_campaign"]
    for item in done["items"]:
        assert (await door.get(f"/simulations/{item['id']}/results")).json()["status"] == "completed"


async def test_what_a_batch_names_and_is_not_there_fails_alone(door: httpx.AsyncClient) -> None:
    (study, campaign) = with_params(await several(door, 1))
    nowhere = [study | {"property_id": "prop_nowhere"}, campaign | {"campaign_id": "camp_nowhere"}]
    accepted = await posted(door, SIMULATIONS.path, SIMULATIONS.body | {"simulations": nowhere}, 202)
    done = await ended(door, f"/batch/{accepted['batch_id']}")
    errors = [item["error"] for item in done["items"]]
    assert [(error["status"], error["code"]) for error in errors] == [(404, "NOT_FOUND")] * 2


async def test_a_batch_can_be_cancelled(door: httpx.AsyncClient) -> None:
    await known(door)
    (study, _) = with_params(await several(door, 1))
    slow = study | {"params": study["params"] | {"simulation_parameters": {"iterations": 10_000}}}
    queued = {"simulations": [slow] * 4, "execution": {"parallel": False}}
    accepted = await posted(door, SIMULATIONS.path, queued, 202)
    cancelled = await posted(door, f"/batch/{accepted['batch_id']}/cancel", None, 200)
    assert cancelled["status"] == "cancelled"
    assert cancelled["cancelled"] >= 3


@pytest.mark.parametrize("execution", [{"priority": "frantic"}, {"max_concurrent": 0}, {"parallel": "yes"}])
async def test_an_impossible_execution_is_refused_at_its_field(
    door: httpx.AsyncClient, execution: dict[str, Any]
) -> None:
    error = (await posted(door, SIMULATIONS.path, SIMULATIONS.body | {"execution": execution}, 422))["error"]
    assert error["details"]["field"] == f"execution.{next(iter(execution))}"
