"""The Interrogation door as published: requests, rules, codes, status polling."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from dramatis_testkit.platforms import RunningPlatform

PROBLEM = "Our trial-to-paid conversion dropped after onboarding changes."
REQUEST: dict[str, Any] = {
    "user_input": PROBLEM,
    "stakeholder_id": "small_business_owner_35_55",
    "max_interview_messages": 8,
}
AD_HOC: dict[str, Any] = {
    "user_input": "Users stop using our app after week 1.",
    "stakeholder_profile": "I am a 40 year old operations manager at a logistics company...",
    "max_interview_messages": 10,
}


async def ended(client: httpx.AsyncClient, details_url: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while (found := (await client.get(details_url)).json())["status"] == "running":
            await asyncio.sleep(0.02)
    details: dict[str, Any] = found
    return details


@pytest.fixture
async def client(platform: RunningPlatform) -> Any:
    """As published: without credentials."""
    async with httpx.AsyncClient(base_url=platform.url, timeout=20) as keyless:
        yield keyless


async def test_the_catalogue_is_served_with_its_published_fields(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/stakeholders")
    assert answer.status_code == 200
    found = {entry["id"]: entry for entry in answer.json()["stakeholders"]}
    published = {"id", "title", "profile", "age_demography", "tech_savviness", "product_context"}
    assert all(published <= entry.keys() for entry in found.values())
    assert found["adult_tech_consumer_30_45"]["title"] == "Adult Tech Consumer (30-45)"


async def test_a_stakeholder_is_a_persona_at_the_other_doors(client: httpx.AsyncClient, api: httpx.AsyncClient) -> None:
    first = (await client.get("/api/stakeholders")).json()["stakeholders"][0]
    persona = await api.get(f"/v1/personas/{first['persona_id']}")
    assert persona.status_code == 200
    assert persona.json()["simulation_ready"]


@pytest.mark.parametrize("request_body", [REQUEST, AD_HOC], ids=["from the catalogue", "with a profile of its own"])
async def test_a_run_is_started_and_polled_to_its_answer(
    client: httpx.AsyncClient, request_body: dict[str, Any]
) -> None:
    started = await client.post("/api/simulations", json=request_body)
    assert started.status_code == 202
    run = started.json()
    UUID(run["simulation_id"])
    assert run["status"] == "running"
    assert run["details_url"] == f"/api/simulations/{run['simulation_id']}"
    assert run["events_url"] == f"{run['details_url']}/events"
    details = await ended(client, run["details_url"])
    assert details.keys() == {"simulation_id", "status", "started_at", "completed_at", "error", "final_answer"}
    assert (details["status"], details["error"]) == ("completed", None)
    assert isinstance(details["started_at"], float)
    assert details["started_at"] <= details["completed_at"]
    assert len(details["final_answer"]) > 80


async def test_a_profile_overrides_the_catalogue(client: httpx.AsyncClient, api: httpx.AsyncClient) -> None:
    both = {**REQUEST, **AD_HOC, "stakeholder_id": "nobody"}
    assert (await client.post("/api/simulations", json=both)).status_code == 202


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"stakeholder_id": None}, 400, "stakeholder_id"),
        ({"stakeholder_id": "", "stakeholder_profile": "  "}, 400, "stakeholder_id"),
        ({"stakeholder_id": "nobody"}, 404, "stakeholder_id"),
        ({"stakeholder_id": "nope<script>"}, 404, "stakeholder_id"),
        ({"user_input": None}, 422, "user_input"),
        ({"user_input": "  "}, 422, "user_input"),
        ({"user_input": "x" * 5_001}, 422, "user_input"),
        ({"max_interview_messages": 1}, 422, "max_interview_messages"),
        ({"max_interview_messages": 41}, 422, "max_interview_messages"),
        ({"max_interview_messages": 2.5}, 422, "max_interview_messages"),
        ({"stakeholder": "x"}, 422, "stakeholder"),
    ],
)
async def test_a_wrong_request_is_refused_at_its_field(
    client: httpx.AsyncClient, changes: dict[str, Any], status: int, field: str
) -> None:
    body = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
    refused = await client.post("/api/simulations", json=body)
    assert refused.status_code == status, refused.text
    assert refused.json()["error"]["details"]["field"] == field


async def test_an_empty_field_of_a_form_is_no_profile(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/simulations", json={**REQUEST, "stakeholder_profile": ""})).status_code == 202


@pytest.mark.parametrize("messages", [2, 40])
async def test_the_ends_of_the_range_are_inside(client: httpx.AsyncClient, messages: int) -> None:
    started = await client.post("/api/simulations", json={**REQUEST, "max_interview_messages": messages})
    assert started.status_code == 202
    assert (await ended(client, started.json()["details_url"]))["status"] == "completed"


async def test_an_unknown_run_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/api/simulations/unknown", "/api/simulations/unknown/events"):
        assert (await client.get(path)).status_code == 404


async def test_a_run_of_the_keyless_tenant_is_no_other_tenants(client: httpx.AsyncClient) -> None:
    run = (await client.post("/api/simulations", json=REQUEST)).json()
    wrong = {"Authorization": "Bearer dr_d" + "0" * 36}
    assert (await client.get(run["details_url"], headers=wrong)).status_code == 401
