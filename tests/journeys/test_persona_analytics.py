"""Analytics of a persona, end to end: what agents told of a client becomes numbers, each with what stands behind it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dramatis_engines.example import PERSONAS
from dramatis_kit import new_id

DEADLINE = 30
TODAY = datetime.now(UTC).date()
ESTATE: dict[str, Any] = {"price": 40_000_000, "type": "waterfront_estate", "features": ["pool", "guest_house"]}


async def posted(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answered = await api.post(path, json=body)
    assert answered.is_success, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def known_as(api: httpx.AsyncClient, profile: dict[str, Any]) -> str:
    """A new persona; a name of its own, because one who is known already is refused."""
    created = await posted(api, "/v1/personas", profile | {"name": new_id("client")})
    return str(created["id"])


async def told(api: httpx.AsyncClient, client: str, kind: str, text: str, **metadata: Any) -> None:
    content = {"text": text, "metadata": {"date": str(TODAY), "interaction_type": kind} | metadata}
    body = {"data_type": "interaction", "source": "agent_notes", "content": content, "process_immediately": True}
    assert (await posted(api, f"/v1/personas/{client}/enrich", body))["enrichment_id"]


async def analytics(api: httpx.AsyncClient, client: str, **query: str) -> dict[str, Any]:
    answered = await api.get(f"/v1/personas/{client}/analytics", params=query)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def until(api: httpx.AsyncClient, client: str, **counts: int) -> dict[str, Any]:
    """Analytics with these counts; what just happened reaches them a moment later."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = await analytics(api, client)
            engaged = found["engagement_metrics"]
            if found["current"] and {name: engaged[name] for name in counts} == counts:
                return found
            await asyncio.sleep(0.1)


async def matched(api: httpx.AsyncClient, client: str, home: str) -> None:
    asked = {"property_id": home, "output_options": {"max_results": 100}}
    async with asyncio.timeout(DEADLINE):
        while True:
            run = await posted(api, "/v1/matching/property-to-clients", asked)
            if client in {match["persona_id"] for match in run["matches"]}:
                return
            await asyncio.sleep(0.1)


async def test_what_the_platform_did_with_a_client_is_counted(api: httpx.AsyncClient) -> None:
    client = await known_as(api, PERSONAS[0])
    home = (await posted(api, "/v1/properties", ESTATE))["id"]
    await matched(api, client, home)
    study = {
        "name": "Which photograph",
        "property": ESTATE | {"id": home},
        "test_scenarios": [{"type": "photo_selection", "options": ["sunset_view", "kitchen"]}],
        "persona_configuration": {"mode": "specific", "specific_personas": [client]},
    }
    await posted(api, "/v1/simulations/focus-group", study)
    wants = PERSONAS[0]["preferences"]["must_have_features"]
    changed = {"preferences": PERSONAS[0]["preferences"] | {"must_have_features": [*wants, "guest house"]}}
    assert (await api.patch(f"/v1/personas/{client}", json=changed)).is_success
    found = await until(api, client, matches_found=1, simulations_joined=1)
    assert 0 < found["engagement_metrics"]["average_match_score"] <= 1
    assert found["engagement_metrics"]["estimates"]["average_match_score"]["n"] == 1
    evolution = found["preference_evolution"]
    assert evolution["new_preferences_detected"] == ["guest_house"]
    assert evolution["preference_strength_changes"] == {"guest_house": pytest.approx(1 / 3)}
    predicted = found["predictions"]
    assert predicted["budget_range_estimate"] == "$7.5M-$30M"
    likelihood = predicted["estimates"]["purchase_likelihood_30_days"]
    assert likelihood["low"] < predicted["purchase_likelihood_30_days"] < likelihood["high"]


async def test_what_was_told_of_a_client_becomes_numbers(api: httpx.AsyncClient) -> None:
    client = await known_as(api, PERSONAS[0])
    home = (await posted(api, "/v1/properties", ESTATE))["id"]
    await told(api, client, "property_viewing", "Loved the guest house.", property_id=home, interest=0.6)
    await told(api, client, "showing_request", "Wants to see the guest house again.", property_id=home, interest=0.8)
    await told(api, client, "offer", "Made an offer. Loves the pool.", property_id=home, interest=0.9)
    found = await until(api, client, interactions=3)
    assert found["persona_id"] == client
    assert found["period"] == f"{TODAY - timedelta(days=29)} to {TODAY}"
    engaged = found["engagement_metrics"]
    assert (engaged["properties_viewed"], engaged["showings_requested"], engaged["offers_made"]) == (1, 1, 1)
    assert engaged["average_interest_score"] == 0.9
    assert "guest_house" in found["preference_evolution"]["new_preferences_detected"]
    assert found["preference_evolution"]["preference_strength_changes"]["guest_house"] > 0
    predicted = found["predictions"]
    assert predicted["preferred_property_type"] == "waterfront_estate"
    assert predicted["budget_range_estimate"] == "$36M-$44M"
    likelihood = predicted["estimates"]["purchase_likelihood_30_days"]
    assert likelihood["low"] < predicted["purchase_likelihood_30_days"] < likelihood["high"]
    assert (likelihood["n"], likelihood["calibration"]) == (3, "assumed")
    assert not predicted["unknown"]


async def test_a_client_of_whom_nothing_is_known_gets_no_invented_number(api: httpx.AsyncClient) -> None:
    client = await known_as(api, {})
    found = await analytics(api, client, date_from="2024-01-01", date_to="2024-01-31")
    assert found["period"] == "2024-01-01 to 2024-01-31"
    assert found["engagement_metrics"]["properties_viewed"] == 0
    assert found["engagement_metrics"]["average_interest_score"] is None
    assert set(found["predictions"]["unknown"]) == {
        "purchase_likelihood_30_days",
        "preferred_property_type",
        "budget_range_estimate",
    }


async def test_only_the_metrics_that_were_asked_for_are_answered(api: httpx.AsyncClient) -> None:
    client = await known_as(api, PERSONAS[0])
    found = await analytics(api, client, metrics="engagement,predictions")
    assert found["preference_evolution"] is None
    assert found["engagement_metrics"] is not None
    assert found["predictions"] is not None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date_from=2024-02-01&date_to=2024-01-01", "date_to"),
        ("date_from=2020-01-01&date_to=2024-01-01", "date_from"),
        ("date_from=2190-01-01", "date_from"),
        ("date_from=yesterday", "date_from"),
        ("metrics=mood", "metrics"),
    ],
)
async def test_a_wrong_question_names_its_field(api: httpx.AsyncClient, query: str, field: str) -> None:
    client = await known_as(api, {})
    refused = await api.get(f"/v1/personas/{client}/analytics?{query}")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["details"]["field"]) == (400, "INVALID_REQUEST", field)


async def test_a_client_who_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    refused = await api.get("/v1/personas/pers_nobody/analytics")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "NOT_FOUND")
