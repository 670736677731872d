"""The WebSocket as published: who may listen and how that is shown, the frames, and coming back in the middle."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .conftest import Brokerage
from .exchanges import DEADLINE, completed, posted, several
from .published import differences, example, printed

FOCUS_GROUP = example("Focus Group Simulation")
FRAME: dict[str, Any] = {
    "type": "progress|result|error",
    "simulation_id": "sim_8k7j6h5g",
    "current_step": "analyzing_preferences",
    "partial_results": {},
}
"""The printed comment, without `progress`: that is null while it is not known."""
PRINTED = ("type", "simulation_id", "progress", "current_step", "partial_results")


async def started(door: httpx.AsyncClient, iterations: int = 100) -> str:
    """A focus group; ten thousand iterations take a while."""
    body = FOCUS_GROUP.bodies()[2]
    people = body["persona_configuration"] | {"specific_personas": await several(door, 1)}
    changes = {"persona_configuration": people, "simulation_parameters": {"iterations": iterations}}
    return str((await posted(door, FOCUS_GROUP.path, body | changes, 202))["ws_channel"])


def opened(brokerage: Brokerage, channel: str, **headers: str) -> connect:
    address = brokerage.base_url.replace("http", "ws", 1) + channel
    return connect(address, additional_headers=headers, proxy=None)


def auth(token: str) -> str:
    return json.dumps({"type": "auth", "token": token})


async def frame(socket: ClientConnection) -> dict[str, Any] | None:
    """The next frame, of the printed form; None once the server has closed."""
    try:
        async with asyncio.timeout(DEADLINE):
            found: dict[str, Any] = json.loads(await socket.recv())
    except ConnectionClosed:
        return None
    different = differences(found, FRAME)
    assert different == [], different
    assert found["progress"] is None or 0 <= found["progress"] <= 1
    return found


async def frames(socket: ClientConnection) -> list[dict[str, Any]]:
    """All frames until the server closes."""
    found: list[dict[str, Any]] = []
    while one := await frame(socket):
        found.append(one)
    return found


def test_the_frame_is_the_printed_one() -> None:
    comment = printed("Real-time Simulation Updates").partition("/*")[2]
    assert all(f"{name}:" in comment for name in PRINTED)


async def test_the_first_message_authenticates_and_progress_leads_to_the_result(
    door: httpx.AsyncClient, brokerage: Brokerage
) -> None:
    channel = await started(door)
    async with opened(brokerage, channel) as socket:
        await socket.send(auth(brokerage.api_key))
        told = await frames(socket)
    assert {frame["type"] for frame in told[:-1]} == {"progress"}
    assert (told[-1]["type"], told[-1]["progress"]) == ("result", 1.0)
    assert {channel.rpartition("/")[2]} == {frame["simulation_id"] for frame in told}
    known = [frame["progress"] for frame in told if frame["progress"] is not None]
    assert known == sorted(known)
    assert told[-1]["partial_results"]["summary"]["key_findings"]
    assert socket.close_code == 1000


async def test_the_published_headers_authenticate_as_well(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    headers = {"Authorization": f"Bearer {brokerage.api_key}", "X-Brokerage-ID": brokerage.id}
    async with opened(brokerage, await started(door), **headers) as socket:
        assert (await frames(socket))[-1]["type"] == "result"


async def test_who_drops_out_in_the_middle_comes_back_to_the_rest(
    door: httpx.AsyncClient, brokerage: Brokerage
) -> None:
    channel = await started(door, iterations=10_000)
    async with opened(brokerage, channel) as socket:
        await socket.send(auth(brokerage.api_key))
        first = await frame(socket)
    assert first is not None
    assert first["type"] == "progress"
    async with opened(brokerage, channel) as socket:
        await socket.send(auth(brokerage.api_key))
        rest = await frames(socket)
    known = [frame["progress"] for frame in (first, *rest) if frame["progress"] is not None]
    assert known == sorted(known)
    assert rest[-1]["type"] == "result"


async def test_who_comes_late_gets_the_result_at_once(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    channel = await started(door)
    await completed(door, channel.rpartition("/")[2])
    async with opened(brokerage, channel) as socket:
        await socket.send(auth(brokerage.api_key))
        assert (await frames(socket))[-1]["type"] == "result"


async def test_a_cancelled_simulation_ends_with_an_error_frame(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    channel = await started(door, iterations=10_000)
    async with opened(brokerage, channel) as socket:
        await socket.send(auth(brokerage.api_key))
        cancelled = await door.post(f"/simulations/{channel.rpartition('/')[2]}/cancel")
        last = (await frames(socket))[-1]
    assert last["type"] == ("error" if cancelled.status_code == 200 else "result")


@pytest.mark.parametrize(
    "message",
    [auth("dr_d" + "0" * 36), auth(""), '{"type": "hello"}', "not JSON", "[]"],
    ids=["a wrong token", "no token", "no auth", "no JSON", "no object"],
)
async def test_a_first_message_that_does_not_authenticate_ends_it(
    door: httpx.AsyncClient, brokerage: Brokerage, message: str
) -> None:
    async with opened(brokerage, await started(door)) as socket:
        await socket.send(message)
        (refused,) = await frames(socket)
    assert (refused["type"], refused["error"]["code"], socket.close_code) == ("error", "UNAUTHORIZED", 4401)


async def test_who_says_nothing_for_five_seconds_is_sent_away(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    async with opened(brokerage, await started(door)) as socket:
        (refused,) = await frames(socket)
    assert (refused["error"]["code"], socket.close_code) == ("UNAUTHORIZED", 4401)


async def test_another_brokerages_simulation_is_not_found(
    door: httpx.AsyncClient, brokerage: Brokerage, stranger: Brokerage
) -> None:
    async with opened(brokerage, await started(door)) as socket:
        await socket.send(auth(stranger.api_key))
        (refused,) = await frames(socket)
    assert (refused["error"]["code"], socket.close_code) == ("NOT_FOUND", 4404)


async def test_a_wrong_brokerage_in_the_header_is_forbidden(
    door: httpx.AsyncClient, brokerage: Brokerage, stranger: Brokerage
) -> None:
    headers = {"Authorization": f"Bearer {brokerage.api_key}", "X-Brokerage-ID": stranger.id}
    async with opened(brokerage, await started(door), **headers) as socket:
        (refused,) = await frames(socket)
    assert (refused["error"]["code"], socket.close_code) == ("FORBIDDEN", 4403)
