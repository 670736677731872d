"""Batches, end to end: the published examples, per-item results, progress, cancellation, and what is refused."""

import asyncio
import uuid
from typing import Any

import httpx
import orjson
import pytest

from dramatis_engines.example import PERSONAS
from dramatis_testkit.receiver import receiving

DEADLINE = 60
LISTING: dict[str, Any] = {
    "price": 2_000_000,
    "type": "apartment",
    "features": ["terrace"],
    "photos": [{"url": "https://pictures.example/1.jpg", "room": "kitchen"}, {"url": "https://pictures.example/2.jpg"}],
}
CAMPAIGN: dict[str, Any] = {
    "name": "Spring",
    "channels": ["email"],
    "messages": {"email": {"subject_lines": ["A terrace by the river", "Your new kitchen"]}},
}
DRAWN = {"mode": "segment", "segments": ["tech_entrepreneurs"], "generated_count": 3}
FEW = {"iterations": 5}
FOLLOW_UP: dict[str, Any] = {
    "scenario": {
        "type": "follow_up_sequence",
        "initial_interaction": "property_viewing",
        "interventions": [{"step": 1, "timing": "day_1", "action": "email"}],
    },
    "persona_configuration": DRAWN,
}


async def create(api: httpx.AsyncClient, *personas: Any, **options: Any) -> dict[str, Any]:
    answered = await api.post("/v1/batch/personas", json={"personas": personas, "options": options})
    assert answered.status_code == 207, answered.text
    body: dict[str, Any] = answered.json()
    assert answered.headers["location"] == f"/v1/batch/{body['batch_id']}"
    return body


async def run(api: httpx.AsyncClient, *simulations: Any, **parts: Any) -> dict[str, Any]:
    answered = await api.post("/v1/batch/simulations", json={"simulations": simulations} | parts)
    assert answered.status_code == 202, answered.text
    body: dict[str, Any] = answered.json()
    assert answered.headers["location"] == f"/v1/batch/{body['batch_id']}"
    return body


async def ended(api: httpx.AsyncClient, batch: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        while True:
            found: dict[str, Any] = (await api.get(f"/v1/batch/{batch['batch_id']}")).raise_for_status().json()
            if found["status"] != "running" and not found["running"]:
                return found
            await asyncio.sleep(0.05)


async def listed(api: httpx.AsyncClient) -> str:
    return str((await api.post("/v1/properties", json=LISTING)).raise_for_status().json()["id"])


def focus_group(property_id: str, **params: Any) -> dict[str, Any]:
    own = {"persona_configuration": DRAWN, "test_scenarios": ["pricing"], "simulation_parameters": FEW}
    return {"type": "focus_group", "property_id": property_id, "params": own | params}


async def test_the_published_batch_of_personas_is_answered_as_published(api: httpx.AsyncClient) -> None:
    people = [{**profile, "name": f"{profile['name']} {uuid.uuid4()}"} for profile in PERSONAS]
    told = await create(api, *people, continue_on_error=True, return_errors=True)
    assert {"batch_id", "successful", "failed", "results", "errors"} <= set(told)
    assert (told["successful"], told["failed"], told["errors"]) == (2, 0, [])
    for index, result in enumerate(told["results"]):
        assert (result["index"], result["status"]) == (index, 201)
        found = (await api.get(f"/v1/personas/{result['id']}")).raise_for_status().json()
        assert found["name"] == people[index]["name"]
        assert {name: found[name] for name in result["persona"]} == result["persona"]


async def test_a_hundred_are_created_in_one_request(api: httpx.AsyncClient) -> None:
    told = await create(api, *({**PERSONAS[0], "name": f"Client {uuid.uuid4()}"} for _ in range(100)))
    assert told["successful"] == 100
    assert [result["index"] for result in told["results"]] == list(range(100))
    assert len({result["id"] for result in told["results"]}) == 100


async def test_a_hundred_long_descriptions_fit_into_one_request(api: httpx.AsyncClient) -> None:
    words = [f"{number} {'x' * 90}" for number in range(100)]
    long = [{"name": f"Client {uuid.uuid4()}", "preferences": {"style_preferences": words}} for _ in range(100)]
    assert (await create(api, *long))["successful"] == 100
    refused = await api.post("/v1/batch/personas", json={"personas": long * 5})
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


WRONG: list[tuple[Any, str]] = [
    ({"name": "A", "demographics": {"age_range": "old"}}, "personas[1].demographics.age_range"),
    ({"demographics": {}}, "personas[1].name"),
    ({"name": "A", "shoe_size": 44}, "personas[1].shoe_size"),
    ({"name": "A", "preferences": {"deal_breakers": ["pool"], "must_have_features": ["pool"]}}, ""),
    ({"name": "A", "idempotency_key": ""}, "personas[1].idempotency_key"),
    ("nobody", "personas[1]"),
    (None, "personas[1]"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
async def test_a_wrong_persona_fails_alone_and_names_the_field(api: httpx.AsyncClient, wrong: Any, field: str) -> None:
    told = await create(api, {"name": f"Ann {uuid.uuid4()}"}, wrong, {"name": f"Bob {uuid.uuid4()}"})
    assert (told["status"], told["successful"], told["failed"]) == ("completed", 2, 1)
    assert [result["index"] for result in told["results"]] == [0, 2]
    (failure,) = told["errors"]
    error = failure["error"]
    assert (failure["index"], failure["status"], error["code"]) == (1, 422, "INVALID_PERSONA")
    assert error["details"]["field"] == (field or "personas[1].preferences.deal_breakers[0]")
    assert error["documentation_url"].endswith("/INVALID_PERSONA")


async def test_errors_can_be_left_out_and_are_counted(api: httpx.AsyncClient) -> None:
    told = await create(api, {}, {"name": f"Ann {uuid.uuid4()}"}, return_errors=False)
    assert (told["successful"], told["failed"], told["errors"]) == (1, 1, [])


async def test_the_first_failure_stops_the_rest_where_that_is_wanted(api: httpx.AsyncClient) -> None:
    told = await create(api, {"name": f"Ann {uuid.uuid4()}"}, {}, {"name": "Bob"}, continue_on_error=False)
    assert (told["status"], told["successful"], told["failed"], told["skipped"]) == ("stopped", 1, 1, 1)
    assert told["skipped_items"] == [2]


async def test_a_key_of_an_item_gives_the_same_persona_in_a_later_batch(api: httpx.AsyncClient) -> None:
    keyed = {"name": f"Ann {uuid.uuid4()}", "idempotency_key": str(uuid.uuid4())}
    first, again = await create(api, keyed), await create(api, keyed)
    assert first["results"] == again["results"]
    other = await create(api, keyed | {"name": "Bob"})
    assert (other["errors"][0]["status"], other["errors"][0]["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")


async def test_one_person_twice_in_a_batch_is_created_once(api: httpx.AsyncClient) -> None:
    source = {"type": "linkedin", "url": "https://profiles.invalid/in/ann"}
    twin = {**PERSONAS[0], "name": f"Ann {uuid.uuid4()}", "enrichment_sources": [source]}
    told = await create(api, twin, twin)
    assert (told["successful"], told["failed"]) == (1, 1)
    assert (told["errors"][0]["status"], told["errors"][0]["error"]["code"]) == (409, "DUPLICATE_PERSONA")


async def test_a_repeated_request_is_answered_alike(api: httpx.AsyncClient) -> None:
    request = {"personas": [{"name": f"Ann {uuid.uuid4()}"}]}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = [await api.post("/v1/batch/personas", json=request, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())


async def test_a_batch_of_personas_can_be_read_afterwards(api: httpx.AsyncClient) -> None:
    told = await create(api, {"name": f"Ann {uuid.uuid4()}"}, {"name": 5})
    found = await ended(api, told)
    assert [item["status"] for item in found["items"]] == ["completed", "failed"]
    assert found["items"][0]["id"] == told["results"][0]["id"]
    assert found["items"][1]["error"]["details"]["field"] == "personas[1].name"
    refused = await api.post(f"/v1/batch/{told['batch_id']}/cancel")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")


MANY = [{"name": "A"}] * 101


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("personas", {"personas": []}, "personas"),
        ("personas", {"personas": MANY}, "personas"),
        ("personas", {}, "personas"),
        ("personas", {"personas": {}}, "personas"),
        ("personas", {"personas": MANY[:1], "options": {"stop": True}}, "options.stop"),
        ("simulations", {"simulations": []}, "simulations"),
        ("simulations", {"simulations": [{}] * 101}, "simulations"),
        ("simulations", {"simulations": [{}], "execution": {"max_concurrent": 21}}, "execution.max_concurrent"),
        ("simulations", {"simulations": [{}], "execution": {"max_concurrent": 0}}, "execution.max_concurrent"),
        ("simulations", {"simulations": [{}], "execution": {"priority": "urgent"}}, "execution.priority"),
    ],
)
async def test_a_batch_that_is_none_is_refused_whole(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], field: str
) -> None:
    refused = await api.post(f"/v1/batch/{path}", json=body)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["details"]["field"]) == (422, "INVALID_BATCH", field)


async def test_simulations_of_all_kinds_run_in_one_batch(api: httpx.AsyncClient) -> None:
    home = await listed(api)
    campaign = (await api.post("/v1/campaigns", json=CAMPAIGN)).raise_for_status().json()["id"]
    accepted = await run(
        api,
        focus_group(home),
        {"type": "marketing_campaign", "campaign_id": campaign, "params": {"persona_configuration": DRAWN}},
        {"type": "intervention", "params": FOLLOW_UP},
        focus_group("prop_nowhere"),
        execution={"parallel": True, "max_concurrent": 5, "priority": "high"},
    )
    assert (accepted["type"], accepted["total"], accepted["execution"]["priority"]) == ("simulations", 4, "high")
    assert accepted["links"]["self"] == f"/v1/batch/{accepted['batch_id']}"
    done = await ended(api, accepted)
    assert [item["status"] for item in done["items"]] == ["completed", "completed", "completed", "failed"]
    assert (done["status"], done["successful"], done["failed"]) == ("completed", 3, 1)
    for item in done["items"][:3]:
        results = (await api.get(f"/v1/simulations/{item['id']}/results")).raise_for_status().json()
        assert results["type"] == item["type"]
    error = done["items"][3]["error"]
    assert (error["status"], error["code"]) == (404, "NOT_FOUND")
    assert error["details"]["field"] == "simulations[3].property_id"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "seance"}, "type"),
        ({"params": {}}, "type"),
        ({"type": "focus_group", "params": []}, "params"),
        ({"type": "focus_group", "params": {"shoe_size": 44}}, "params.shoe_size"),
        ({"type": "focus_group", "params": {"test_scenarios": ["tarot"]}}, "params.test_scenarios[0]"),
        ({"type": "focus_group", "campaign_id": "camp_1"}, "campaign_id"),
        ({"type": "focus_group", "property_id": "a", "params": {"property_id": "b"}}, "params.property_id"),
        ({"type": "marketing_campaign", "campaign_id": 5}, "campaign_id"),
        ({"type": "intervention", "params": {}}, "params.scenario"),
        (7, ""),
    ],
)
async def test_a_wrong_simulation_fails_alone_and_at_once(api: httpx.AsyncClient, wrong: Any, field: str) -> None:
    told = await run(api, wrong)
    assert (told["status"], told["failed"]) == ("completed", 1)
    error = told["items"][0]["error"]
    assert (error["status"], error["code"]) == (422, "INVALID_SIMULATION")
    assert error["details"]["field"] == ".".join(filter(None, ("simulations[0]", field)))


async def test_a_cancelled_batch_runs_nothing_more(api: httpx.AsyncClient) -> None:
    home = await listed(api)
    long = focus_group(home, simulation_parameters={"iterations": 10_000}, persona_configuration=DRAWN)
    told = await run(api, *([long] * 6), execution={"parallel": False})
    path = f"/v1/batch/{told['batch_id']}/cancel"
    first = (await api.post(path)).raise_for_status().json()
    assert first["status"] == "cancelled"
    assert first["cancelled"] >= 5
    done = await ended(api, told)
    assert done["cancelled"] + done["successful"] == 6
    assert (await api.post(path)).raise_for_status().json()["status"] == "cancelled"


async def test_batches_are_listed_newest_first_with_their_place(api: httpx.AsyncClient) -> None:
    told = await create(api, {"name": f"Ann {uuid.uuid4()}"})
    page = await api.get("/v1/batch", params={"type": "personas", "status": "completed", "page_size": 1})
    assert page.json()["items"][0]["batch_id"] == told["batch_id"]
    assert int(page.headers["X-Total-Count"]) >= 1
    assert page.headers["X-Page-Size"] == page.headers["X-Current-Page"] == "1"
    assert 'rel="first"' in page.headers["Link"]
    assert (await api.get("/v1/batch", params={"status": "seething"})).status_code == 400


async def test_a_batch_that_nobody_knows_is_not_found(api: httpx.AsyncClient) -> None:
    for answered in (await api.get("/v1/batch/batch_nobody"), await api.post("/v1/batch/batch_nobody/cancel")):
        assert (answered.status_code, answered.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_nothing_personal_stands_in_the_events_of_a_batch(api: httpx.AsyncClient) -> None:
    told = await create(api, {"name": f"Ann {uuid.uuid4()}"})
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(DEADLINE):
        while len(events) < 3:
            events = (await api.get(f"/v1/events?subject={told['batch_id']}")).json()["items"]
            await asyncio.sleep(0.05)
    types = [event["type"] for event in events]
    assert types == ["batch.requested.v1", "batch.items_finished.v1", "batch.completed.v1"]
    assert "Ann" not in str(events)


async def test_the_end_of_a_batch_arrives_as_a_webhook(api: httpx.AsyncClient) -> None:
    offered = (await api.get("/v1/event-types")).raise_for_status().json()["items"]
    assert {"batch.completed", "batch.cancelled"} <= {entry["name"] for entry in offered if entry["available"]}
    async with receiving() as receiver:
        wanted = {"url": receiver.url, "events": ["batch.completed"]}
        webhook = (await api.post("/v1/webhooks", json=wanted)).raise_for_status().json()["id"]
        told = await run(api, {"type": "intervention", "params": FOLLOW_UP})
        (post,) = await receiver.got(1)
        await api.delete(f"/v1/webhooks/{webhook}")
    body = orjson.loads(post.body)
    assert body["event_type"] == "batch.completed"
    assert body["data"]["object_id"] == told["batch_id"]
    assert body["data"]["details"]["successful"] == 1
