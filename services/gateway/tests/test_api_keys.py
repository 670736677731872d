"""Keys of the brokerage, its teams and its agents, and what each may do."""

import httpx
import pytest
from websockets.asyncio.client import connect

from dramatis_gateway.keys import key_print

from .conftest import Platform
from .sse import listening
from .test_bad_input import assert_error
from .test_updates import close_code

pytestmark = pytest.mark.asyncio(loop_scope="module")


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def issued(platform: Platform, **body: str) -> dict[str, str]:
    answer = await platform.client.post("/v1/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, str] = answer.json()
    assert answer.headers["location"] == f"/v1/api-keys/{made['id']}"
    return made


async def test_a_fresh_key_opens_the_door_and_is_never_shown_again(platform: Platform) -> None:
    made = await issued(platform, name="CRM")
    assert (await platform.client.get("/v1/personas", headers=bearing(made["key"]))).status_code == 200
    listed = await platform.client.get("/v1/api-keys")
    newest = listed.json()["items"][0]
    assert (newest["id"], newest["name"]) == (made["id"], "CRM")
    assert listed.headers["x-total-count"] == "2"
    assert made["key"] not in listed.text
    assert made["key"].startswith(newest["prefix"])


async def test_a_revoked_key_opens_nothing_from_that_moment(platform: Platform) -> None:
    made = await issued(platform)
    assert (await platform.client.get("/v1/personas", headers=bearing(made["key"]))).status_code == 200
    async with httpx.AsyncClient(base_url=platform.gateway.address, headers=bearing(made["key"])) as holder:
        async with listening(holder) as stream:
            assert (await platform.client.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
            with pytest.raises(StopAsyncIteration):
                await stream.next()
        assert_error(await holder.get("/v1/personas"), "UNAUTHORIZED", "Authorization")
    ids = [key["id"] for key in (await platform.client.get("/v1/api-keys")).json()["items"]]
    assert made["id"] not in ids


async def test_a_key_is_renewed_without_a_gap(platform: Platform) -> None:
    renewed = await issued(platform)
    printed = key_print(platform.mine.api_key)
    assert printed is not None
    old = f"/v1/api-keys/key_{printed.sha256[:16]}"
    assert (await platform.client.delete(old, headers=bearing(renewed["key"]))).status_code == 204
    assert_error(await platform.client.get("/v1/personas"), "UNAUTHORIZED", "Authorization")
    last = await platform.client.delete(f"/v1/api-keys/{renewed['id']}", headers=bearing(renewed["key"]))
    assert_error(last, "CONFLICT", "key_id")


async def test_the_keys_of_another_brokerage_are_not_found(platform: Platform) -> None:
    made = await issued(platform)
    theirs = await platform.client.get("/v1/api-keys", headers=platform.as_stranger)
    assert made["id"] not in theirs.text
    refused = await platform.client.delete(f"/v1/api-keys/{made['id']}", headers=platform.as_stranger)
    assert_error(refused, "NOT_FOUND", "key_id")


@pytest.mark.parametrize(
    "holder", [{"agent_id": "agt_1", "team_id": "team_1"}, {"agent_id": "agt_1"}, {"team_id": "t"}]
)
async def test_the_key_of_an_agent_or_a_team_does_not_see_what_everybody_does(
    platform: Platform, holder: dict[str, str]
) -> None:
    made = await issued(platform, **holder)
    agent = bearing(made["key"])
    assert (await platform.client.get("/v1/personas", headers=agent)).status_code == 200
    for method, path in (
        ("GET", "/v1/events"),
        ("GET", "/v1/events/stream"),
        ("GET", "/v1/webhooks"),
        ("POST", "/v1/webhooks/wh_1/test"),
        ("GET", "/v1/api-keys"),
        ("DELETE", f"/v1/api-keys/{made['id']}"),
    ):
        refused = await platform.client.request(method, path, headers=agent)
        assert "of the brokerage" in assert_error(refused, "FORBIDDEN", "Authorization")["details"]["issue"]
    body = await platform.client.post("/v1/api-keys", json={}, headers=agent)
    assert_error(body, "FORBIDDEN", "Authorization")
    ticket = (await platform.client.post("/v1/stream-tickets", headers=agent)).json()["ticket"]
    refused = await platform.client.get("/v1/events/stream", params={"ticket": ticket}, headers={"Authorization": ""})
    assert_error(refused, "FORBIDDEN", "Authorization")
    address = platform.gateway.address.replace("http", "ws", 1)
    async with connect(f"{address}/v1/ws/events", additional_headers=agent, proxy=None) as socket:
        assert '"FORBIDDEN"' in str(await socket.recv())
        assert await close_code(socket) == 4403


async def test_the_console_is_for_keys_of_the_brokerage(platform: Platform) -> None:
    made = await issued(platform, agent_id="agt_1")
    async with httpx.AsyncClient(base_url=platform.gateway.address) as browser:
        page = await browser.get("/console/sign-in")
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        refused = await browser.post("/console/sign-in", data={"csrf": token, "api_key": made["key"]})
        assert refused.status_code == 403
        assert "brokerage" in refused.text


@pytest.mark.parametrize("body", [{"name": ""}, {"agent_id": "a/b"}, {"tier": "development"}])
async def test_a_key_that_cannot_be_is_refused(platform: Platform, body: dict[str, str]) -> None:
    refused = await platform.client.post("/v1/api-keys", json=body)
    assert_error(refused, "VALIDATION_FAILED", next(iter(body)))


async def test_a_key_asked_for_twice_under_one_idempotency_key_is_one_key_and_is_not_kept(platform: Platform) -> None:
    headers = {"Idempotency-Key": "renewal-1"}
    first = await platform.client.post("/v1/api-keys", json={"name": "CRM"}, headers=headers)
    again = await platform.client.post("/v1/api-keys", json={"name": "CRM"}, headers=headers)
    assert (again.json(), again.status_code) == (first.json(), 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await platform.client.get("/v1/api-keys")).json()["total"] == 2
    kept = await platform.relay.commits.database["idempotency"].find({"tenant": platform.mine.brokerage_id}).to_list()
    assert kept
    assert first.json()["key"] not in str(kept)
