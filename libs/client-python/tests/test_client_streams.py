"""The event stream and the updates of a simulation: taken up again where they broke."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from dramatis_testkit.receiver import Receiver
from tinytroupe_client import (
    APIConnectionError,
    AsyncTinyTroupeClient,
    AuthenticationError,
    EventsMissed,
    TinyTroupeClient,
    TinyTroupeError,
)
from tinytroupe_client.models import SimulationState

POSITION = ": dramatis\nretry: 1000\nid: p0\n\n"


def sse(number: int) -> str:
    event: dict[str, Any] = {"id": f"evt_{number}", "type": "persona.created.v1", "subject": f"pers_{number}"}
    event |= {"source": "/dramatis/persona", "time": "2026-01-15T10:30:00Z", "data": {"n": number}}
    return f"id: p{number}\nevent: persona.created.v1\ndata: {json.dumps(event)}\n\n"


def stream(*pieces: str) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece.encode())
        assert request.transport
        request.transport.close()
        return response

    return answer


def sockets(*conversations: tuple[dict[str, Any], ...]) -> Callable[[web.Request], Any]:
    """Each connection gets the next conversation; then it breaks."""
    left = list(conversations)

    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in left.pop(0):
            await socket.send_json({"simulation_id": "sim_1", **frame})
        assert request.transport
        request.transport.close()
        return socket

    return answer


async def test_a_broken_stream_is_taken_up_after_the_last_event(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    server.answers = [stream(POSITION, sse(1), sse(2)), web.Response(status=503), stream(sse(3))]
    seen = []
    async with client.events.stream(types=["persona.created"], subject="pers_1") as events:
        async for event in events:
            seen.append(event.id)
            if len(seen) == 3:
                break
    assert seen == ["evt_1", "evt_2", "evt_3"]
    assert [post.headers.get("last-event-id") for post in server.posts] == [None, "p2", "p2"]
    assert server.posts[0].query == "types=persona.created&subject=pers_1"
    assert server.posts[0].headers["accept"] == "text/event-stream"


async def test_a_stream_begins_where_it_is_told_to(blocking: TinyTroupeClient, server: Receiver) -> None:
    server.answers = [stream(POSITION), stream(sse(1))]

    def first() -> str:
        with blocking.events.stream(last_event_id="p7") as events:
            return next(events).id

    assert await asyncio.to_thread(first) == "evt_1"
    assert [post.headers.get("last-event-id") for post in server.posts] == ["p7", "p0"]


async def test_a_stream_that_cannot_be_opened_says_why(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.Response(status=401)]
    with pytest.raises(AuthenticationError):
        async with client.events.stream() as events:
            await anext(events)
    server.always = stream()  # it ends before it begins
    with pytest.raises(APIConnectionError):
        async with client.events.stream(max_retries=2) as events:
            await anext(events)
    assert len(server.posts) == 1 + 3


async def test_a_stream_survives_a_server_that_is_started_anew(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [stream(POSITION), *(web.Response(status=503) for _ in range(5)), stream(sse(1))]
    async with client.events.stream() as events:
        assert (await anext(events)).id == "evt_1"
    assert [post.headers.get("last-event-id") for post in server.posts[1:]] == ["p0"] * 6


async def test_a_page_instead_of_a_stream_is_not_taken_for_one(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.Response(text="<h1>Welcome</h1>", content_type="text/html")]
    with pytest.raises(APIConnectionError, match="text/event-stream"):
        async with client.events.stream(max_retries=0) as events:
            await anext(events)


async def test_a_gap_is_not_passed_over_in_silence(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    gap = 'id: p9\nevent: gap\ndata: {"reason":"retention","after":"p1","up_to":"p9"}\n\n'
    server.answers = [stream(gap)]
    with pytest.raises(EventsMissed) as raised:
        async with client.events.stream(last_event_id="p1") as events:
            await anext(events)
    assert (raised.value.after, raised.value.up_to) == ("p1", "p9")


FRAMES = (
    ({"type": "progress", "progress": 0.1, "current_step": "running", "partial_results": {}},),
    (
        {"type": "progress", "progress": 0.5, "current_step": "asking", "partial_results": {}},
        {"type": "result", "progress": 1.0, "current_step": "completed", "partial_results": {"summary": None}},
    ),
)


async def test_updates_go_on_after_a_broken_connection(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response({"simulation_id": "sim_1", "status": "running"})]
    simulation = await client.simulations.get("sim_1")
    server.always = sockets(*FRAMES)
    async with simulation.updates() as updates:
        seen = [(update.type, update.progress) async for update in updates]
    assert seen == [("progress", 0.1), ("progress", 0.5), ("result", 1.0)]
    assert server.posts[-1].path == "/v1/ws/simulations/sim_1"
    assert server.posts[-1].headers["authorization"] == "Bearer key_1"


async def test_the_synchronous_updates_do_the_same(blocking: TinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response({"simulation_id": "sim_1", "status": "running"})]
    simulation = await asyncio.to_thread(blocking.simulations.get, "sim_1")
    server.always = sockets(*FRAMES)

    def seen() -> list[str]:
        with simulation.updates() as updates:
            return [update.type for update in updates]

    assert await asyncio.to_thread(seen) == ["progress", "progress", "result"]


async def test_refused_updates_are_an_error(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response(SimulationState(simulation_id="sim_1").model_dump())]
    simulation = await client.simulations.get("sim_1")
    server.always = sockets(({"type": "error", "current_step": "refused", "error": {"code": "NOT_FOUND"}},))
    with pytest.raises(TinyTroupeError, match="NOT_FOUND"):
        async with simulation.updates() as updates:
            await anext(updates)
