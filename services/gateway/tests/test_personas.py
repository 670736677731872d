"""The routes translate: what a client sends becomes a command, what a service answers becomes a body and headers."""

import pytest

from .conftest import Platform

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_persona_is_created(platform: Platform) -> None:
    answer = await platform.client.post("/v1/personas", json={"name": "John Smith", "visibility": "team"})
    created = answer.json()
    assert answer.status_code == 201
    assert set(created) == {"id", "created_at", "status", "enrichment_status", "simulation_ready"}
    assert created["created_at"].endswith("Z")
    assert answer.headers["location"] == f"/v1/personas/{created['id']}"
    found = await platform.client.get(answer.headers["location"])
    assert (found.json()["name"], found.json()["visibility"]) == ("John Smith", "team")


async def test_what_a_patch_leaves_out_stays(platform: Platform) -> None:
    path = (await platform.client.post("/v1/personas", json={"name": "John", "visibility": "team"})).headers["location"]
    changed = await platform.client.patch(path, json={"name": "Jane"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["visibility"]) == ("Jane", "team")


async def test_a_page_says_where_it_stands(platform: Platform) -> None:
    for name in "ABCDE":
        await platform.client.post("/v1/personas", json={"name": name})
    answer = await platform.client.get("/v1/personas?page=2&page_size=2")
    assert [found["name"] for found in answer.json()["items"]] == ["C", "D"]
    places = {name: answer.headers[name] for name in ("x-total-count", "x-page-size", "x-current-page")}
    assert places == {"x-total-count": "5", "x-page-size": "2", "x-current-page": "2"}
    links = answer.links
    assert {name: link["url"].split("?")[1] for name, link in links.items()} == {
        "first": "page=1&page_size=2",
        "prev": "page=1&page_size=2",
        "next": "page=3&page_size=2",
        "last": "page=3&page_size=2",
    }


async def test_another_tenants_persona_is_not_found(platform: Platform) -> None:
    path = (await platform.client.post("/v1/personas", json={"name": "John"})).headers["location"]
    for method in ("GET", "PATCH"):
        answer = await platform.client.request(method, path, json={}, headers=platform.as_stranger)
        assert answer.status_code == 404
    listed = await platform.client.get("/v1/personas", headers=platform.as_stranger)
    assert (listed.json()["items"], listed.headers["x-total-count"]) == ([], "0")


async def test_a_focus_group_is_accepted(platform: Platform) -> None:
    body = {
        "name": "Penthouse",
        "property": {"price": 45000000},
        "test_scenarios": [{"type": "photo_selection", "options": ["a", "b"]}],
        "persona_configuration": {"mode": "segment", "segments": ["finance_executives"], "generated_count": 20},
    }
    answer = await platform.client.post("/v1/simulations/focus-group", json=body)
    accepted = answer.json()
    assert answer.status_code == 202
    assert accepted | {"simulation_id": ""} == {
        "simulation_id": "",
        "status": "queued",
        "estimated_duration_seconds": 1,
        "webhook_url": None,
        "ws_channel": f"/ws/simulations/{accepted['simulation_id']}",
        "queue_position": None,
        "status_url": f"/v1/simulations/{accepted['simulation_id']}",
        "results_url": f"/v1/simulations/{accepted['simulation_id']}/results",
    }
    assert (await platform.client.get(answer.headers["location"])).json()["name"] == "Penthouse"
