"""Requests by id and by word, end to end: a listed property, a campaign that is kept, results in short."""

import asyncio
from typing import Any

import httpx
import pytest

from dramatis_testkit.receiver import receiving

DEADLINE = 30
HOME: dict[str, Any] = {
    "price": 20_000_000,
    "type": "penthouse",
    "address": "1 River Terrace",
    "locations": ["Manhattan"],
    "features": ["waterfront", "home_office"],
    "photos": [
        {"url": "https://example.com/1.jpg", "room": "living_room", "caption": "Living room with city views"},
        {"url": "https://example.com/2.jpg", "room": "kitchen"},
    ],
}
WATERFRONT: dict[str, Any] = {
    "name": "Luxury Waterfront Campaign",
    "channels": ["email", "social_media"],
    "messages": {"email": {"subject_lines": ["Exclusive: New Waterfront Estate", "Your Dream Home Awaits"]}},
    "timing": {"send_day": "tuesday|thursday", "send_time": "09:00"},
}
SEGMENT: dict[str, Any] = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 10}
FOCUS_GROUPS, CAMPAIGNS = "/v1/simulations/focus-group", "/v1/campaigns"


async def posted(api: httpx.AsyncClient, path: str, body: dict[str, Any], status: int) -> httpx.Response:
    answered = await api.post(path, json=body)
    assert answered.status_code == status, answered.text
    return answered


async def completed(api: httpx.AsyncClient, location: str) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        while (found := (await api.get(location)).json())["status"] in ("queued", "running"):
            await asyncio.sleep(0.02)
    assert found["status"] == "completed", found
    return dict(found)


async def test_the_printed_example_of_the_clients_runs_by_property_id_and_words(api: httpx.AsyncClient) -> None:
    home = (await posted(api, "/v1/properties", HOME, 201)).json()["id"]
    short = {
        "property_id": home,
        "persona_segments": ["finance_executives"],
        "test_scenarios": ["photo_selection", "pricing"],
    }
    accepted = await posted(api, FOCUS_GROUPS, short, 202)
    body, location = accepted.json(), accepted.headers["location"]
    assert (body["status_url"], body["results_url"]) == (location, f"{location}/results")
    assert (body["ws_channel"], body["queue_position"]) == (f"/ws/simulations/{body['simulation_id']}", None)
    status = await completed(api, location)
    results = (await api.get(body["results_url"])).json()
    assert results["n_respondents"] == 20
    assert results["derived"] == status["derived"]
    assert f"property: {home} at version 1" in results["derived"]
    assert any("90, 95, 100, 105 and 110 %" in line for line in results["derived"])
    details = results["detailed_results"]
    assert {option["option"] for option in details["photo_preferences"]["options"]} == {"living_room", "kitchen"}
    brief = (await api.get(body["results_url"], params={"detail_level": "summary"})).json()
    assert (brief["detailed_results"], brief["summary"]) == (None, results["summary"])
    await _is_whole_in_the_log(api, body["simulation_id"])


async def _is_whole_in_the_log(api: httpx.AsyncClient, simulation_id: str) -> None:
    page = (await api.get("/v1/events", params={"subject": simulation_id, "limit": 1})).json()
    asked = page["items"][0]["data"]["focus_group"]
    assert [scenario["type"] for scenario in asked["test_scenarios"]] == ["photo_selection", "pricing_strategy"]
    assert asked["test_scenarios"][1]["price_points"] == [18e6, 19e6, 20e6, 21e6, 22e6]
    assert asked["property"]["address"] == "1 River Terrace, Manhattan"


async def test_what_a_request_names_and_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    home = {"property_id": "prop_nowhere", "persona_segments": ["finance_executives"]}
    campaign = {"campaign_id": "camp_nowhere", "persona_configuration": SEGMENT}
    for path, body, field in (
        (FOCUS_GROUPS, home, "property_id"),
        ("/v1/simulations/marketing-campaign", campaign, "campaign_id"),
    ):
        error = (await posted(api, path, body, 404)).json()["error"]
        assert (error["code"], error["details"]["field"]) == ("NOT_FOUND", field)


async def test_a_campaign_is_kept_changed_tested_and_given_up(api: httpx.AsyncClient) -> None:
    created = await posted(api, CAMPAIGNS, WATERFRONT | {"id": "camp_journey"}, 201)
    path = created.headers["location"]
    assert (path, created.json()["status"]) == ("/v1/campaigns/camp_journey", "active")
    assert created.json()["timing"] == {"send_day": ["tuesday", "thursday"], "send_time": ["09:00"]}
    await posted(api, CAMPAIGNS, WATERFRONT | {"id": "camp_journey"}, 409)
    changed = await api.patch(path, json={"name": "Waterfront, autumn"})
    assert (changed.json()["name"], changed.json()["version"]) == ("Waterfront, autumn", 2)
    listed = await api.get(CAMPAIGNS, params={"channel": "email", "name": "AUTUMN"})
    assert ([item["id"] for item in listed.json()["items"]], listed.headers["x-total-count"]) == (["camp_journey"], "1")
    assert 'rel="last"' in listed.headers["link"]
    tested = await posted(
        api,
        "/v1/simulations/marketing-campaign",
        {"campaign_id": "camp_journey", "persona_configuration": SEGMENT},
        202,
    )
    status = await completed(api, tested.headers["location"])
    assert status["name"] == "Waterfront, autumn"
    results = (await api.get(f"{tested.headers['location']}/results")).json()
    assert results["predicted_results"]["best_configuration"]["channel"] in WATERFRONT["channels"]
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (await api.get(CAMPAIGNS, params={"status": "deleted", "name": "autumn"})).json()["total"] >= 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channels": ["pigeon"]}, "channels[0]"),
        ({"channels": []}, "channels"),
        ({"messages": {"sms": {}}}, "messages"),
        ({"messages": {"social_media": {"platforms": ["telegraph"]}}}, "messages.social_media.platforms[0]"),
        ({"timing": {"send_day": "someday"}}, "timing.send_day[0]"),
        ({"name": " "}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_an_impossible_campaign_names_its_field(
    api: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    bare = {"name": "x", "channels": ["email", "social_media"]}
    error = (await posted(api, CAMPAIGNS, bare | changes, 422)).json()["error"]
    assert (error["code"], error["details"]["field"]) == ("INVALID_CAMPAIGN", field)


async def test_the_answer_says_where_the_completion_will_be_posted(api: httpx.AsyncClient) -> None:
    study = {"property": {"price": 2e6}, "persona_configuration": SEGMENT}
    async with receiving() as receiver:
        hook = await posted(api, "/v1/webhooks", {"url": receiver.url, "events": ["simulation.completed"]}, 201)
        accepted = (await posted(api, FOCUS_GROUPS, study, 202)).json()
        assert accepted["webhook_url"] == receiver.url
        (post,) = await receiver.got(1)
        assert accepted["simulation_id"].encode() in post.body
        await api.delete(f"/v1/webhooks/{hook.json()['id']}")
