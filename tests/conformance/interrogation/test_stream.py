"""The live stream of a run: every event's payload, their order and ids, resuming, late joiners, the WebSocket twin."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from dramatis_testkit.platforms import RunningPlatform

PAYLOADS: dict[str, set[str]] = {
    "simulation.started": {"max_interview_messages", "user_input"},
    "simulation.step": {"step", "state"},
    "agent.update": {"step", "stage", "action", "summary", "hypothesis_id", "hypothesis_title", "details"},
    "hypothesis.batch_created": {"step", "count", "hypotheses"},
    "interview.message": {"step", "hypothesis_id", "message_index", "role", "content", "status"},
    "interview.transcript.updated": {
        "step",
        "hypothesis_id",
        "hypothesis_title",
        "status",
        "latest_message_index",
        "latest_message_role",
        "latest_message_content",
        "transcript",
    },
}
STATE = {"hypothesis_offset", "current_question", "final_answer", "hypotheses"}
HYPOTHESIS = {"id", "title", "status", "root_cause", "evidence_count", "interview_message_count"}


@dataclass(frozen=True)
class Received:
    """One block of the stream."""

    id: str | None
    event: str
    data: dict[str, Any]


async def blocks(response: httpx.Response) -> AsyncIterator[Received]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Received(fields.get("id"), fields["event"], json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}


@pytest.fixture
async def client(platform: RunningPlatform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=20) as keyless:
        yield keyless


async def start(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {
        "user_input": "Our activation is dropping after signup redesign.",
        "stakeholder_id": "adult_tech_consumer_30_45",
        "max_interview_messages": 8,
        **changes,
    }
    run: dict[str, Any] = (await client.post("/api/simulations", json=body)).json()
    return run


async def listen(
    client: httpx.AsyncClient, run: dict[str, Any], last_event_id: str | None = None, most: int = 10_000
) -> list[Received]:
    """All blocks until the server ends the stream, or the first `most`."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    found: list[Received] = []
    async with client.stream("GET", run["events_url"], headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for block in blocks(response):
            found.append(block)
            if len(found) == most:
                break
    return found


def story(received: Sequence[Received]) -> list[Received]:
    return [block for block in received if block.event != "sse.connected"]


async def test_the_stream_begins_at_once_and_tells_the_run_in_order(client: httpx.AsyncClient) -> None:
    run = await start(client)
    received = await listen(client, run)
    assert (received[0].event, received[0].id) == ("sse.connected", None)
    assert received[0].data["payload"].keys() == {"status"}
    told = story(received)
    assert [block.id for block in told] == [str(number) for number in range(len(told))]
    assert told[0].event == "simulation.started"
    assert [block.event for block in told].count("simulation.started") == 1
    assert [block.event for block in told].count("hypothesis.batch_created") == 1
    assert told[-1].event == "simulation.completed"


async def test_every_event_has_its_published_form(client: httpx.AsyncClient) -> None:
    run = await start(client)
    received = await listen(client, run)
    assert set(PAYLOADS) <= {block.event for block in received}
    for block in received:
        assert block.data.keys() == {"event", "timestamp", "simulation_id", "payload"}
        assert block.data["event"] == block.event
        assert block.data["simulation_id"] == run["simulation_id"]
        assert isinstance(block.data["timestamp"], float)
        if block.event in PAYLOADS:
            assert block.data["payload"].keys() == PAYLOADS[block.event]


async def test_the_states_carry_what_is_published(client: httpx.AsyncClient) -> None:
    steps = [b.data["payload"] for b in await listen(client, await start(client)) if b.event == "simulation.step"]
    assert all(payload["state"].keys() == STATE for payload in steps)
    assert all(h.keys() == HYPOTHESIS for payload in steps for h in payload["state"]["hypotheses"])
    assert [payload["step"] for payload in steps] == list(range(1, len(steps) + 1))


async def test_the_messages_alternate_and_keep_to_the_limit(client: httpx.AsyncClient) -> None:
    received = await listen(client, await start(client, max_interview_messages=6))
    messages = [block.data["payload"] for block in received if block.event == "interview.message"]
    assert 2 <= len(messages) <= 6
    assert [message["role"] for message in messages] == ["assistant", "user"] * (len(messages) // 2)
    after = {message["hypothesis_id"]: -1 for message in messages}
    for message in messages:
        after[message["hypothesis_id"]] += 1
        assert message["message_index"] == after[message["hypothesis_id"]]


async def test_each_message_is_followed_by_its_whole_transcript(client: httpx.AsyncClient) -> None:
    told = story(await listen(client, await start(client)))
    for block, following in pairwise(told):
        if block.event == "interview.message":
            transcript = following.data["payload"]
            assert following.event == "interview.transcript.updated"
            assert transcript["latest_message_content"] == block.data["payload"]["content"]
            assert transcript["transcript"]["message_count"] == block.data["payload"]["message_index"] + 1
            assert len(transcript["transcript"]["messages"]) == transcript["transcript"]["message_count"]


async def test_the_end_carries_the_final_state_and_beliefs_with_evidence(client: httpx.AsyncClient) -> None:
    run = await start(client)
    end = (await listen(client, run))[-1].data["payload"]
    details = (await client.get(run["details_url"])).json()
    assert end["final_answer"] == details["final_answer"] == end["state"]["final_answer"]
    assert sum(belief["probability"] for belief in end["beliefs"]) == pytest.approx(1, abs=1e-6)
    assert any(belief["evidence"] for belief in end["beliefs"])
    assert end["beliefs"][-1]["hypothesis_id"] == "none" or "none" in {b["hypothesis_id"] for b in end["beliefs"]}
    assert all(0 < belief["probability"] < 1 for belief in end["beliefs"])
    assert all(h["status"] in ("validated", "rejected", "inconclusive") for h in end["state"]["hypotheses"])


async def test_a_late_joiner_gets_the_whole_history(client: httpx.AsyncClient) -> None:
    run = await start(client)
    live, late = story(await listen(client, run)), story(await listen(client, run))
    assert late == live


async def test_a_dropped_connection_goes_on_where_it_was(client: httpx.AsyncClient) -> None:
    run = await start(client)
    first = await listen(client, run, most=6)
    rest = await listen(client, run, last_event_id=first[-1].id)
    whole = story(await listen(client, run))
    assert rest[0].event == "sse.connected"
    assert story(first) + story(rest) == whole


async def test_whoever_has_all_of_it_is_told_not_to_come_again(client: httpx.AsyncClient) -> None:
    run = await start(client)
    last = (await listen(client, run))[-1].id
    again = await client.get(run["events_url"], headers={"Last-Event-ID": str(last)})
    assert (again.status_code, again.content) == (204, b"")


async def test_an_id_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    run = await start(client)
    refused = await client.get(run["events_url"], headers={"Last-Event-ID": "abc"})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"]["field"] == "Last-Event-ID"


async def test_the_websocket_tells_the_same_story(client: httpx.AsyncClient, platform: RunningPlatform) -> None:
    run = await start(client)
    address = f"{platform.url.replace('http', 'ws')}{run['ws_url']}"
    async with connect(address) as socket:
        spoken = [json.loads(message) async for message in socket]
    assert socket.close_code == 1000
    assert (spoken[0]["event"], spoken[0]["id"]) == ("sse.connected", None)
    told = [Received(m.pop("id"), m["event"], m) for m in spoken[1:] if m["event"] != "heartbeat"]
    assert told == story(await listen(client, run))
    async with connect(f"{address}?last_event_id={told[3].id}") as socket:
        rest = [json.loads(message) async for message in socket]
    assert rest[1]["id"] == told[4].id


async def test_different_problems_and_stakeholders_lead_to_different_hypotheses(client: httpx.AsyncClient) -> None:
    asked = [
        {},
        {"user_input": "Customers complain that the export of reports is slow and sometimes fails."},
        {"stakeholder_id": "enterprise_it_admin_30_50"},
    ]
    titles = []
    for changes in asked:
        received = await listen(client, await start(client, **changes))
        (batch,) = [block.data["payload"] for block in received if block.event == "hypothesis.batch_created"]
        assert batch["count"] == len(batch["hypotheses"]) >= 2
        titles.append([h["hypothesis_title"] for h in batch["hypotheses"]])
    assert titles[0] != titles[1]
    assert titles[0] != titles[2]
