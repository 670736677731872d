"""What is learnt about a persona: enrichment from every kind of text, and analytics over a period."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from .exchanges import DEADLINE, as_printed, created, posted, source_of_its_own
from .published import differences, example

ENRICH, ANALYTICS = example("Enrich Persona"), example("Get Persona Analytics")
JANUARY = {"date_from": "2024-01-01", "date_to": "2024-01-31", "metrics": "engagement,preferences,predictions"}
TODAY = datetime.now(UTC).date()
PARTS = {
    "engagement": "engagement_metrics",
    "preferences": "preference_evolution",
    "predictions": "predictions",
}


async def enriched(door: httpx.AsyncClient, persona: str) -> dict[str, Any]:
    """The persona, once what was told of it is learnt."""
    async with asyncio.timeout(DEADLINE):
        while (found := (await door.get(f"/personas/{persona}")).json())["enrichment_status"] != "completed":
            assert found["enrichment_status"] != "failed"
            await asyncio.sleep(0.05)
    return dict(found)


async def test_every_kind_of_text_from_every_source_is_accepted_as_printed(door: httpx.AsyncClient) -> None:
    persona = await created(door)
    bodies = ENRICH.bodies()
    assert len(bodies) == 16
    for body in bodies:
        answer = await as_printed(door, ENRICH, body, persona_id=persona)
        assert answer["status"] == "processing"
    await enriched(door, persona)


async def test_the_printed_sentence_becomes_an_insight_that_cites_it(door: httpx.AsyncClient) -> None:
    persona = await created(door)
    accepted = await as_printed(door, ENRICH, ENRICH.bodies()[0], persona_id=persona)
    found = await enriched(door, persona)
    assert found["simulation_ready"] is True
    (insight,) = [one for one in found["insights"] if "private beach" in one["text"]]
    assert insight["source"] in ENRICH.body["content"]["text"]
    events = (await door.get("/events", params={"subject": persona, "types": "persona.enriched"})).json()["items"]
    assert [event["data"]["enrichment_id"] for event in events] == [accepted["enrichment_id"]]


async def test_a_source_that_cannot_be_read_says_so_and_the_persona_is_ready_all_the_same(
    door: httpx.AsyncClient,
) -> None:
    source = source_of_its_own()
    path = f"/personas/{await created(door, enrichment_sources=[source])}"
    async with asyncio.timeout(DEADLINE):
        while not (found := (await door.get(path)).json())["simulation_ready"]:
            await asyncio.sleep(0.1)
    (read,) = found["sources"]
    assert (read["url"], found["enrichment_status"]) == (source["url"], "failed")
    assert read["failure"]


async def test_what_need_not_be_processed_at_once_is_queued(door: httpx.AsyncClient) -> None:
    body = ENRICH.bodies()[0] | {"process_immediately": False}
    answer = await as_printed(door, ENRICH, body, persona_id=await created(door)) | {"status": "processing"}
    assert differences(answer, ENRICH.answer) == []


async def test_a_text_of_no_kind_is_refused_at_its_field(door: httpx.AsyncClient) -> None:
    path = f"/personas/{await created(door)}/enrich"
    for changes, field in (
        ({"data_type": "gossip"}, "data_type"),
        ({"content": {"text": ""}}, "content.text"),
        ({"process_immediately": "soon"}, "process_immediately"),
    ):
        error = (await posted(door, path, ENRICH.bodies()[0] | changes, 422))["error"]
        assert (error["code"], error["details"]["field"]) == ("INVALID_PERSONA", field)


async def test_nobody_can_learn_about_somebody_who_is_not_there(door: httpx.AsyncClient) -> None:
    await posted(door, "/personas/pers_nobody/enrich", ENRICH.bodies()[0], 404)


async def active_client(door: httpx.AsyncClient) -> str:
    """Somebody of whom enough was told today for every published figure to be known, and something in January 2024."""
    client = await created(door)
    for day, kind, text in (
        ("2024-01-10", "property_viewing", "Viewed the property."),
        (str(TODAY), "property_viewing", "Loved the guest house."),
        (str(TODAY), "showing_request", "Wants to see the guest house again."),
        (str(TODAY), "offer", "Made an offer. Wants a home gym."),
    ):
        metadata = {"date": day, "agent_id": "agent_123", "interaction_type": kind, "interest": 0.8}
        content = {"text": text, "metadata": metadata | {"property_id": "prop_456"}}
        await as_printed(door, ENRICH, ENRICH.bodies()[0] | {"content": content}, persona_id=client)
    return client


async def until_counted(door: httpx.AsyncClient, path: str, query: dict[str, str], offers: int) -> dict[str, Any]:
    """Analytics, once they have what was just told."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = (await door.get(path, params=query)).raise_for_status().json()
            if found["current"] and found["engagement_metrics"]["offers_made"] == offers:
                return dict(found)
            await asyncio.sleep(0.1)


async def test_analytics_have_every_published_figure_and_parts_can_be_asked_for(door: httpx.AsyncClient) -> None:
    home = {"id": "prop_456", "price": 40e6, "type": "waterfront_estate", "features": ["guest_house", "home_gym"]}
    await posted(door, "/properties", home, 201)
    client = await active_client(door)
    path = ANALYTICS.with_ids(persona_id=client)
    days = {"date_from": str(TODAY - timedelta(days=30)), "date_to": str(TODAY)}
    found = await until_counted(door, path, JANUARY | days, 1)
    different = differences(found, ANALYTICS.answer)
    assert different == [], different
    assert (found["persona_id"], found["period"]) == (client, "{date_from} to {date_to}".format(**days))
    counts = found["engagement_metrics"]
    assert (counts["properties_viewed"], counts["showings_requested"], counts["average_interest_score"]) == (1, 1, 0.8)
    for metric, part in PARTS.items():
        asked = (await door.get(path, params=days | {"metrics": metric})).json()
        assert {name for name in PARTS.values() if asked[name] is not None} == {part}
    january = await until_counted(door, path, JANUARY, 0)
    assert january["period"] == ANALYTICS.answer["period"]
    assert january["engagement_metrics"]["properties_viewed"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metrics": "mood"}, "metrics"),
        ({"date_from": "January"}, "date_from"),
        ({"date_to": "2023-12-31"}, "date_to"),
    ],
)
async def test_a_period_or_metric_that_is_none_is_a_bad_request(
    door: httpx.AsyncClient, changes: dict[str, str], field: str
) -> None:
    answer = await door.get(f"/personas/{await created(door)}/analytics", params=JANUARY | changes)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"]["field"] == field
