"""Several gateways in front of one platform: one limit for all, and one of them killed in the middle of requests."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dramatis_engines.ports import free_port
from dramatis_engines.processes import Process, reap, spawn
from dramatis_testkit.platforms import RunningPlatform, running_platform, wait_for

PER_HOUR = 1000
PEOPLE = 40
ENVIRONMENT = {
    "DRAMATIS_GATEWAY_DEVELOPMENT_PER_HOUR": str(PER_HOUR),
    "DRAMATIS_GATEWAY_DEVELOPMENT_PER_MINUTE": "100000",
    "DRAMATIS_GATEWAY_DEADLINE": "3",
}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path / "platform", env=ENVIRONMENT) as running:
        yield running


@contextmanager
def another_gateway(platform: RunningPlatform, folder: Path) -> Iterator[tuple[str, Process]]:
    """Its address and its process."""
    folder.mkdir()
    address = f"http://127.0.0.1:{(port := free_port())}"
    engines: Mapping[str, str] = {f"DRAMATIS_{name.upper()}": value for name, value in platform.engines.items()}
    own = {"DRAMATIS_GATEWAY_PORT": str(port), "DRAMATIS_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "dramatis_engines.cli", "serve", "gateway"]
    process = spawn(command, folder / "output.txt", env={**os.environ, **ENVIRONMENT, **engines, **own})
    try:
        wait_for("the second gateway answers", lambda: alive(address))
        yield address, process
    finally:
        process.terminate()
        reap(process, 20)


def alive(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live").status_code == 200
    except httpx.TransportError:
        return False


def client_of(platform: RunningPlatform) -> httpx.AsyncClient:
    return httpx.AsyncClient(headers={"Authorization": f"Bearer {platform.api_key}"}, timeout=20)


async def test_two_gateway_processes_keep_one_limit_within_a_hundredth(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    with another_gateway(platform, tmp_path / "second") as (second, _):
        async with client_of(platform) as client:
            turns = asyncio.Semaphore(40)

            async def asked(number: int) -> httpx.Response:
                async with turns:
                    return await client.get(f"{(platform.url, second)[number % 2]}/v1/nothing")

            answers = await asyncio.gather(*(asked(number) for number in range(PER_HOUR + 300)))
    let_in = [answer for answer in answers if answer.status_code == 404]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(let_in) + len(refused) == len(answers)
    assert 0.99 * PER_HOUR <= len(let_in) <= PER_HOUR
    assert {answer.headers["x-ratelimit-remaining"] for answer in refused} == {"0"}
    assert len({answer.headers["x-ratelimit-reset"] for answer in answers}) == 1


async def test_requests_of_a_gateway_that_is_killed_are_repeated_elsewhere_and_happen_once(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    with another_gateway(platform, tmp_path / "second") as (second, process):
        async with client_of(platform) as client:
            first_tries = [asyncio.create_task(post(client, second, number)) for number in range(PEOPLE)]
            await asyncio.wait(first_tries, return_when=asyncio.FIRST_COMPLETED)
            process.kill()
            await asyncio.wait(first_tries)
            broken = [tried for tried in first_tries if tried.exception() is not None]
            assert broken
            ids = [await answered(client, platform.url, number) for number in range(PEOPLE)]
            listed = (await client.get(f"{platform.url}/v1/personas?page_size=200")).json()
    names = [person["name"] for person in listed["items"]]
    assert sorted(names) == sorted(f"Person {number}" for number in range(PEOPLE))
    assert sorted(person["id"] for person in listed["items"]) == sorted(ids)
    known = [tried.result().json()["id"] for tried in first_tries if tried.exception() is None]
    assert set(known) <= set(ids)


async def post(client: httpx.AsyncClient, address: str, number: int) -> httpx.Response:
    headers = {"Idempotency-Key": f"person-{number}"}
    return await client.post(f"{address}/v1/personas", json={"name": f"Person {number}"}, headers=headers)


async def answered(client: httpx.AsyncClient, address: str, number: int) -> str:
    """The id of a person, asked for until the claim of the killed gateway has ended."""
    async with asyncio.timeout(60):
        while (answer := await post(client, address, number)).status_code == 409:
            await asyncio.sleep(float(answer.headers["retry-after"]))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
