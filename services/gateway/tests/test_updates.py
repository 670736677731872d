"""The WebSocket of a simulation: where it stands, its progress, its end, and who may follow it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dramatis_contracts.base import EventBody
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Cause, StreamId
from dramatis_kit import new_id

from .conftest import Platform

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUMMARY = v1.Summary(consensus_reached=True, confidence_level=0.9, key_findings=("sunset leads",))
COMPLETED = v1.SimulationCompleted(
    name="Test",
    summary=SUMMARY,
    recommendations=(),
    headlines=(),
    unrecognized=(),
    n_respondents=22,
    model_version="rum-1",
    seed=1,
    tokens_used=None,
    cost=None,
)


@asynccontextmanager
async def socket(platform: Platform, simulation_id: str, token: str | None = None) -> AsyncIterator[ClientConnection]:
    address = f"ws{platform.gateway.address.removeprefix('http')}/v1/ws/simulations/{simulation_id}"
    async with connect(address, compression=None) as opened:
        await opened.send(json.dumps({"type": "auth", "token": token or platform.mine.api_key}))
        yield opened


async def update(opened: ClientConnection) -> dict[str, Any]:
    received: dict[str, Any] = json.loads(await opened.recv())
    return received


async def close_code(opened: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        await opened.recv()
    return opened.close_code


async def happen(platform: Platform, simulation_id: str, body: EventBody) -> None:
    await platform.services.log.append(
        platform.mine.brokerage_id,
        StreamId("simulation", simulation_id),
        [body],
        expected_version=0,
        command_id=new_id("cmd"),
        cause=Cause(new_id("req")),
    )
    await platform.relay.run()


async def test_a_simulation_is_followed_to_its_end(platform: Platform) -> None:
    platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    async with socket(platform, "sim_1") as opened:
        first = await update(opened)
        assert (first["type"], first["current_step"], first["progress"]) == ("progress", "queued", None)
        tick = v1.Progress(simulation_id="sim_1", progress=0.45, current_step="analyzing_preferences")
        await platform.services.bus.publish_progress(platform.mine.brokerage_id, tick)
        assert await update(opened) == {
            "type": "progress",
            "simulation_id": "sim_1",
            "progress": 0.45,
            "current_step": "analyzing_preferences",
            "partial_results": {},
        }
        await happen(platform, "sim_1", COMPLETED)
        assert await update(opened) == {
            "type": "result",
            "simulation_id": "sim_1",
            "progress": 1.0,
            "current_step": "completed",
            "partial_results": {"summary": SUMMARY.model_dump(mode="json")},
        }
        assert await close_code(opened) == 1000


async def test_while_it_waits_for_its_turn_its_position_is_told(platform: Platform) -> None:
    queued = platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    waiting = queued.model_copy(update={"queue_position": 2})
    platform.services.simulations[platform.mine.brokerage_id, "sim_1"] = waiting
    async with socket(platform, "sim_1") as opened:
        first = await update(opened)
        assert (first["current_step"], first["queue_position"]) == ("queued", 2)
        for position in (1, None):
            tick = v1.Progress(simulation_id="sim_1", progress=None, current_step="queued", queue_position=position)
            await platform.services.bus.publish_progress(platform.mine.brokerage_id, tick)
            moved = await update(opened)
            assert (moved["type"], moved["progress"], moved.get("queue_position")) == ("progress", None, position)


@pytest.mark.parametrize(
    ("body", "step"),
    [(v1.SimulationFailed(code="X", reason="no one came"), "failed"), (v1.SimulationCancelled(), "cancelled")],
)
async def test_an_end_without_a_result_is_an_error(platform: Platform, body: EventBody, step: str) -> None:
    platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    async with socket(platform, "sim_1") as opened:
        await update(opened)
        await happen(platform, "sim_1", body)
        last = await update(opened)
        assert (last["type"], last["current_step"]) == ("error", step)
        assert last["error"]["code"] == "SIMULATION_NOT_COMPLETED"
        assert await close_code(opened) == 1000


async def test_the_key_may_come_in_the_header(platform: Platform) -> None:
    platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    address = f"ws{platform.gateway.address.removeprefix('http')}/v1/ws/simulations/sim_1"
    headers = {"Authorization": f"Bearer {platform.mine.api_key}"}
    async with connect(address, additional_headers=headers) as opened:
        assert (await update(opened))["current_step"] == "queued"
        assert opened.response is not None
        assert "permessage-deflate" not in opened.response.headers.get("Sec-WebSocket-Extensions", "")


@pytest.mark.parametrize(
    "message", ['{"type": "hello"}', "not json", '{"type": "auth"}', '{"type": "auth", "token": "x"}']
)
async def test_whoever_does_not_authenticate_is_closed_out(platform: Platform, message: str) -> None:
    address = f"ws{platform.gateway.address.removeprefix('http')}/v1/ws/simulations/sim_1"
    async with connect(address) as opened:
        await opened.send(message)
        refused = await update(opened)
        assert (refused["type"], refused["error"]["code"]) == ("error", "UNAUTHORIZED")
        assert await close_code(opened) == 4401


@pytest.mark.parametrize("simulation_id", ["sim_2", "*", "a.b", "%3E"])
async def test_an_unknown_simulation_is_not_found(platform: Platform, simulation_id: str) -> None:
    async with socket(platform, simulation_id) as opened:
        assert (await update(opened))["error"]["code"] == "NOT_FOUND"
        assert await close_code(opened) == 4404


async def test_another_tenants_simulation_is_not_found(platform: Platform) -> None:
    platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    async with socket(platform, "sim_1", platform.theirs.api_key) as opened:
        assert (await update(opened))["error"]["code"] == "NOT_FOUND"
        assert await close_code(opened) == 4404


async def test_an_end_between_the_question_and_its_answer_is_not_lost(platform: Platform) -> None:
    """The simulation completes while its state is being read: the state is old, the event is not missed."""
    platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    platform.services.before_answer = happen(platform, "sim_1", COMPLETED)
    async with socket(platform, "sim_1") as opened:
        assert (await update(opened))["current_step"] == "queued"
        assert (await update(opened))["type"] == "result"


async def test_a_completed_simulation_tells_its_result_at_once(platform: Platform) -> None:
    queued = platform.services.simulate(platform.mine.brokerage_id, "sim_1")
    completed = queued.model_copy(update={"status": "completed", "progress": 1.0})
    platform.services.simulations[platform.mine.brokerage_id, "sim_1"] = completed
    platform.services.summary = SUMMARY
    async with socket(platform, "sim_1") as opened:
        assert (await update(opened))["current_step"] == "completed"
        last = await update(opened)
        assert (last["type"], last["partial_results"]) == ("result", {"summary": SUMMARY.model_dump(mode="json")})
        assert await close_code(opened) == 1000
