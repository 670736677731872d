"""Limits as published: their headers on every answer, 429 for a key of the standard tier, and requests sent twice."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dramatis_contracts.gateway.v1 import Tier
from dramatis_kit import new_id

from .conftest import Brokerage
from .exchanges import created, posted, several, somebody
from .published import SPECIFICATION, differences, example, printed, shape

PRINTED = dict(line.split(": ") for line in printed("Rate Limit Headers").splitlines())
FORMAT = shape("Standard Error Format")
HOUR, MINUTE = 1000, 50


def limits(answer: httpx.Response) -> dict[str, int]:
    """The published headers of an answer; each is there and a number."""
    return {name: int(answer.headers[name]) for name in PRINTED}


@pytest.fixture
def standard(register: Callable[[Tier], Brokerage]) -> Brokerage:
    """A brokerage with the published limits, all to itself."""
    return register("standard")


async def test_the_published_limits_count_every_answer_of_a_key(standard: Brokerage) -> None:
    async with standard.client() as door:
        answers = [
            await door.get("/personas"),
            await door.get("/personas/pers_none"),
            await door.post("/personas", json={"name": 5}),
            await door.post("/personas", content=b"{", headers={"Content-Type": "application/json"}),
            await door.get("/personas", headers={"X-Brokerage-ID": "another"}),
            await door.get("/nothing"),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 422, 400, 403, 404]
    told = [limits(answer) for answer in answers]
    assert {one["X-RateLimit-Limit"] for one in told} == {HOUR} == {int(PRINTED["X-RateLimit-Limit"])}
    assert [one["X-RateLimit-Remaining"] for one in told] == list(range(HOUR - 1, HOUR - 7, -1))
    assert told[0]["X-RateLimit-Burst-Remaining"] == MINUTE - 1
    assert all(0 <= one["X-RateLimit-Reset"] - time.time() + 5 <= 3610 for one in told)


async def test_a_key_of_the_standard_tier_is_stopped_and_told_when_to_come_back(
    standard: Brokerage, door: httpx.AsyncClient
) -> None:
    async with standard.client() as hasty:
        # Twice the minute's allowance and more: a minute may end in the middle.
        answers = await asyncio.gather(*(hasty.get("/nothing") for _ in range(2 * MINUTE + 10)))
        refused = [answer for answer in answers if answer.status_code == 429]
        let_in = [answer for answer in answers if answer.status_code == 404]
    assert len(let_in) + len(refused) == len(answers)
    assert len(refused) >= 10
    for answer in refused:
        assert limits(answer)["X-RateLimit-Burst-Remaining"] == 0
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    error = refused[0].json()["error"]
    assert differences(error, FORMAT["error"] | {"details": {}, "request_id": "any"}) == []
    assert error["code"] == "RATE_LIMITED"
    assert (await door.get(error["documentation_url"])).status_code == 200
    assert (await door.get("/personas")).status_code == 200


def test_the_published_limits_are_the_tested_ones() -> None:
    text = SPECIFICATION.read_text()
    assert re.search(rf"- {HOUR} requests per hour per API key", text)
    assert re.search(rf"- Burst limit: {MINUTE} requests per minute", text)


async def requests(door: httpx.AsyncClient) -> dict[str, Any]:
    """A body for every POST of the door that makes or asks something, by path."""
    people = await several(door, 2)
    persona = people[0]
    home = {"price": 20e6, "type": "penthouse", "locations": ["Manhattan"]}
    property_id = (await posted(door, "/properties", home, 201))["id"]
    campaign, follow_up = example("Marketing Campaign Simulation"), example("Intervention Testing")
    drawn = {"property_id": property_id, "persona_segments": ["finance_executives"], "generated_count": 2}
    study = drawn | {"test_scenarios": ["pricing"]}
    return {
        "/personas": somebody(),
        f"/personas/{persona}/enrich": example("Enrich Persona").bodies()[0],
        f"/personas/{persona}/archive": {},
        f"/personas/{persona}/restore": {},
        "/properties": home,
        "/campaigns": campaign.body["campaign"],
        "/simulations/focus-group": study,
        "/simulations/marketing-campaign": campaign.bodies()[0] | {"target_personas": people},
        "/simulations/intervention": follow_up.body | {"test_personas": people},
        "/matching/property-to-clients": {"property_id": property_id},
        "/matching/client-to-properties": {"persona_id": persona},
        "/batch/personas": {"personas": [somebody()]},
        "/batch/simulations": {"simulations": [{"type": "focus_group", "params": study}]},
        "/webhooks": {"url": "http://127.0.0.1:9/hook", "events": ["match.found"], "enabled": False},
        "/api-keys": {"name": "another"},
        "/stream-tickets": {},
    }


async def test_every_post_sent_twice_under_one_key_is_carried_out_once(door: httpx.AsyncClient) -> None:
    bodies = await requests(door)
    for path, body in bodies.items():
        headers = {"Idempotency-Key": new_id("key")}
        first = await door.post(path, json=body, headers=headers)
        again = await door.post(path, json=body, headers=headers)
        assert first.is_success, (path, first.text)
        assert again.status_code == first.status_code, (path, again.text)
        if first.headers.get("Cache-Control") != "no-store":
            assert again.json() == first.json(), path
            assert again.headers["Idempotent-Replayed"] == "true", path
        other = await door.post(path, json={"name": "something else"}, headers=headers)
        assert (other.status_code, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH"), path


async def test_the_reference_offers_the_key_with_every_post(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    paths = (await door.get(brokerage.base_url.removesuffix("/v1") + "/openapi.json")).json()["paths"]
    posts = {path: verbs["post"] for path, verbs in paths.items() if path.startswith("/v1/") and "post" in verbs}
    without = [
        path
        for path, operation in posts.items()
        if "Idempotency-Key" not in {parameter["name"] for parameter in operation.get("parameters", ())}
    ]
    assert len(posts) > 20
    assert without == []


async def test_a_key_of_another_brokerage_is_no_repetition(door: httpx.AsyncClient, stranger: Brokerage) -> None:
    headers, body = {"Idempotency-Key": new_id("key")}, somebody()
    mine = await door.post("/personas", json=body, headers=headers)
    async with stranger.client() as other:
        theirs = await other.post("/personas", json=body, headers=headers)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_two_at_once_under_one_key_make_one_persona(door: httpx.AsyncClient) -> None:
    headers, body = {"Idempotency-Key": new_id("key")}, somebody(segments=[new_id("twins")])
    answers = await asyncio.gather(*(door.post("/personas", json=body, headers=headers) for _ in range(2)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"
            assert int(answer.headers["Retry-After"]) >= 1
    listed = await door.get("/personas", params={"segment": body["segments"][0]})
    assert listed.headers["X-Total-Count"] == "1"


@pytest.mark.parametrize("key", ["", "x" * 256, "with\ttab"])
async def test_a_key_that_is_none_is_a_bad_request(door: httpx.AsyncClient, key: str) -> None:
    refused = await door.post("/personas", json=somebody(), headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "Idempotency-Key")


async def test_a_change_is_made_even_without_a_key(door: httpx.AsyncClient) -> None:
    assert await created(door) != await created(door)
