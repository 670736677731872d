"""The same request under the same `Idempotency-Key` happens once."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from dramatis_contracts.persona import v1 as persona
from dramatis_gateway.application import MODULES
from dramatis_gateway.routes import unbuilt
from dramatis_testkit.clock import FixedClock

from .conftest import Platform
from .test_bad_input import FOCUS, FOCUS_GROUP, assert_error

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN = {"name": "Ann"}


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def post(
    platform: Platform, headers: dict[str, str], body: Any = ANN, path: str = "/v1/personas"
) -> httpx.Response:
    return await platform.client.post(path, json=body, headers=headers)


async def test_a_repeated_request_gets_the_same_answer_and_makes_nothing_new(platform: Platform) -> None:
    key = fresh_key()
    first, again = await post(platform, key), await post(platform, key)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert int(again.headers["x-ratelimit-remaining"]) == int(first.headers["x-ratelimit-remaining"]) - 1
    assert len(platform.services.commands) == 1


async def test_a_refusal_is_repeated_too(platform: Platform) -> None:
    key = fresh_key()
    first, again = [await post(platform, key, {"name": 5}) for _ in range(2)]
    assert first.status_code == 422
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_serves_one_request_only(platform: Platform) -> None:
    key = fresh_key()
    await post(platform, key)
    assert_error(await post(platform, key, {"name": "Bob"}), "IDEMPOTENCY_MISMATCH", "Idempotency-Key")
    other_query = await post(platform, key, path="/v1/personas?x=1")
    assert_error(other_query, "IDEMPOTENCY_MISMATCH", "Idempotency-Key")
    assert len(platform.services.commands) == 1


async def test_another_path_and_another_brokerage_have_keys_of_their_own(platform: Platform) -> None:
    key = fresh_key()
    first = await post(platform, key)
    assert (await post(platform, key, FOCUS_GROUP, FOCUS)).status_code == 202
    theirs = await post(platform, {**key, **platform.as_stranger})
    assert theirs.status_code == 201
    assert theirs.json()["id"] != first.json()["id"]


async def test_an_answer_that_was_lost_is_made_again_with_the_same_ids(platform: Platform) -> None:
    """As after a gateway that died between the commit and the answer."""
    key = fresh_key()
    kept = platform.relay.commits.database["idempotency"]
    first = await post(platform, key)
    lost = {"$set": {"state": "claimed", "owned_until": FixedClock()(), "answer": None}}
    await kept.update_one({"tenant": platform.mine.brokerage_id}, lost)
    again = await post(platform, key)
    assert again.json()["id"] == first.json()["id"]
    ids = [command.persona_id for command in platform.services.commands if isinstance(command, persona.CreatePersona)]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_a_service_that_is_away_is_asked_again(platform: Platform) -> None:
    key = fresh_key()
    body = {"url": "https://example.com", "events": ["*"]}
    for _ in range(2):
        answer = await post(platform, key, body, "/v1/webhooks")
        assert_error(answer, "SERVICE_UNAVAILABLE")
        assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize("given", ["", "a" * 256, "ä", "a\tb"])
async def test_a_key_of_the_wrong_form_is_refused(platform: Platform, given: str) -> None:
    headers = [(b"Idempotency-Key", given.encode("latin-1"))]
    refused = await platform.client.post("/v1/personas", json=ANN, headers=[*headers])
    assert_error(refused, "INVALID_REQUEST", "Idempotency-Key")
    twice = [*headers, (b"Idempotency-Key", b"a")]
    assert_error(
        await platform.client.post("/v1/personas", json=ANN, headers=twice), "INVALID_REQUEST", "Idempotency-Key"
    )
    longest = await post(platform, {"Idempotency-Key": "a" * 255})
    assert longest.status_code == 201


async def test_a_request_for_another_brokerage_gets_no_kept_answer(platform: Platform) -> None:
    key = fresh_key()
    await post(platform, key)
    refused = await post(platform, {**key, "X-Brokerage-ID": platform.theirs.brokerage_id})
    assert_error(refused, "FORBIDDEN", "X-Brokerage-ID")


async def test_who_is_not_known_claims_nothing(platform: Platform) -> None:
    key = fresh_key()
    kept = platform.relay.commits.database["idempotency"]
    assert_error(await post(platform, {**key, "Authorization": ""}), "UNAUTHORIZED", "Authorization")
    assert await kept.count_documents({"tenant": platform.mine.brokerage_id}) == 0


async def test_a_key_of_an_agent_does_not_get_the_brokerages_answers(platform: Platform) -> None:
    key = fresh_key()
    agent = (await platform.client.post("/v1/api-keys", json={"agent_id": "agt_1"})).json()["key"]
    first = await post(platform, key)
    other = await post(platform, {**key, "Authorization": f"Bearer {agent}"})
    assert other.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
async def test_a_route_makes_no_id_that_a_repeated_request_would_not_make_again(module: Any) -> None:
    assert not hasattr(module, "new_id") or module is unbuilt
