"""Matching as published, in both directions, and the properties that it is about."""

import asyncio
from typing import Any

import httpx
import pytest

from dramatis_kit import new_id

from .conftest import Brokerage
from .exchanges import DEADLINE, as_printed, created, posted, somebody
from .published import differences, example

MATCH = example("Property to Clients Matching")
HOME: dict[str, Any] = {
    "id": "prop_456",
    "price": 20_000_000,
    "type": "penthouse",
    "address": "1 River Terrace, New York",
    "locations": ["Manhattan"],
    "bedrooms": 5,
    "features": ["waterfront", "home_office", "wine_cellar", "smart_home"],
    "styles": ["contemporary"],
}
READY_TO_BUY = somebody()["behavioral_traits"] | {"buying_urgency": "high"}


async def listed(door: httpx.AsyncClient) -> None:
    """The printed property; it is there for all tests of this module."""
    answered = await door.post("/properties", json=HOME)
    assert answered.status_code in (201, 409), answered.text


async def until_matched(door: httpx.AsyncClient, path: str, body: Any, found: str) -> dict[str, Any]:
    """The answer that has `found` among its matches; what is new reaches matching a moment later."""
    async with asyncio.timeout(DEADLINE):
        while True:
            answer = await posted(door, path, body, 200)
            if any(found in match.values() for match in answer["matches"]):
                return dict(answer)
            await asyncio.sleep(0.05)


async def test_the_printed_question_finds_clients_in_every_pool_and_says_why(door: httpx.AsyncClient) -> None:
    await listed(door)
    client = await created(door, behavioral_traits=READY_TO_BUY)
    bodies = MATCH.bodies()
    assert [body["client_pool"]["source"] for body in bodies] == ["brokerage", "team", "agent"]
    for body in bodies:
        await until_matched(door, MATCH.path, body, client)
        answer = await as_printed(door, MATCH, body)
        scores = [match["match_score"] for match in answer["matches"]]
        assert scores == sorted(scores, reverse=True)
        assert all(0.7 <= score <= 1 for score in scores)
        assert len(scores) <= body["output_options"]["max_results"]


async def test_only_what_was_asked_for_is_answered(door: httpx.AsyncClient) -> None:
    await listed(door)
    client = await created(door, behavioral_traits=READY_TO_BUY)
    bare = {"max_results": 1, "include_reasoning": False, "generate_outreach_strategy": False}
    body = MATCH.bodies()[0]
    await until_matched(door, MATCH.path, body, client)
    answer = await posted(door, MATCH.path, body | {"output_options": bare}, 200)
    (match,) = answer["matches"]
    assert {match[name] for name in ("key_attractions", "potential_objections", "outreach_strategy")} == {None}


async def test_each_filter_leaves_out_whom_it_is_for(door: httpx.AsyncClient) -> None:
    await listed(door)
    client = await created(door, behavioral_traits=READY_TO_BUY)
    body = MATCH.bodies()[0]
    await until_matched(door, MATCH.path, body, client)
    for changes in ({"min_net_worth": 60_000_000}, {"preferred_locations": ["Aspen"]}, {"actively_looking": False}):
        filters = body["client_pool"]["filters"] | changes
        pool = {"client_pool": body["client_pool"] | {"filters": filters}}
        matches = (await posted(door, MATCH.path, body | pool, 200))["matches"]
        assert client not in {match["persona_id"] for match in matches}


async def test_an_agent_finds_its_own_clients_and_no_colleagues_private_ones(
    door: httpx.AsyncClient, brokerage: Brokerage
) -> None:
    await listed(door)
    mine, theirs = [
        (await posted(door, "/api-keys", {"agent_id": new_id("agt"), "team_id": team}, 201))["key"]
        for team in ("coast", "city")
    ]
    own = {"visibility": "private", "behavioral_traits": READY_TO_BUY}
    asked = MATCH.bodies()[2] | {"output_options": {"max_results": 100}}
    async with (
        brokerage.client(Authorization=f"Bearer {mine}") as agent,
        brokerage.client(Authorization=f"Bearer {theirs}") as colleague,
    ):
        client, secret = await created(agent, **own), await created(colleague, **own)
        await until_matched(colleague, MATCH.path, asked, secret)
        answer = await until_matched(agent, MATCH.path, asked, client)
    assert secret not in {match["persona_id"] for match in answer["matches"]}


async def test_properties_are_found_for_a_client(door: httpx.AsyncClient) -> None:
    await listed(door)
    client = await created(door)
    criteria = MATCH.body["matching_criteria"] | {"minimum_score": 0.1}
    body = {"persona_id": client, "matching_criteria": criteria, "output_options": MATCH.body["output_options"]}
    answer = await until_matched(door, "/matching/client-to-properties", body, HOME["id"])
    (match,) = [match for match in answer["matches"] if match["property_id"] == HOME["id"]]
    wanted = MATCH.answer["matches"][0]
    renamed = {name: shape for name, shape in wanted.items() if name not in ("persona_id", "potential_objections")}
    assert differences(match, renamed) == []


async def test_a_property_or_client_that_is_not_there_is_not_found(door: httpx.AsyncClient) -> None:
    await posted(door, MATCH.path, MATCH.bodies()[0] | {"property_id": "prop_nowhere"}, 404)
    await posted(door, "/matching/client-to-properties", {"persona_id": "pers_nobody"}, 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client_pool": {"source": "world"}}, "client_pool.source"),
        ({"matching_criteria": {"minimum_score": 1.1}}, "matching_criteria.minimum_score"),
        ({"output_options": {"max_results": "many"}}, "output_options.max_results"),
    ],
)
async def test_a_wrong_question_is_refused_at_its_field(
    door: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    error = (await posted(door, MATCH.path, MATCH.bodies()[0] | changes, 422))["error"]
    assert error["details"]["field"] == field


async def test_the_printed_property_is_listed_read_changed_and_withdrawn(door: httpx.AsyncClient) -> None:
    home = example("Focus Group Simulation").body["property"]
    made = await posted(door, "/properties", home, 201)
    assert {name: made[name] for name in home} == home
    assert made["status"] == "listed"
    await posted(door, "/properties", home, 409)
    path = f"/properties/{home['id']}"
    assert (await door.get(path)).json() == made
    changed = (await door.patch(path, json={"price": 44_000_000})).json()
    assert (changed["price"], changed["address"]) == (44_000_000, home["address"])
    answer = await door.get("/properties", params={"type": "penthouse", "min_price": 44e6, "max_price": 44e6})
    assert [item["id"] for item in answer.json()["items"]] == [home["id"]]
    assert answer.headers["X-Total-Count"] == "1"
    assert (await door.delete(path)).status_code == 204
    assert (await door.get(path)).status_code == 404
    withdrawn = (await door.get("/properties", params={"status": "withdrawn"})).json()["items"]
    assert [item["id"] for item in withdrawn] == [home["id"]]


async def test_a_property_without_a_price_is_refused(door: httpx.AsyncClient) -> None:
    error = (await posted(door, "/properties", {"type": "penthouse"}, 422))["error"]
    assert (error["code"], error["details"]["field"]) == ("INVALID_PROPERTY", "price")
