"""The event stream: every event of the tenant, in the order of the log, neither lost nor twice, across reconnects."""

import asyncio

import pytest
from starlette.types import Message

from dramatis_gateway.cursors import cursor_of
from dramatis_gateway.following import Following
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.streams import EventStream
from dramatis_gateway.subscribers import Wanted

from .conftest import Platform, until
from .sse import ServerSent, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")


def subjects(events: list[ServerSent]) -> list[str]:
    return [event.envelope["subject"] for event in events]


async def record(platform: Platform, *names: str, tenant: str | None = None) -> None:
    for name in names:
        await platform.services.record(tenant or platform.mine.brokerage_id, name)
    await platform.relay.run()


async def test_an_event_arrives_as_it_happens(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream"
        assert stream.answer.headers["cache-control"] == "no-cache"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        event_id = await platform.services.record(platform.mine.brokerage_id, "pers_1")
        await platform.relay.run()
        event = await stream.next()
    assert stream.comments[0] == ": dramatis"
    assert event.type == "persona.created.v1"
    assert (event.envelope["id"], event.envelope["subject"]) == (event_id, "pers_1")
    assert event.envelope["specversion"] == "1.0"
    assert event.envelope["data"]["profile"]["name"] == "Ann"


async def test_a_live_event_and_a_replayed_one_are_the_same(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        await record(platform, "pers_1")
        live = await stream.next()
    listed = (await platform.client.get("/v1/events")).json()["items"]
    assert live.envelope in listed


async def test_only_what_is_wanted_arrives(platform: Platform) -> None:
    async with (
        listening(platform.client, types="persona.created", subject="pers_2") as one,
        listening(platform.client, types="simulation.*,persona.deleted.v1") as none,
    ):
        await record(platform, "pers_1", "pers_2", "pers_3")
        assert subjects(await one.take(1)) == ["pers_2"]
        with pytest.raises(TimeoutError):
            await none.next(seconds=0.2)


async def test_another_tenants_events_do_not_arrive(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        await record(platform, "pers_1", tenant=platform.theirs.brokerage_id)
        await record(platform, "pers_2")
        event = await stream.next()
    assert event.envelope["subject"] == "pers_2"


async def test_a_client_resumes_where_it_was(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        await record(platform, "pers_1", "pers_2", "pers_3")
        first = await stream.take(2)
    await record(platform, "pers_4")
    async with listening(platform.client, after=first[-1].id) as again:
        await record(platform, "pers_5")
        assert subjects(await again.take(3)) == ["pers_3", "pers_4", "pers_5"]


async def test_a_client_that_saw_nothing_yet_resumes_from_its_beginning(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        with pytest.raises(TimeoutError):
            await stream.next(seconds=0.2)
    await record(platform, "pers_1")
    async with listening(platform.client, after=stream.last_id) as again:
        assert subjects(await again.take(1)) == ["pers_1"]


async def test_what_does_not_arrive_live_is_read_from_the_log(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        await platform.services.record(platform.mine.brokerage_id, "pers_1")
        await platform.relay.run(publish=False)
        await record(platform, "pers_2")
        assert subjects(await stream.take(2)) == ["pers_1", "pers_2"]
        await platform.services.record(platform.mine.brokerage_id, "pers_3")
        await platform.relay.run(publish=False)
        assert subjects(await stream.take(1)) == ["pers_3"]


async def test_an_event_that_is_published_twice_arrives_once(platform: Platform) -> None:
    async with listening(platform.client) as stream:
        await record(platform, "pers_1")
        commits = platform.relay.commits
        await commits.update_one({"subject": "pers_1"}, {"$set": {"relayed": False}})
        await record(platform, "pers_2")
        assert subjects(await stream.take(2)) == ["pers_1", "pers_2"]


async def test_a_position_that_was_never_given_is_refused(platform: Platform) -> None:
    for cursor in ("nonsense", "A" * 20, "é", "%00", cursor_of(platform.mine.brokerage_id, 1 << 62)):
        answer = await platform.client.get(f"/v1/events/stream?last_event_id={cursor}")
        assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "last_event_id")


async def test_another_tenants_position_is_refused(platform: Platform) -> None:
    await record(platform, "pers_1")
    page = (await platform.client.get("/v1/events")).json()
    headers = platform.as_stranger | {"Last-Event-ID": page["cursor"]}
    streamed = await platform.client.get("/v1/events/stream", headers=headers)
    assert streamed.json()["error"]["details"]["field"] == "Last-Event-ID"
    listed = await platform.client.get("/v1/events", params={"cursor": page["cursor"]}, headers=platform.as_stranger)
    assert (streamed.status_code, listed.status_code) == (400, 400)


async def test_pages_lead_through_the_whole_log(platform: Platform) -> None:
    await record(platform, *(f"pers_{number}" for number in range(7)))
    seen, address = [], "/v1/events?limit=3&types=persona.created"
    while address:
        answer = await platform.client.get(address)
        seen += [event["subject"] for event in answer.json()["items"]]
        address = answer.links["next"]["url"] if answer.json()["has_more"] else ""
    assert seen == [f"pers_{number}" for number in range(7)]
    rest = await platform.client.get("/v1/events", params={"cursor": answer.json()["cursor"]})
    assert (rest.json()["items"], rest.json()["cursor"]) == ([], answer.json()["cursor"])


async def test_a_page_leads_over_to_the_stream(platform: Platform) -> None:
    await record(platform, "pers_1")
    cursor = (await platform.client.get("/v1/events")).json()["cursor"]
    await record(platform, "pers_2")
    async with listening(platform.client, after=cursor) as stream:
        assert subjects(await stream.take(1)) == ["pers_2"]


async def test_events_that_overtake_each_other_arrive_in_the_order_of_the_log(platform: Platform) -> None:
    async with listening(platform.client, types="persona.created") as stream:
        await record_unpublished(platform, *(f"pers_{number}" for number in range(20)))
        own = {"tenant": platform.mine.brokerage_id, "category": "persona"}
        for document in await platform.relay.commits.find(own, sort={"pos": -1}).to_list():
            await platform.relay.publish(document)
        assert subjects(await stream.take(20)) == [f"pers_{number}" for number in range(20)]


async def test_a_client_that_does_not_read_is_ended_and_holds_nothing_up(platform: Platform) -> None:
    feed = platform.gateway.feed
    subscriber = feed.open(Wanted(platform.mine.brokerage_id))
    subscriber.limit = 3
    stream = EventStream(Following(feed, platform.gateway.replay, subscriber, None, 10), Metrics())
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if b"event: " in message.get("body", b""):
            await asyncio.Event().wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    served = asyncio.create_task(stream({"type": "http"}, receive, send))
    async with listening(platform.client) as reader:
        await record(platform, "pers_0")
        await until(lambda: len(sent) == 3)
        await record(platform, *(f"pers_{number}" for number in range(1, 6)))
        assert subjects(await reader.take(6)) == [f"pers_{number}" for number in range(6)]
    await served
    assert subscriber.ended == "overflow"
    async with listening(platform.client, after=resumable(sent)) as again:
        assert subjects(await again.take(6)) == [f"pers_{number}" for number in range(6)]


def resumable(sent: list[Message]) -> str:
    """The position in the first lines of a stream."""
    return str(sent[1]["body"]).partition("id: ")[2].partition("\\n")[0]


async def record_unpublished(platform: Platform, *names: str) -> None:
    for name in names:
        await platform.services.record(platform.mine.brokerage_id, name)
    await platform.relay.run(publish=False)
