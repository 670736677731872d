"""The feed as a WebSocket, tickets for browsers, and keys that are revoked meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from dramatis_gateway.keys import key_print
from dramatis_gateway.replay import Gap, Replay
from dramatis_gateway.subscribers import Wanted

from .conftest import Platform
from .sse import listening
from .test_event_stream import record, subjects
from .test_updates import close_code

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUR_PAGE, THEIR_PAGE = "https://app.example", "https://evil.example"


def address(platform: Platform, **query: str) -> str:
    return str(httpx.URL(f"ws{platform.gateway.address.removeprefix('http')}/v1/ws/events", params=query))


@asynccontextmanager
async def following(
    platform: Platform, *, first: str | None = None, origin: Any = None, headers: Any = None, **query: str
) -> AsyncIterator[ClientConnection]:
    async with connect(
        address(platform, **query), compression=None, origin=origin, additional_headers=headers
    ) as opened:
        if first is not None:
            await opened.send(first)
        yield opened


def auth(platform: Platform) -> str:
    return json.dumps({"type": "auth", "token": platform.mine.api_key})


async def said(opened: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await opened.recv())
    return message


async def seen(opened: ClientConnection, number: int) -> list[str]:
    found = [await said(opened) for _ in range(number)]
    assert {message["type"] for message in found} == {"event"}
    return [message["event"]["subject"] for message in found]


async def ticket(platform: Platform, **wish: str) -> str:
    answer = await platform.client.post("/v1/stream-tickets", json=wish)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store"), answer.text
    return str(answer.json()["ticket"])


async def test_a_socket_brings_the_feed_and_resumes_from_its_positions(platform: Platform) -> None:
    async with following(platform, first=auth(platform), types="persona.created") as opened:
        start = await said(opened)
        assert start["type"] == "position"
        await record(platform, "pers_1", "pers_2")
        first, second = await said(opened), await said(opened)
        assert (first["event"]["subject"], second["event"]["subject"]) == ("pers_1", "pers_2")
    await record(platform, "pers_3")
    for last, missed in ((start["id"], 3), (first["id"], 2), (second["id"], 1)):
        async with following(platform, first=auth(platform), last_event_id=last) as again:
            assert (await said(again))["id"] == last
            assert await seen(again, missed) == ["pers_1", "pers_2", "pers_3"][-missed:]


async def test_a_position_of_the_event_stream_serves_a_socket(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        await record(platform, "pers_1", "pers_2")
        first = await stream.next()
    async with following(platform, first=auth(platform), last_event_id=first.id) as opened:
        assert (await said(opened))["type"] == "position"
        message = await said(opened)
    async with listening(platform.client, after=first.id) as again:
        second = await again.next()
    assert (message["id"], message["event"]) == (second.id, second.envelope)


@pytest.mark.parametrize(
    ("first", "query", "field", "code"),
    [
        ("nonsense", {}, "Authorization", 4401),
        (json.dumps({"type": "auth", "token": "dr_unknown"}), {}, "Authorization", 4401),
        (None, {"ticket": "drt_unknown"}, "ticket", 4401),
        (None, {"types": "no.such.type"}, "types", 4400),
        (None, {"last_event_id": "nonsense"}, "last_event_id", 4400),
        (None, {"surprise": "1"}, "surprise", 4400),
    ],
)
async def test_a_socket_that_may_not_follow_is_told_why(
    platform: Platform, first: str | None, query: dict[str, str], field: str, code: int
) -> None:
    key = None if first or "ticket" in query else {"Authorization": f"Bearer {platform.mine.api_key}"}
    async with following(platform, first=first, headers=key, **query) as opened:
        refused = await said(opened)
        assert (refused["type"], refused["error"]["details"]["field"]) == ("error", field)
        assert await close_code(opened) == code


async def test_a_page_of_another_origin_cannot_open_a_socket(platform: Platform) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with following(platform, origin=THEIR_PAGE):
            raise AssertionError("opened")
    assert refused.value.response.status_code == 403
    async with following(platform, first=auth(platform), origin=platform.gateway.address) as opened:
        assert (await said(opened))["type"] == "position"


async def test_a_ticket_opens_one_socket_once(platform: Platform) -> None:
    once = await ticket(platform)
    async with following(platform, ticket=once) as opened:
        assert (await said(opened))["type"] == "position"
    async with following(platform, ticket=once) as again:
        assert (await said(again))["error"]["details"]["field"] == "ticket"
        assert await close_code(again) == 4401


async def test_a_ticket_opens_one_event_stream_once(platform: Platform) -> None:
    once = await ticket(platform)
    async with httpx.AsyncClient(base_url=platform.gateway.address) as keyless:
        async with listening(keyless, ticket=once) as stream:
            await record(platform, "pers_1")
            assert subjects(await stream.take(1)) == ["pers_1"]
        refused = await keyless.get("/v1/events/stream", params={"ticket": once})
        assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (401, "ticket")


async def test_a_ticket_for_the_pages_of_an_origin_serves_no_other(platform: Platform) -> None:
    async with following(platform, ticket=await ticket(platform, origin=OUR_PAGE), origin=OUR_PAGE) as opened:
        assert (await said(opened))["type"] == "position"
    for origin in (THEIR_PAGE, None):
        async with following(platform, ticket=await ticket(platform, origin=OUR_PAGE), origin=origin) as opened:
            assert (await said(opened))["error"]["details"]["field"] == "Origin"
            assert await close_code(opened) == 4403
    async with (
        httpx.AsyncClient(base_url=platform.gateway.address, headers={"Origin": OUR_PAGE}) as keyless,
        listening(keyless, ticket=await ticket(platform, origin=OUR_PAGE)) as stream,
    ):
        assert stream.answer.headers["access-control-allow-origin"] == OUR_PAGE


async def test_a_revoked_key_ends_its_streams_and_its_tickets(platform: Platform) -> None:
    waiting = await ticket(platform)
    async with listening(platform.client) as stream, following(platform, first=auth(platform)) as opened:
        assert (await said(opened))["type"] == "position"
        printed = key_print(platform.mine.api_key)
        assert printed is not None
        await platform.gateway.tenants.revoke(platform.mine.brokerage_id, f"key_{printed.sha256[:16]}")
        await platform.relay.run()
        assert await close_code(opened) == 4401
        with pytest.raises(StopAsyncIteration):
            await stream.next()
    async with following(platform, ticket=waiting) as refused:
        assert await close_after_error(refused) == 4401


async def close_after_error(opened: ClientConnection) -> int | None:
    assert (await said(opened))["type"] == "error"
    return await close_code(opened)


async def test_a_follower_is_ended_by_bytes_too(platform: Platform) -> None:
    subscriber = platform.gateway.feed.open(Wanted(platform.mine.brokerage_id))
    platform.gateway.feed.join_now(subscriber)
    subscriber._bytes = 8_000_000
    await record(platform, "pers_1")
    async with listening(platform.client) as stream:
        await record(platform, "pers_2")
        await stream.next()
    assert subscriber.ended == "overflow"
    platform.gateway.feed.close(subscriber)


async def test_a_replay_without_a_gap_says_nothing_of_one(platform: Platform) -> None:
    await record(platform, "pers_1")
    replay = platform.gateway.replay
    assert isinstance(replay, Replay)
    subscriber = platform.gateway.feed.open(Wanted(platform.mine.brokerage_id))
    parts = [part async for part in replay.missed(subscriber, 0)]
    assert not any(isinstance(part, Gap) for part in parts)
    platform.gateway.feed.close(subscriber)
