"""What another brokerage tries has no effect and tells it nothing, and an agent's colleagues are strangers to it too.

Every operation of the OpenAPI document must be known here: a new one fails until somebody says how it is tried.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from dramatis_kit import new_id
from dramatis_testkit.receiver import receiving

from .conftest import Brokerage
from .exchanges import DEADLINE, created, posted, somebody
from .published import example
from .test_tt_tenants import HOME, PATHS, lists, operations, possessions

NAMES_NOTHING = {
    ("post", "/v1/api-keys"),
    ("post", "/v1/personas"),
    ("post", "/v1/properties"),
    ("post", "/v1/campaigns"),
    ("post", "/v1/stream-tickets"),
    ("post", "/v1/webhooks"),
    ("post", "/v1/batch/personas"),
}
"""Operations without an id in their paths, whose bodies name nothing that was made before."""
CAMPAIGN: dict[str, Any] = example("Marketing Campaign Simulation").body["campaign"]
FEW = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 2}
TWO = [{"name": name, "attributes": {"pool": pool}} for name, pool in (("a", 1), ("b", 0))]
STEPS = {
    "type": "follow_up_sequence",
    "initial_interaction": "property_viewing",
    "interventions": [{"step": 1, "timing": "same_day", "action": "thank_you_email"}],
}


def naming(mine: dict[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Requests of operations without an id in their paths that name, somewhere in the body, what is mine."""
    group = {"property": HOME, "test_scenarios": ["pricing"]}
    invited = {"mode": "specific", "specific_personas": [mine["persona_id"]]}
    yield "post", "/v1/simulations/focus-group", group | {"persona_configuration": invited}
    yield "post", "/v1/simulations/focus-group", {"property_id": mine["property_id"], "persona_configuration": FEW}
    test = {"campaign": CAMPAIGN, "target_personas": [mine["persona_id"]]}
    yield "post", "/v1/simulations/marketing-campaign", test
    tested = {"campaign_id": mine["campaign_id"], "persona_configuration": FEW}
    yield "post", "/v1/simulations/marketing-campaign", tested
    yield "post", "/v1/simulations/intervention", {"scenario": STEPS, "test_personas": [mine["persona_id"]]}
    yield "post", "/v1/matching/property-to-clients", {"property_id": mine["property_id"]}
    yield "post", "/v1/matching/client-to-properties", {"persona_id": mine["persona_id"]}
    yield "post", "/v1/tastes/elicit", {"persona_id": mine["persona_id"], "attributes": ["pool"]}
    reply = {"tastes_id": mine["tastes_id"], "answer": {"chosen": "a"}}
    yield "post", "/v1/tastes/elicit", {"persona_id": mine["persona_id"], "attributes": ["pool"], **reply}
    choices = [{"person": "c", "options": TWO, "chosen": name} for name in "ab"]
    fit = {"choices": choices, "model": {"correlated": False}, "applies_to": {"personas": [mine["persona_id"]]}}
    yield "post", "/v1/tastes/fit", fit


@pytest.fixture
async def theirs(stranger: Brokerage) -> AsyncIterator[httpx.AsyncClient]:
    """The other brokerage. Paths are whole."""
    async with stranger.client() as opened:
        opened.base_url = stranger.base_url.removesuffix("/v1")
        yield opened


@pytest.fixture
async def ours(brokerage: Brokerage) -> AsyncIterator[httpx.AsyncClient]:
    async with brokerage.client() as opened:
        opened.base_url = brokerage.base_url.removesuffix("/v1")
        yield opened


@pytest.fixture
async def mine(door: httpx.AsyncClient) -> AsyncIterator[dict[str, str]]:
    """One of everything, by the name of its parameter; nothing of it is under way any more."""
    async with receiving() as receiver:
        made = await possessions(door, receiver.url)
        async with asyncio.timeout(DEADLINE):
            path = f"/webhooks/{made['webhook_id']}/deliveries"
            while (await door.get(path)).json()["items"][0]["status"] != "delivered":
                await asyncio.sleep(0.05)
        yield made
        await door.delete(f"/webhooks/{made['webhook_id']}")


def readable() -> list[str]:
    """Analytics are left out: they change while time goes by."""
    return [path for method, path, _ in operations() if method == "get" and not path.endswith("/analytics")]


async def read(ours: httpx.AsyncClient, mine: dict[str, str]) -> dict[str, Any]:
    return {path: (await ours.get(path.format(**mine))).raise_for_status().json() for path in readable()}


def test_every_operation_with_a_body_is_tried_or_names_nothing() -> None:
    with_bodies = {
        (method, path)
        for path, verbs in PATHS.items()
        for method, operation in verbs.items()
        if path.startswith("/v1/") and "{" not in path and "requestBody" in operation
    }
    ids = dict.fromkeys(("persona_id", "property_id", "campaign_id", "tastes_id"), "x")
    tried = {(method, path) for method, path, _ in naming(ids)} | {("post", "/v1/batch/simulations")}
    assert with_bodies == tried | NAMES_NOTHING


async def test_what_a_stranger_tries_on_our_ids_changes_nothing_of_ours(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    before = await read(ours, mine)
    for method, path, body in operations():
        answer = await theirs.request(method, path.format(**mine), json=body)
        assert answer.status_code == 404, (method, path, answer.text)
    assert await read(ours, mine) == before
    assert mine["key_id"] in (await ours.get("/v1/api-keys")).text


async def test_a_stranger_who_names_our_ids_in_a_body_is_told_that_they_are_not_there(
    theirs: httpx.AsyncClient, ours: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    name = (await ours.get(f"/v1/personas/{mine['persona_id']}")).json()["name"]
    nobody = {key: f"{value[:-4]}none" for key, value in mine.items()}
    for (method, path, body), (_, _, unknown) in zip(naming(mine), naming(nobody), strict=True):
        answers = [await theirs.request(method, path, json=sent) for sent in (body, unknown)]
        known, absent = (answer.json()["error"] if answer.is_error else None for answer in answers)
        assert [answer.status_code for answer in answers] in ([404] * 2, [422] * 2, [201] * 2), (path, answers[0].text)
        assert name not in answers[0].text
        if known and absent:
            assert (known["code"], known["details"]["field"]) == (absent["code"], absent["details"]["field"])


async def test_a_batch_of_a_stranger_fails_where_it_names_our_ids(
    theirs: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    of_segments = {"persona_segments": ["finance_executives"], "generated_count": 2, "test_scenarios": ["pricing"]}
    people = {"mode": "specific", "specific_personas": [mine["persona_id"]]}
    items = [
        {"type": "focus_group", "property_id": mine["property_id"], "params": of_segments},
        {"type": "marketing_campaign", "campaign_id": mine["campaign_id"], "params": {"persona_configuration": FEW}},
        {"type": "marketing_campaign", "params": {"campaign": CAMPAIGN, "persona_configuration": people}},
    ]
    begun = await theirs.post("/v1/batch/simulations", json={"simulations": items})
    assert begun.status_code == 202, begun.text
    async with asyncio.timeout(DEADLINE):
        path = begun.headers["location"]
        while (batch := (await theirs.get(path)).json())["status"] in ("queued", "running"):
            await asyncio.sleep(0.05)
    assert [item["status"] for item in batch["items"]] == ["failed"] * 3, batch


@pytest.mark.parametrize("query", [{}, {"page_size": "1"}, {"page": "2", "page_size": "1"}, {"page": "2"}])
async def test_no_page_of_a_strangers_lists_shows_anything_of_ours(
    theirs: httpx.AsyncClient, mine: dict[str, str], query: dict[str, str]
) -> None:
    for path in lists():
        takes = {parameter["name"] for parameter in PATHS[path]["get"]["parameters"]}
        asked = {name: value for name, value in query.items() if name in takes}
        shown = await theirs.get(path, params=asked)
        assert shown.status_code == 200, (path, shown.text)
        assert [one for one in mine.values() if one in shown.text] == [], path


async def test_the_feed_tells_a_stranger_nothing_of_our_subjects_and_refuses_our_cursor(
    ours: httpx.AsyncClient, theirs: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    about = {"subject": mine["persona_id"]}
    page = (await ours.get("/v1/events", params=about)).json()
    assert page["items"]
    assert (await theirs.get("/v1/events", params=about)).json()["items"] == []
    for path, name in (("/v1/events", "cursor"), ("/v1/events/stream", "last_event_id")):
        refused = await theirs.get(path, params={name: page["cursor"]})
        assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, name)


async def last_frame(address: str, **headers: str) -> tuple[Any, int | None]:
    """What a WebSocket says last, and how it closes."""
    said = None
    async with asyncio.timeout(DEADLINE), connect(address, additional_headers=headers, proxy=None) as socket:
        with suppress(ConnectionClosedError):
            async for message in socket:
                said = json.loads(message)
    return said, socket.close_code


async def test_a_strangers_key_and_ticket_open_no_websocket_of_ours(
    theirs: httpx.AsyncClient, stranger: Brokerage, mine: dict[str, str]
) -> None:
    base = stranger.base_url.replace("http", "ws", 1)
    ticket = (await theirs.post("/v1/stream-tickets")).json()["ticket"]
    key = {"Authorization": f"Bearer {stranger.api_key}"}
    address = f"{base}/ws/simulations/{mine['simulation_id']}"
    for said, code in (await last_frame(address, **key), await last_frame(f"{address}?ticket={ticket}")):
        assert (said["error"]["code"], code) == ("NOT_FOUND", 4404)


async def test_the_events_of_a_strangers_websocket_are_its_own(
    theirs: httpx.AsyncClient, stranger: Brokerage, door: httpx.AsyncClient
) -> None:
    address = f"{stranger.base_url.replace('http', 'ws', 1)}/ws/events"
    headers = {"Authorization": f"Bearer {stranger.api_key}"}
    async with asyncio.timeout(DEADLINE), connect(address, additional_headers=headers, proxy=None) as socket:
        await socket.recv()
        of_ours = await created(door)
        of_theirs = (await theirs.post("/v1/personas", json=somebody())).json()["id"]
        while of_theirs not in (message := str(await socket.recv())):
            assert of_ours not in message


async def test_a_key_does_not_open_the_brokerage_that_the_header_names(
    theirs: httpx.AsyncClient, brokerage: Brokerage, mine: dict[str, str]
) -> None:
    for path, verbs in PATHS.items():
        for method in verbs if path.startswith("/v1/") else ():
            refused = await theirs.request(method, path.format(**mine), headers={"X-Brokerage-ID": brokerage.id})
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN"), (method, path)


async def test_an_idempotency_key_is_its_brokerages_own(ours: httpx.AsyncClient, theirs: httpx.AsyncClient) -> None:
    key, body = {"Idempotency-Key": new_id("key")}, somebody()
    answers = [await one.post("/v1/personas", json=body, headers=key) for one in (ours, theirs, ours)]
    first, other, again = answers
    assert [answer.status_code for answer in answers] == [201] * 3
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert "Idempotent-Replayed" not in other.headers


async def test_a_private_persona_is_nowhere_for_the_key_of_another_agent(
    door: httpx.AsyncClient, brokerage: Brokerage, mine: dict[str, str]
) -> None:
    keys = [(await posted(door, "/api-keys", {"agent_id": new_id("agt")}, 201))["key"] for _ in range(2)]
    async with (
        brokerage.client(Authorization=f"Bearer {keys[0]}") as owner,
        brokerage.client(Authorization=f"Bearer {keys[1]}") as colleague,
    ):
        hidden = mine | {"persona_id": await created(owner, visibility="private")}
        colleague.base_url = brokerage.base_url.removesuffix("/v1")
        for method, path, body in operations():
            if "{persona_id}" in path:
                answer = await colleague.request(method, path.format(**hidden), json=body)
                assert answer.status_code == 404, (method, path, answer.text)
        for method, path, body in naming(hidden):
            if hidden["persona_id"] in json.dumps(body) and path != "/v1/tastes/fit":
                answer = await colleague.request(method, path, json=body)
                assert answer.status_code in (404, 422), (path, answer.text)
        assert hidden["persona_id"] not in (await colleague.get("/v1/personas?page_size=200")).text
        pool = {"property_id": mine["property_id"], "output_options": {"max_results": 100}}
        found = await colleague.post("/v1/matching/property-to-clients", json=pool)
        assert found.status_code == 200, found.text
        assert hidden["persona_id"] not in found.text
        assert (await owner.get(f"/personas/{hidden['persona_id']}")).status_code == 200


async def test_an_interrogation_without_a_key_is_hidden_from_a_brokerages_key(
    theirs: httpx.AsyncClient, stranger: Brokerage
) -> None:
    asked = {"user_input": "Fewer of our clients come back.", "stakeholder_profile": "An agent in a hurry."}
    address = str(theirs.base_url)
    async with httpx.AsyncClient(base_url=address, timeout=30) as keyless:
        run = (await keyless.post("/api/simulations", json=asked | {"max_interview_messages": 2})).json()
        assert (await keyless.get(run["details_url"])).status_code == 200
    for path in (run["details_url"], run["events_url"]):
        assert (await theirs.get(path)).status_code == 404
    key = {"Authorization": f"Bearer {stranger.api_key}"}
    said, code = await last_frame(address.replace("http", "ws", 1).rstrip("/") + run["ws_url"], **key)
    assert (said["error"]["code"], code) == ("NOT_FOUND", 4404)
