"""The same request under the same `Idempotency-Key` happens once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.bus import Bus
from dramatis_contracts.notifier import v1 as notifier
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_gateway.app import open_gateway
from dramatis_gateway.claims import Claim, Claims, InProgress, Mismatch, Repeatable, StoredAnswer
from dramatis_gateway.ids import Ids
from dramatis_kit import Document, Runtime
from dramatis_testkit.clock import FixedClock

from .conftest import Platform, running_platform
from .test_bad_input import FOCUS, FOCUS_GROUP, assert_error

ANN = {"name": "Ann"}
REQUEST = Repeatable("tenant", "/", "POST", "/v1/personas", "key", "fingerprint")
ANSWER = StoredAnswer(201, (("location", "/v1/personas/pers_1"),), b'{"id":"pers_1"}')


@asynccontextmanager
async def one(runtime: Runtime) -> AsyncIterator[tuple[Platform, dict[str, str], AsyncCollection[Document]]]:
    async with running_platform(runtime) as platform:
        yield platform, {"Idempotency-Key": str(uuid4())}, runtime.database["idempotency"]


async def post(
    platform: Platform, headers: dict[str, str], body: Any = ANN, path: str = "/v1/personas"
) -> httpx.Response:
    return await platform.client.post(path, json=body, headers=headers)


async def test_a_repeated_request_gets_the_same_answer_and_makes_nothing_new(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _):
        first, again = await post(platform, key), await post(platform, key)
        assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["content-type"] == first.headers["content-type"]
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        assert int(again.headers["x-ratelimit-remaining"]) == int(first.headers["x-ratelimit-remaining"]) - 1
        assert len(platform.services.commands) == 1


async def test_a_refusal_is_repeated_too(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _):
        first, again = [await post(platform, key, {"name": 5}) for _ in range(2)]
        assert first.status_code == 422
        assert again.content == first.content
        assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_serves_one_request_only(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _):
        await post(platform, key)
        assert_error(await post(platform, key, {"name": "Bob"}), "IDEMPOTENCY_MISMATCH", "Idempotency-Key")
        other_query = await post(platform, key, path="/v1/personas?x=1")
        assert_error(other_query, "IDEMPOTENCY_MISMATCH", "Idempotency-Key")
        assert len(platform.services.commands) == 1


async def test_another_path_and_another_brokerage_have_keys_of_their_own(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _):
        first = await post(platform, key)
        assert (await post(platform, key, FOCUS_GROUP, FOCUS)).status_code == 202
        theirs = await post(platform, {**key, **platform.as_stranger})
        assert theirs.status_code == 201
        assert theirs.json()["id"] != first.json()["id"]


async def test_a_request_that_is_still_running_is_not_run_twice(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_PROMPT_SECONDS", "0.3")
    async with one(runtime) as (platform, key, _):
        gate = asyncio.Event()
        entered = asyncio.Event()

        async def slowly() -> None:
            entered.set()
            await gate.wait()

        platform.services.simulate(platform.mine.brokerage_id, "sim_1")
        platform.services.before_answer = slowly()
        follow_up = {"scenario": SCENARIO, "test_personas": ["pers_1"]}
        running = asyncio.create_task(post(platform, key, follow_up, "/v1/simulations/intervention"))
        await entered.wait()
        refused = await post(platform, key, follow_up, "/v1/simulations/intervention")
        assert_error(refused, "IDEMPOTENCY_IN_PROGRESS", "Idempotency-Key")
        assert int(refused.headers["retry-after"]) >= 1
        gate.set()
        done = await running
        again = await post(platform, key, follow_up, "/v1/simulations/intervention")
        assert (again.status_code, again.content) == (done.status_code, done.content)
        assert sum(isinstance(command, engine.RequestIntervention) for command in platform.services.commands) == 1


SCENARIO = {
    "type": "follow_up_sequence",
    "initial_interaction": "property_viewing",
    "interventions": [{"step": 1, "timing": "same_day", "action": "thank_you_email", "content": "Thank you"}],
}


async def test_an_answer_that_was_lost_is_made_again_with_the_same_ids(runtime: Runtime) -> None:
    """As after a gateway that died between the commit and the answer."""
    async with one(runtime) as (platform, key, kept):
        first = await post(platform, key)
        lost = {"$set": {"state": "claimed", "owned_until": first_moment(), "answer": None}}
        await kept.update_one({}, lost)
        again = await post(platform, key)
        assert again.json()["id"] == first.json()["id"]
        ids = [
            command.persona_id for command in platform.services.commands if isinstance(command, persona.CreatePersona)
        ]
        assert len(ids) == 2
        assert len(set(ids)) == 1


async def test_commands_of_a_repeated_request_are_recognised_by_their_services(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform, Bus.open(runtime.settings, name="test-notifier") as bus:
        heard: list[str] = []

        async def register(call: Any) -> notifier.Webhook:
            heard.append(call.command_id)
            raise RuntimeError("killed before it could answer")

        bus.serve(notifier.register_webhook, register)
        await bus.start()
        key = {"Idempotency-Key": "once"}
        body = {"url": "https://example.com", "events": ["*"]}
        for _ in range(2):
            assert (await post(platform, key, body, "/v1/webhooks")).status_code == 500
        assert len(heard) == 2
        assert len(set(heard)) == 1


async def test_a_service_that_is_away_is_asked_again(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _):
        body = {"url": "https://example.com", "events": ["*"]}
        for _ in range(2):
            answer = await post(platform, key, body, "/v1/webhooks")
            assert_error(answer, "SERVICE_UNAVAILABLE")
            assert "idempotent-replayed" not in answer.headers


async def test_an_answer_is_found_at_another_gateway(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _), open_gateway(runtime) as second:
        first = await post(platform, key)
        again = await post(platform, key, path=f"{second.address}/v1/personas")
        assert again.content == first.content
        assert len(platform.services.commands) == 1


async def test_an_answer_too_large_to_keep_is_made_again(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_IDEMPOTENT_MAX_BYTES", "10")
    async with one(runtime) as (platform, key, kept):
        first, again = await post(platform, key), await post(platform, key)
        assert again.json()["id"] == first.json()["id"]
        assert again.headers["idempotent-replayed"] == "true"
        row = await kept.find_one({})
        assert row is not None
        assert row["answer"] is None


@pytest.mark.parametrize("given", ["", "a" * 256, "ä", "a\tb"])
async def test_a_key_of_the_wrong_form_is_refused(runtime: Runtime, given: str) -> None:
    async with running_platform(runtime) as platform:
        headers = [(b"Idempotency-Key", given.encode("latin-1"))]
        refused = await platform.client.post("/v1/personas", json=ANN, headers=[*headers])
        assert_error(refused, "INVALID_REQUEST", "Idempotency-Key")
        twice = [*headers, (b"Idempotency-Key", b"a")]
        assert_error(
            await platform.client.post("/v1/personas", json=ANN, headers=twice), "INVALID_REQUEST", "Idempotency-Key"
        )
        longest = await post(platform, {"Idempotency-Key": "a" * 255})
        assert longest.status_code == 201


async def test_who_is_not_known_claims_nothing(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, kept):
        assert_error(await post(platform, {**key, "Authorization": ""}), "UNAUTHORIZED", "Authorization")
        assert await kept.count_documents({}) == 0


async def test_a_key_of_an_agent_does_not_get_the_brokerages_answers(runtime: Runtime) -> None:
    async with one(runtime) as (platform, key, _):
        agent = (await platform.client.post("/v1/api-keys", json={"agent_id": "agt_1"})).json()["key"]
        first = await post(platform, key)
        other = await post(platform, {**key, "Authorization": f"Bearer {agent}"})
        assert other.json()["id"] != first.json()["id"]


def first_moment() -> Any:
    return FixedClock()()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def claims(database: AsyncDatabase[Document], clock: FixedClock) -> Claims:
    return Claims(database, clock)


async def test_one_of_many_at_once_gets_the_claim(claims: Claims) -> None:
    outcomes = await asyncio.gather(*(claims.claim(REQUEST, 20) for _ in range(20)))
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1
    assert outcomes.count(InProgress()) == 19


async def test_the_claim_of_a_gateway_that_died_is_taken_over_once_with_its_seed(
    claims: Claims, clock: FixedClock
) -> None:
    first = await claims.claim(REQUEST, 20)
    clock.advance(19)
    assert await claims.claim(REQUEST, 20) == InProgress()
    clock.advance(1)
    later = await asyncio.gather(*(claims.claim(REQUEST, 20) for _ in range(5)))
    taken = [outcome for outcome in later if isinstance(outcome, Claim)]
    assert len(taken) == 1
    assert isinstance(first, Claim)
    assert taken[0].seed == first.seed
    await claims.answered(first, ANSWER)  # too late: it is the other's now
    assert await claims.claim(REQUEST, 20) == InProgress()
    await claims.answered(taken[0], ANSWER)
    assert await claims.claim(REQUEST, 20) == ANSWER


async def test_a_key_is_free_again_after_a_day(claims: Claims, clock: FixedClock) -> None:
    first = await claims.claim(REQUEST, 20)
    assert isinstance(first, Claim)
    await claims.answered(first, ANSWER)
    clock.advance(24 * 3600 - 1)
    assert await claims.claim(REQUEST, 20) == ANSWER
    other = Repeatable("tenant", "/", "POST", "/v1/personas", "key", "another body")
    assert await claims.claim(other, 20) == Mismatch()
    clock.advance(1)
    fresh = await claims.claim(other, 20)
    assert isinstance(fresh, Claim)
    assert fresh.seed != first.seed


def test_the_nth_id_of_a_kind_follows_from_the_seed() -> None:
    one, two, other = Ids("seed"), Ids("seed"), Ids("another")
    made = [one.new("pers"), one.new("pers"), one.new("cmd", "rpc.a"), one.new("cmd", "rpc.b")]
    assert len(set(made)) == 4
    assert [two.new("cmd", "rpc.b"), two.new("cmd", "rpc.a"), two.new("pers"), two.new("pers")] == [
        made[3],
        made[2],
        made[0],
        made[1],
    ]
    assert other.new("pers") != made[0]
    assert made[0].startswith("pers_")
    assert len(made[0]) == len(Ids().new("pers"))
    assert Ids().new("pers") != Ids().new("pers")
