"""Webhooks as published: the printed payload for each of the three printed events, at a real receiver."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from dramatis_kit import new_id
from dramatis_testkit.receiver import Post, Receiver, receiving

from .conftest import Brokerage
from .exchanges import completed, created, posted, several, somebody
from .published import differences, example, shape

PAYLOAD = shape("Webhook Payload Structure")
OF_THE_BROKERAGE = PAYLOAD["metadata"] | {"brokerage_id": "a brokerage"}
del OF_THE_BROKERAGE["agent_id"]


@asynccontextmanager
async def subscribed(door: httpx.AsyncClient, event: str) -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver of one kind of event, and the secret of its endpoint."""
    async with receiving() as receiver:
        hook = await posted(door, "/webhooks", {"url": receiver.url, "events": [event]}, 201)
        yield receiver, hook["secret"]
        assert (await door.delete(f"/webhooks/{hook['id']}")).status_code == 204


def told(post: Post, secret: str, brokerage: Brokerage, event: str, kind: str) -> dict[str, Any]:
    """The data of a payload, which must be signed and of the printed form."""
    body = Webhook(secret).verify(post.body, post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(post.body, post.headers)
    assert body == json.loads(post.body)
    assert body.keys() == PAYLOAD.keys()
    assert body["metadata"].keys() == PAYLOAD["metadata"].keys()
    assert differences(body, PAYLOAD | {"data": {}, "metadata": OF_THE_BROKERAGE}) == []
    assert (body["event_type"], body["data"]["object_type"]) == (event, kind)
    assert body["metadata"]["brokerage_id"] == brokerage.id
    assert body["metadata"]["api_version"] == "v1"
    # A key of the brokerage is no agent's.
    assert body["metadata"]["agent_id"] is None
    data: dict[str, Any] = body["data"]
    assert data.keys() == PAYLOAD["data"].keys()
    assert isinstance(data["details"], dict)
    return data


async def test_the_end_of_a_simulation_is_told(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    async with subscribed(door, "simulation.completed") as (receiver, secret):
        test = example("Marketing Campaign Simulation")
        body = test.bodies()[0] | {"target_personas": await several(door, 2)}
        simulation = (await posted(door, test.path, body, 202))["simulation_id"]
        await completed(door, simulation)
        data = told((await receiver.got(1))[0], secret, brokerage, "simulation.completed", "simulation")
    assert data["object_id"] == simulation
    assert data["details"]["summary"]["key_findings"]


async def test_what_was_learnt_of_a_persona_is_told(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    async with subscribed(door, "persona.enriched") as (receiver, secret):
        persona, enrich = await created(door), example("Enrich Persona")
        await posted(door, enrich.with_ids(persona_id=persona), enrich.bodies()[0], 202)
        data = told((await receiver.got(1))[0], secret, brokerage, "persona.enriched", "persona")
    assert data["object_id"] == persona
    assert data["details"]["enrichment_type"] == "interaction"
    assert data["details"]["new_insights"]


async def test_what_happens_to_an_agents_client_names_the_agent(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    agent = PAYLOAD["metadata"]["agent_id"]
    key = (await posted(door, "/api-keys", {"agent_id": agent}, 201))["key"]
    enrich = example("Enrich Persona")
    async with (
        subscribed(door, "persona.enriched") as (receiver, _),
        brokerage.client(Authorization=f"Bearer {key}") as theirs,
    ):
        persona = await created(theirs)
        await posted(theirs, enrich.with_ids(persona_id=persona), enrich.bodies()[0], 202)
        (post,) = await receiver.got(1)
    body = json.loads(post.body)
    assert differences(body["metadata"], PAYLOAD["metadata"] | {"brokerage_id": brokerage.id}) == []
    assert (body["data"]["object_id"], body["metadata"]["agent_id"]) == (persona, agent)


async def test_a_match_is_told(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    match = example("Property to Clients Matching")
    home = {"id": "prop_456", "price": 20e6, "type": "penthouse", "locations": ["Manhattan"], "features": ["pool"]}
    await posted(door, "/properties", home, 201)
    await posted(door, "/personas", somebody(), 201)
    body = {"property_id": "prop_456", "output_options": match.body["output_options"]}
    async with subscribed(door, "match.found") as (receiver, secret):
        while not receiver.posts:
            run = await posted(door, match.path, body, 200)
            if run["matches"]:
                await receiver.got(1)
        data = told(receiver.posts[0], secret, brokerage, "match.found", "match")
    assert data["object_id"] == run["match_run_id"]
    assert data["details"]["matches"][0]["persona_id"] == run["matches"][0]["persona_id"]


async def test_an_endpoint_is_registered_read_changed_and_removed(door: httpx.AsyncClient) -> None:
    events = PAYLOAD["event_type"].split("|")
    hook = await posted(door, "/webhooks", {"url": "http://127.0.0.1:9/hook", "events": events}, 201)
    path = f"/webhooks/{hook['id']}"
    assert hook["secret"].startswith("whsec_")
    assert ((await door.get(path)).json()["events"], (await door.get(path)).json()["secret"]) == (events, None)
    assert (await door.patch(path, json={"events": events[:1]})).json()["events"] == events[:1]
    listed = await door.get("/webhooks")
    assert hook["id"] in [item["id"] for item in listed.json()["items"]]
    assert {"link", "x-total-count", "x-page-size", "x-current-page"} <= listed.headers.keys()
    assert (await door.delete(path)).status_code == 204
    assert (await door.get(path)).status_code == 404


async def test_another_brokerage_is_told_nothing(door: httpx.AsyncClient, stranger: Brokerage) -> None:
    async with stranger.client() as theirs, subscribed(theirs, "persona.created") as (receiver, _):
        await created(door)
        name = new_id("theirs")
        await created(theirs, name=name)
        (post,) = await receiver.got(1)
        assert name.encode() in post.body
        assert len(receiver.posts) == 1
