"""Properties and matching, end to end: the published example, both directions, what is excluded and what is refused."""

import asyncio
from typing import Any

import httpx
import pytest

from dramatis_engines.example import PERSONAS

DEADLINE = 30
CLIENTS, PROPERTIES = "/v1/matching/property-to-clients", "/v1/matching/client-to-properties"
WATERFRONT: dict[str, Any] = {
    "price": 20_000_000,
    "type": "penthouse",
    "address": "1 River Terrace, New York",
    "locations": ["Manhattan"],
    "bedrooms": 5,
    "features": ["waterfront", "home_office", "wine_room", "swimming pool", "smart_home"],
    "styles": ["contemporary"],
    "photos": [{"url": "https://example.com/1.jpg", "room": "living_room"}],
}
EXAMPLE: dict[str, Any] = {
    "client_pool": {
        "source": "brokerage",
        "filters": {"min_net_worth": 25_000_000, "preferred_locations": ["Manhattan"], "actively_looking": True},
    },
    "matching_criteria": {
        "weights": {"preference_match": 0.4, "behavioral_fit": 0.3, "timing_alignment": 0.2, "budget_fit": 0.1},
        "minimum_score": 0.7,
    },
    "output_options": {"max_results": 20, "include_reasoning": True, "generate_outreach_strategy": True},
}
HURRIED = PERSONAS[0] | {"behavioral_traits": PERSONAS[0]["behavioral_traits"] | {"buying_urgency": "high"}}


async def posted(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answered = await api.post(path, json=body)
    assert answered.is_success, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def until_found(api: httpx.AsyncClient, path: str, body: dict[str, Any], key: str, wanted: str) -> dict[str, Any]:
    """The match of `wanted`; what was just created reaches matching a moment later."""
    async with asyncio.timeout(DEADLINE):
        while True:
            run = await posted(api, path, body)
            for match in run["matches"]:
                if match[key] == wanted:
                    return run | {"match": match}
            await asyncio.sleep(0.05)


async def test_the_published_example_finds_a_client_and_says_why(api: httpx.AsyncClient) -> None:
    client = (await posted(api, "/v1/personas", HURRIED))["id"]
    home = (await posted(api, "/v1/properties", WATERFRONT))["id"]
    run = await until_found(api, CLIENTS, EXAMPLE | {"property_id": home}, "persona_id", client)
    match = run["match"]
    assert {"persona_id", "match_score", "key_attractions", "potential_objections", "outreach_strategy"} <= set(match)
    assert match["match_score"] == pytest.approx(sum(t["contribution"] for t in match["reasoning"]["terms"]))
    assert match["match_score"] >= 0.7
    assert "Home office is a must-have and is listed" in match["key_attractions"]
    assert match["outreach_strategy"]["recommended_approach"] == "emphasize_investment_value"
    assert match["outreach_strategy"]["best_showing_time"] == "first_available"
    assert match["outreach_strategy"]["talking_points"]
    assert run["calibration"] == "assumed"
    await told(api, run, client)


async def told(api: httpx.AsyncClient, run: dict[str, Any], client: str) -> None:
    async with asyncio.timeout(DEADLINE):
        while not (events := (await api.get(f"/v1/events?subject={run['match_run_id']}")).json()["items"]):
            await asyncio.sleep(0.05)
    (event,) = events
    assert event["type"] == "match.found.v1"
    assert client in {pair["persona_id"] for pair in event["data"]["matches"]}


async def test_a_deal_breaker_excludes_whatever_else_fits(api: httpx.AsyncClient) -> None:
    noisy = WATERFRONT | {"features": [*WATERFRONT["features"], "Traffic noise"]}
    calm = (await posted(api, "/v1/properties", WATERFRONT))["id"]
    loud = (await posted(api, "/v1/properties", noisy))["id"]
    client = (await posted(api, "/v1/personas", HURRIED))["id"]
    await until_found(api, CLIENTS, {"property_id": calm}, "persona_id", client)
    refused = await posted(api, CLIENTS, {"property_id": loud, "output_options": {"max_results": 100}})
    assert client not in {match["persona_id"] for match in refused["matches"]}
    assert refused["excluded"] >= 1


async def test_properties_are_found_for_a_client_until_they_are_withdrawn(api: httpx.AsyncClient) -> None:
    client = (await posted(api, "/v1/personas", HURRIED))["id"]
    home = (await posted(api, "/v1/properties", WATERFRONT))["id"]
    asked = {"persona_id": client, "filters": {"types": ["penthouse"]}, "output_options": {"max_results": 100}}
    there = await until_found(api, PROPERTIES, asked, "property_id", home)
    assert there["match"]["match_score"] > 0.7
    assert (await api.delete(f"/v1/properties/{home}")).status_code == 204
    async with asyncio.timeout(DEADLINE):
        while home in {match["property_id"] for match in (await posted(api, PROPERTIES, asked))["matches"]}:
            await asyncio.sleep(0.05)
    gone = await api.post(CLIENTS, json={"property_id": home})
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_a_property_is_listed_changed_and_withdrawn(api: httpx.AsyncClient) -> None:
    created = await api.post("/v1/properties", json=WATERFRONT | {"id": "prop_journey"})
    path = created.headers["location"]
    assert (created.status_code, path) == (201, "/v1/properties/prop_journey")
    assert (await api.post("/v1/properties", json=WATERFRONT | {"id": "prop_journey"})).status_code == 409
    assert (await api.patch(path, json={"price": 19_000_000})).json()["price"] == 19_000_000
    listed = await api.get("/v1/properties?type=Penthouse&min_price=19000000&max_price=19000000")
    assert ([item["id"] for item in listed.json()["items"]], listed.headers["x-total-count"]) == (["prop_journey"], "1")
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (await api.get("/v1/properties?status=withdrawn&min_price=19000000")).json()["total"] >= 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matching_criteria": {"weights": {"preference_match": 0}}}, "matching_criteria.weights"),
        ({"matching_criteria": {"weights": {"budget": 1}}}, "matching_criteria.weights.budget"),
        ({"matching_criteria": {"minimum_score": 70}}, "matching_criteria.minimum_score"),
        ({"client_pool": {"source": "everyone"}}, "client_pool.source"),
        ({"output_options": {"max_results": 0}}, "output_options.max_results"),
    ],
)
async def test_a_wrong_question_names_its_field(api: httpx.AsyncClient, changes: dict[str, Any], field: str) -> None:
    refused = await api.post(CLIENTS, json={"property_id": "prop_1"} | changes)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["details"]["field"]) == (422, "INVALID_MATCHING", field)


async def test_a_client_who_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    refused = await api.post(PROPERTIES, json={"persona_id": "pers_nobody"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "NOT_FOUND")
