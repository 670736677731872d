"""What a client sees of its limits, and that two gateways keep them together."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import connect

from dramatis_gateway.app import open_gateway
from dramatis_gateway.keys import new_key
from dramatis_kit import Runtime

from .conftest import Platform, running_platform
from .sse import listening
from .test_bad_input import assert_error
from .test_updates import close_code

HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-burst-remaining")


@pytest.fixture
async def limited(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    monkeypatch.setenv("DRAMATIS_GATEWAY_DEVELOPMENT_PER_HOUR", "1000")
    monkeypatch.setenv("DRAMATIS_GATEWAY_DEVELOPMENT_PER_MINUTE", "12")
    monkeypatch.setenv("DRAMATIS_GATEWAY_FAILURES_PER_MINUTE", "5")
    async with running_platform(runtime) as platform:
        yield platform


def burst_remaining(answer: httpx.Response) -> int:
    assert all(name in answer.headers for name in (*HEADERS, "ratelimit", "ratelimit-policy"))
    return int(answer.headers["x-ratelimit-burst-remaining"])


async def test_every_answer_that_a_key_earned_tells_its_limits(limited: Platform) -> None:
    client = limited.client
    json = {"Content-Type": "application/json"}
    answers = [
        await client.get("/v1/personas"),
        await client.get("/v1/personas/pers_1"),
        await client.get("/v1/nothing"),
        await client.put("/v1/personas"),
        await client.post("/v1/personas", json={"name": 5}),
        await client.post("/v1/personas", content=b"{", headers=json),
        await client.post("/v1/personas", content=b" " * 1_100_000, headers=json),
        await client.get("/v1/personas", headers={"X-Brokerage-ID": "another"}),
        await client.get("/v1/webhooks"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 404, 405, 422, 400, 413, 403, 503]
    assert [burst_remaining(answer) for answer in answers] == list(range(11, 2, -1))
    async with listening(client) as stream:
        assert burst_remaining(stream.answer) == 2
    assert answers[0].headers["x-ratelimit-limit"] == "1000"
    assert answers[0].headers["x-ratelimit-remaining"] == "999"
    assert answers[0].headers["ratelimit-policy"] == '"hour";q=1000;w=3600, "minute";q=12;w=60'


async def test_who_asks_too_often_is_told_when_to_come_back(limited: Platform) -> None:
    answers = [await limited.client.get("/v1/personas") for _ in range(13)]
    refused = answers[-1]
    error = assert_error(refused, "RATE_LIMITED")
    assert "12 requests per minute" in error["details"]["issue"]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert burst_remaining(refused) == 0
    assert (await limited.client.get("/v1/personas", headers=limited.as_stranger)).status_code == 200
    address = limited.gateway.address.replace("http", "ws", 1)
    key = {"Authorization": f"Bearer {limited.mine.api_key}"}
    async with connect(f"{address}/v1/ws/simulations/sim_1", additional_headers=key, proxy=None) as socket:
        assert '"RATE_LIMITED"' in str(await socket.recv())
        assert await close_code(socket) == 4429
    assert 'dramatis_rate_limited_total{limit="minute"}' in (await limited.client.get("/metrics")).text


async def test_what_shows_no_key_costs_none(limited: Platform) -> None:
    for path in ("/health/live", "/metrics", "/docs/errors", "/openapi.json", "/console/sign-in"):
        assert "x-ratelimit-limit" not in (await limited.client.get(path)).headers
    assert burst_remaining(await limited.client.get("/v1/personas")) == 11


async def test_an_address_that_guesses_keys_is_stopped_and_others_there_go_on(limited: Platform) -> None:
    assert (await limited.client.get("/v1/personas")).status_code == 200
    wrong = [{"Authorization": f"Bearer {new_key('standard')}"} for _ in range(6)]
    answers = [await limited.client.get("/v1/personas", headers=headers) for headers in wrong]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert_error(answers[-1], "RATE_LIMITED")
    assert "x-ratelimit-limit" not in answers[-1].headers
    assert (await limited.client.get("/v1/personas")).status_code == 200
    async with httpx.AsyncClient(base_url=limited.gateway.address) as browser:
        page = await browser.get("/console/sign-in")
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        assert (await browser.post("/console/sign-in", data={"csrf": token, "api_key": "x"})).status_code == 429


async def test_two_gateways_in_front_of_one_mongodb_keep_one_limit(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_DEVELOPMENT_PER_HOUR", "1000")
    monkeypatch.setenv("DRAMATIS_GATEWAY_DEVELOPMENT_PER_MINUTE", "100000")
    async with running_platform(runtime) as platform, open_gateway(runtime) as second:
        turns = asyncio.Semaphore(32)

        async def status(address: str) -> int:
            async with turns:
                return (await platform.client.get(f"{address}/v1/nothing")).status_code

        addresses = (platform.gateway.address, second.address)
        found = await asyncio.gather(*(status(addresses[number % 2]) for number in range(1200)))
        assert set(found) == {404, 429}
        assert 990 <= found.count(404) <= 1000
