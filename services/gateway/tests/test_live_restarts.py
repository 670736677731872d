"""Streams across gateways, restarts and time: tickets, history, and what is too old for a stream."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from dramatis_gateway.app import open_gateway
from dramatis_gateway.subscribers import Subscriber, Wanted
from dramatis_kit import Runtime, utc_now

from .conftest import running_platform
from .sse import listening
from .test_event_stream import record, subjects
from .test_live import following, said, seen, ticket


async def test_many_gateways_take_a_ticket_once_between_them(runtime: Runtime) -> None:
    async with running_platform(runtime) as one, open_gateway(runtime) as two:
        once = await ticket(one)
        async with httpx.AsyncClient(params={"ticket": once}) as keyless:
            streams = [
                keyless.send(keyless.build_request("GET", f"{place}/v1/events/stream"), stream=True)
                for place in (one.gateway.address, two.address)
                for _ in range(5)
            ]
            answers = await asyncio.gather(*streams)
            assert sorted(answer.status_code for answer in answers) == [200, *[401] * 9]
            for answer in answers:
                await answer.aclose()


async def test_a_ticket_of_yesterday_opens_nothing(runtime: Runtime) -> None:
    clock = [utc_now()]
    async with running_platform(replace(runtime, clock=lambda: clock[0])) as platform:
        old = await ticket(platform)
        clock[0] += timedelta(seconds=31)
        refused = await platform.client.get("/v1/events/stream", params={"ticket": old})
        assert refused.status_code == 401


async def test_what_is_too_old_for_a_stream_is_announced_as_a_gap(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only that: the stream goes on with the first event that is young enough."""
    async with running_platform(runtime) as platform:
        start = (await platform.client.get("/v1/events")).json()["cursor"]
        await record(platform, *(f"pers_{number}" for number in range(20)))
        await runtime.database["commits"].update_many(
            {"subject": {"$in": [f"pers_{number}" for number in range(13)]}},
            {"$set": {"events.0.time": utc_now() - timedelta(days=31)}},
        )
    monkeypatch.setenv("DRAMATIS_GATEWAY_FEED_HISTORY", "1")  # so that the log must be read
    async with running_platform(runtime) as other:
        other.client.headers["Authorization"] = f"Bearer {platform.mine.api_key}"
        async with listening(other.client, after=start) as stream:
            gap, *rest = await stream.take(8)
        assert (gap.type, gap.envelope["reason"], gap.envelope["after"]) == ("gap", "retention", start)
        assert subjects(rest) == [f"pers_{number}" for number in range(13, 20)]
        async with listening(other.client, after=gap.id) as again:
            assert subjects(await again.take(1)) == ["pers_13"]
        async with following(
            other, headers={"Authorization": f"Bearer {platform.mine.api_key}"}, last_event_id=start
        ) as opened:
            assert (await said(opened))["type"] == "position"
            message = await said(opened)
            assert (message["type"], message["id"], message["up_to"]) == ("gap", gap.id, gap.id)
            assert await seen(opened, 7) == subjects(rest)


async def test_after_a_restart_the_recent_past_is_in_memory(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform, listening(platform.client) as stream:
        await record(platform, *(f"pers_{number}" for number in range(5)))
        await stream.take(2)
    async with open_gateway(runtime) as gateway:
        wanted = Wanted(platform.mine.brokerage_id, frozenset({"persona.created.v1"}))
        subscriber = Subscriber(wanted, 100)
        assert gateway.feed.join(subscriber, 0)
        assert [frame.subject for frame in subscriber.take()] == [f"pers_{number}" for number in range(5)]
