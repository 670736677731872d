"""Webhooks over the API of a whole platform, verified by the libraries that receivers use: Python's and npm's."""

import asyncio
import json
from asyncio.subprocess import PIPE
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from dramatis_engines.example import PERSONAS
from dramatis_kit import utc_now
from dramatis_testkit.receiver import Post, receiving

NODE = Path(__file__).parents[1] / "node"
DEADLINE = 40


async def registered(api: httpx.AsyncClient, url: str, **settings: Any) -> dict[str, Any]:
    answer = await api.post("/v1/webhooks", json={"url": url, "events": ["persona.created"], **settings})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    return made


async def verified_by_npm(secret: str, post: Post) -> bool:
    process = await asyncio.create_subprocess_exec("node", "verify.mjs", cwd=NODE, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    given = json.dumps({"secret": secret, "headers": post.headers, "body": post.body.decode()})
    await asyncio.wait_for(process.communicate(given.encode()), DEADLINE)
    return process.returncode == 0


async def settled(api: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    """The newest delivery, once it is not pending."""
    async with asyncio.timeout(DEADLINE):
        while True:
            items = (await api.get(path, params=query)).json()["items"]
            if items and items[0]["status"] != "pending":
                found: dict[str, Any] = items[0]
                return found
            await asyncio.sleep(0.05)


@pytest.mark.needs("node")
async def test_during_a_rotation_both_libraries_verify_with_either_secret(api: httpx.AsyncClient) -> None:
    async with receiving() as receiver:
        made = await registered(api, receiver.url, signing="v1a")
        path = f"/v1/webhooks/{made['id']}"
        rotated = (await api.post(f"{path}/rotate-secret")).json()
        assert rotated["secret"] != made["secret"]
        await api.post("/v1/personas", json=PERSONAS[0])
        (post,) = await receiver.got(1)
        for secret in (made["secret"], rotated["secret"]):
            assert Webhook(secret).verify(post.body, post.headers)
            assert await verified_by_npm(secret, post)
        assert not await verified_by_npm("whsec_" + "A" * 43 + "=", post)
        shown = (await api.get(path)).json()
        assert shown["secret"] is None
        assert shown["public_key"].startswith("whpk_")
        assert shown["previous_secret_expires_at"] is not None
        await api.delete(path)


async def test_an_endpoint_is_tested_enabled_inspected_and_replayed(api: httpx.AsyncClient) -> None:
    async with receiving() as receiver:
        made = await registered(api, receiver.url, enabled=False, description="CRM", subjects=["pers_*"])
        path = f"/v1/webhooks/{made['id']}"
        sent = await api.post(f"{path}/test", params={"event": "simulation.completed"})
        assert sent.status_code == 202
        (example,) = await receiver.got(1)
        assert Webhook(made["secret"]).verify(example.body, example.headers)["event_type"] == "simulation.completed"
        enabled = await api.patch(path, json={"enabled": True, "rate_limit": 100})
        assert (enabled.json()["status"], enabled.json()["rate_limit"]) == ("active", 100)
        persona = (await api.post("/v1/personas", json=PERSONAS[0])).json()["id"]
        await receiver.got(2)
        delivery = await settled(api, f"{path}/deliveries", event="persona.created", status="delivered")
        assert (delivery["subject"], delivery["kind"]) == (persona, "event")
        attempts = (await api.get(f"{path}/deliveries/{delivery['id']}/attempts")).json()["attempts"]
        assert [one["status_code"] for one in attempts] == [204]
        again = await api.post(f"{path}/deliveries/{delivery['id']}/replay")
        assert again.status_code == 202
        assert (await receiver.got(3))[2].message_id == receiver.posts[1].message_id
        since = {"since": (utc_now() - timedelta(hours=1)).isoformat(), "what": "sent"}
        await settled(api, f"{path}/deliveries", event="persona.created")
        replayed = await api.post(f"{path}/replay", json=since)
        assert (replayed.status_code, replayed.json()["replayed"]) == (202, 1)
        await receiver.got(4)
        health = (await api.get(f"{path}/health")).json()
        assert (health["status"], health["circuit"], health["consecutive_failures"]) == ("active", "closed", 0)
        assert (await api.delete(path)).status_code == 204
        assert (await api.get(path)).status_code == 404


async def test_the_catalogue_lists_every_event_with_an_example(api: httpx.AsyncClient) -> None:
    items = {one["name"]: one for one in (await api.get("/v1/event-types")).json()["items"]}
    created = items["persona.created"]
    assert created["available"]
    assert created["json_schema"]["type"] == "object"
    assert created["example"]["profile"]["name"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"events": ["persona.misspelt"]}, "events[0]"),
        ({"events": []}, "events"),
        ({"rate_limit": 0}, "rate_limit"),
        ({"ordering": "lifo"}, "ordering"),
        ({"headers": {"webhook-id": "mine"}}, "headers"),
        ({"headers": {"X-A": "two\nlines"}}, "headers.X-A"),
        ({"subjects": ["a b"]}, "subjects[0]"),
        ({"payload_format": "xml"}, "payload_format"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
async def test_a_bad_setting_is_refused_at_its_field(api: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    whole = {"url": "http://127.0.0.1:9/", "events": ["*"]} | body
    answer = await api.post("/v1/webhooks", json=whole)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "INVALID_WEBHOOK")
    assert error["details"]["field"] == field


async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    since = {"since": utc_now().isoformat()}
    answers = [
        await api.get("/v1/webhooks/wh_none"),
        await api.patch("/v1/webhooks/wh_none", json={"description": "x"}),
        await api.post("/v1/webhooks/wh_none/rotate-secret"),
        await api.post("/v1/webhooks/wh_none/test"),
        await api.post("/v1/webhooks/wh_none/replay", json=since),
        await api.get("/v1/webhooks/wh_none/health"),
        await api.get("/v1/webhooks/wh_none/deliveries"),
        await api.get("/v1/webhooks/wh_none/deliveries/d/attempts"),
        await api.post("/v1/webhooks/wh_none/deliveries/d/replay"),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
