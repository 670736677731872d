"""A persona learns from an agent's note: from the request to the event, the insight, the webhook and the simulation."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dramatis_kit import new_id
from dramatis_testkit.receiver import Receiver, receiving

NOTE: dict[str, Any] = {
    "data_type": "interaction",
    "source": "agent_notes",
    "content": {
        "text": "Client mentioned interest in properties with private beach access. A home office is a must. "
        "He does not want a pool.",
        "metadata": {"date": "2024-01-10", "agent_id": "agent_123", "interaction_type": "phone_call"},
    },
    "process_immediately": True,
}


@pytest.fixture
async def hook(api: httpx.AsyncClient) -> AsyncIterator[Receiver]:
    """A receiver that hears of what was learnt about personas."""
    async with receiving() as receiver:
        made = await api.post("/v1/webhooks", json={"url": receiver.url, "events": ["persona.enriched"]})
        assert made.status_code == 201, made.text
        yield receiver
        assert (await api.delete(f"/v1/webhooks/{made.json()['id']}")).status_code == 204


async def enriched(api: httpx.AsyncClient, persona: str) -> dict[str, Any]:
    """The event on the feed."""
    async with asyncio.timeout(30):
        while True:
            query = {"subject": persona, "types": "persona.enriched"}
            if items := (await api.get("/v1/events", params=query)).json()["items"]:
                found: dict[str, Any] = items[0]
                return found
            await asyncio.sleep(0.05)


async def delivered(hook: Receiver, persona: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            for post in hook.posts:
                payload: dict[str, Any] = json.loads(post.body)
                if payload["data"]["object_id"] == persona:
                    return payload
            await asyncio.sleep(0.05)


async def test_a_note_becomes_insights_an_event_and_a_webhook(api: httpx.AsyncClient, hook: Receiver) -> None:
    made = await api.post(
        "/v1/personas", json={"name": new_id("client"), "preferences": {"must_have_features": ["pool"]}}
    )
    path = made.headers["location"]
    persona = made.json()["id"]
    accepted = await api.post(f"{path}/enrich", json=NOTE)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "processing")
    assert set(accepted.json()) == {"enrichment_id", "status", "estimated_completion"}

    event = await enriched(api, persona)
    assert event["data"]["enrichment_id"] == accepted.json()["enrichment_id"]
    assert event["data"]["learnt"]["withdrawn"] == {"must_have_features": ["pool"]}

    found = (await api.get(path)).json()
    assert (found["enrichment_status"], found["simulation_ready"]) == ("completed", True)
    assert found["preferences"]["must_have_features"] == ["home_office"]
    insights = {insight["text"]: insight for insight in found["insights"]}
    assert insights["private beach access"]["kind"] == "likes"
    assert all(insight["source"] in NOTE["content"]["text"] for insight in insights.values())

    payload = await delivered(hook, persona)
    assert (payload["event_type"], payload["data"]["object_type"]) == ("persona.enriched", "persona")
    assert payload["data"]["details"]["enrichment_type"] == "interaction"
    assert payload["data"]["details"]["new_insights"] == event["data"]["new_insights"]

    again = await api.post(f"{path}/enrich", json=NOTE)
    assert (again.json()["enrichment_id"], again.json()["status"]) == (accepted.json()["enrichment_id"], "completed")
    assert (await api.get(path)).json()["version"] == found["version"]


async def test_an_archived_persona_is_put_aside(api: httpx.AsyncClient) -> None:
    made = await api.post("/v1/personas", json={"name": new_id("client"), "segments": ["finance_executives"]})
    path, persona = made.headers["location"], made.json()["id"]
    assert (await api.post(f"{path}/archive")).json()["status"] == "archived"
    for query, there in (("segment=finance_executives", False), ("segment=finance_executives&status=archived", True)):
        items = (await api.get(f"/v1/personas?{query}")).json()["items"]
        assert (persona in {item["id"] for item in items}) is there
    assert (await api.post(f"{path}/restore")).json()["status"] == "active"
