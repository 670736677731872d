"""A brokerage that may have one simulation under way: what others are told while they wait, over HTTP and WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import websockets

from dramatis_testkit.platforms import RunningPlatform, running_platform

DEADLINE = 60
ONE_AT_A_TIME = {"DRAMATIS_SIMULATION_TENANT_CONCURRENCY": "1"}
STUDY: dict[str, Any] = {
    "property": {"price": 45_000_000, "type": "penthouse"},
    "test_scenarios": ["pricing"],
    "persona_segments": ["finance_executives"],
}
LONG = STUDY | {"generated_count": 1000, "simulation_parameters": {"iterations": 10_000}}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("narrow"), env=ONE_AT_A_TIME) as running:
        yield running


@pytest.fixture
async def api(narrow: RunningPlatform) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {narrow.api_key}"}
    async with httpx.AsyncClient(base_url=narrow.url, headers=headers, timeout=20) as client:
        yield client


async def requested(api: httpx.AsyncClient, study: dict[str, Any]) -> dict[str, Any]:
    accepted = await api.post("/v1/simulations/focus-group", json=study)
    assert accepted.status_code == 202, accepted.text
    found: dict[str, Any] = accepted.json()
    return found


async def cancelled(api: httpx.AsyncClient, simulation: dict[str, Any]) -> None:
    assert (await api.post(f"{simulation['status_url']}/cancel")).json()["status"] == "cancelled"


async def position(api: httpx.AsyncClient, simulation: dict[str, Any]) -> int | None:
    found: int | None = (await api.get(simulation["status_url"])).json()["queue_position"]
    return found


async def test_who_waits_is_told_the_position_moves_up_and_is_carried_out(
    api: httpx.AsyncClient, narrow: RunningPlatform
) -> None:
    first, second, third = [await requested(api, LONG), await requested(api, LONG), await requested(api, STUDY)]
    assert [simulation["queue_position"] for simulation in (first, second, third)] == [None, 1, 2]
    address = f"{narrow.url.replace('http', 'ws')}/v1{third['ws_channel']}"
    async with asyncio.timeout(DEADLINE), websockets.connect(address) as socket:
        await socket.send(json.dumps({"type": "auth", "token": narrow.api_key}))
        assert json.loads(await socket.recv())["queue_position"] == 2
        await cancelled(api, second)
        assert await position(api, third) == 1
        assert json.loads(await socket.recv())["queue_position"] == 1
        await cancelled(api, first)
        frames = [json.loads(frame) async for frame in socket]
    assert frames[-1]["type"] == "result"
    assert all("queue_position" not in frame or frame["current_step"] == "queued" for frame in frames)
    assert await position(api, third) is None


async def test_a_prediction_that_has_to_wait_is_answered_at_once(api: httpx.AsyncClient) -> None:
    first = await requested(api, LONG)
    segment = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 5}
    campaign = {"campaign": {"name": "x", "channels": ["email"]}, "persona_configuration": segment}
    waits = (await api.post("/v1/simulations/marketing-campaign", json=campaign)).json()
    assert (waits["status"], waits["queue_position"], waits["predicted_results"]) == ("queued", 1, None)
    await cancelled(api, waits)
    await cancelled(api, first)
