"""The main job, end to end: a focus group seen by REST, SSE, WebSocket, a signed webhook and a ClickHouse query."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import clickhouse_connect
import httpx
import pytest
import standardwebhooks
import websockets

from dramatis_engines.example import PERSONAS, focus_group
from dramatis_testkit.platforms import RunningPlatform
from dramatis_testkit.receiver import receiving

DEADLINE = 30


async def personas(api: httpx.AsyncClient) -> list[str]:
    created = [await api.post("/v1/personas", json=profile) for profile in PERSONAS]
    return [response.raise_for_status().json()["id"] for response in created]


async def start(api: httpx.AsyncClient, **changes: Any) -> str:
    request = focus_group(await personas(api)) | changes
    accepted = await api.post("/v1/simulations/focus-group", json=request)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["status"] == "queued"
    return str(accepted.json()["simulation_id"])


async def completed(api: httpx.AsyncClient, simulation: str) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        while True:
            status: dict[str, Any] = (await api.get(f"/v1/simulations/{simulation}")).json()
            if status["status"] not in ("queued", "running"):
                return status
            await asyncio.sleep(0.02)


async def feed(api: httpx.AsyncClient, query: str, opened: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
    async with api.stream("GET", f"/v1/events/stream?{query}", timeout=DEADLINE) as response:
        assert response.status_code == 200
        async for line in response.aiter_lines():
            opened.set()
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


async def first(api: httpx.AsyncClient, query: str, opened: asyncio.Event) -> dict[str, Any]:
    async for event in feed(api, query, opened):
        return event
    raise AssertionError("the feed ended")


async def test_a_focus_group_gives_results_with_method_interval_and_n(api: httpx.AsyncClient) -> None:
    simulation = await start(api)
    assert (await completed(api, simulation))["status"] == "completed"
    results = (await api.get(f"/v1/simulations/{simulation}/results")).json()
    assert results["n_respondents"] == 22
    assert results["summary"]["key_findings"]
    assert 0 <= results["summary"]["confidence_level"] <= 1
    assert (results["tokens_used"], results["cost"]) == (0, 0.0)
    assert set(results["detailed_results"]) >= {"photo_preferences", "modification_impact", "pricing_sensitivity"}
    for estimate in estimates(results["detailed_results"]):
        assert estimate["n"] <= 22
        assert estimate["method"]
        assert estimate["calibration"] == "assumed"
        assert estimate["value"] is None or estimate["low"] <= estimate["value"] <= estimate["high"]


def estimates(part: Any) -> list[dict[str, Any]]:
    """Every estimate in a result, however deep."""
    if isinstance(part, dict):
        if {"value", "low", "high", "method"} <= set(part):
            return [part]
        return [found for value in part.values() for found in estimates(value)]
    return [found for value in part for found in estimates(value)] if isinstance(part, list) else []


async def test_the_same_seed_gives_the_same_bytes(api: httpx.AsyncClient) -> None:
    people = await personas(api)
    seeded = focus_group(people)
    seeded["simulation_parameters"]["seed"] = 7
    answers = []
    for _ in range(2):
        accepted = await api.post("/v1/simulations/focus-group", json=seeded)
        simulation = accepted.json()["simulation_id"]
        await completed(api, simulation)
        results = (await api.get(f"/v1/simulations/{simulation}/results")).json()
        answers.append({key: results[key] for key in ("summary", "detailed_results", "recommendations")})
    assert answers[0] == answers[1]


async def test_its_completion_arrives_as_a_signed_webhook(api: httpx.AsyncClient) -> None:
    async with receiving() as receiver:
        made = await api.post("/v1/webhooks", json={"url": receiver.url, "events": ["simulation.completed"]})
        assert made.status_code == 201, made.text
        secret = made.json()["secret"]
        simulation = await start(api)
        (post,) = await receiver.got(1)
        body = standardwebhooks.Webhook(secret).verify(post.body.decode(), post.headers)
        await api.delete(f"/v1/webhooks/{made.json()['id']}")
    assert body["event_type"] == "simulation.completed"
    assert body["data"]["object_id"] == simulation
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook("whsec_" + "A" * 32).verify(post.body.decode(), post.headers)


async def test_its_completion_arrives_on_the_event_stream(api: httpx.AsyncClient) -> None:
    opened = asyncio.Event()
    seen = asyncio.create_task(first(api, "types=simulation.completed.v1", opened))
    await asyncio.wait_for(opened.wait(), DEADLINE)
    simulation = await start(api)
    event = await asyncio.wait_for(seen, DEADLINE)
    assert (event["type"], event["subject"]) == ("simulation.completed.v1", simulation)
    assert event["specversion"] == "1.0"


async def test_its_result_arrives_on_the_websocket(api: httpx.AsyncClient, platform: RunningPlatform) -> None:
    simulation = await start(api)
    url = f"{platform.url.replace('http', 'ws')}/v1/ws/simulations/{simulation}"
    async with asyncio.timeout(DEADLINE), websockets.connect(url) as socket:
        await socket.send(json.dumps({"type": "auth", "token": platform.api_key}))
        frames = [json.loads(frame) async for frame in socket]
    assert frames[-1]["type"] == "result"
    assert frames[-1]["simulation_id"] == simulation
    assert frames[-1]["progress"] == 1.0
    told = [frame["progress"] for frame in frames if frame["progress"] is not None]  # unknown while it is queued
    assert told == sorted(told)


async def test_its_events_are_rows_in_clickhouse(api: httpx.AsyncClient, platform: RunningPlatform) -> None:
    simulation = await start(api)
    await completed(api, simulation)
    client = await asyncio.to_thread(clickhouse_connect.get_client, dsn=platform.engines["clickhouse_url"])
    query = "SELECT type FROM dramatis.events FINAL WHERE subject = {subject:String} ORDER BY stream_version"
    rows: list[Any] = []
    async with asyncio.timeout(DEADLINE):
        while len(rows) < 5:
            result = await asyncio.to_thread(client.query, query, {"subject": simulation})
            rows = [row[0] for row in result.result_rows]
            await asyncio.sleep(0.05)
    await asyncio.to_thread(client.close)
    assert rows == [
        "simulation.focus_group_requested.v1",
        "simulation.started.v1",
        "forecast.frozen.v1",
        "simulation.responses_recorded.v1",
        "simulation.completed.v1",
    ]


async def test_its_events_can_be_paged(api: httpx.AsyncClient) -> None:
    simulation = await start(api)
    await completed(api, simulation)
    types: list[str] = []
    cursor = ""
    async with asyncio.timeout(DEADLINE):
        while len(types) < 5:
            page = (await api.get(f"/v1/events?subject={simulation}&limit=1{cursor}")).json()
            types += [event["type"] for event in page["items"]]
            cursor = f"&cursor={page['cursor']}"
    assert len(set(types)) == 5


async def test_a_simulation_can_be_cancelled(api: httpx.AsyncClient) -> None:
    simulation = await start(api, simulation_parameters={"iterations": 10_000})
    cancelled = await api.post(f"/v1/simulations/{simulation}/cancel")
    status = await completed(api, simulation)
    if cancelled.status_code == 200:
        assert status["status"] == "cancelled"
        results = await api.get(f"/v1/simulations/{simulation}/results")
        assert (results.status_code, results.json()["error"]["code"]) == (409, "SIMULATION_NOT_COMPLETED")
    else:  # it was quicker than the request
        assert (cancelled.status_code, status["status"]) == (409, "completed")


async def test_what_is_not_built_says_so(api: httpx.AsyncClient) -> None:
    refused = await api.get("/api/predict/v1/calibration/report")
    assert (refused.status_code, refused.json()["error"]["code"]) == (501, "NOT_IMPLEMENTED")
