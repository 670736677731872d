"""Errors as published: one format for every listed status, with a page for each code and the id of the request.

500 is listed and cannot be provoked from outside: what a fault inside becomes is tested with the gateway itself, in
services/gateway/tests. 503 needs a platform without its services: here a second gateway stands in front of a bus that
nobody else is connected to. 429 is in test_tt_limits.py.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dramatis_engines.nats_server import start_nats
from dramatis_engines.ports import free_port
from dramatis_engines.processes import reap, spawn
from dramatis_kit import new_id
from dramatis_testkit.platforms import RunningPlatform, wait_for

from .conftest import NO_TLS, Brokerage
from .exchanges import JOHN, somebody, source_of_its_own
from .published import SPECIFICATION, differences, shape

FORMAT = shape("Standard Error Format")
JSON = {"Content-Type": "application/json"}


async def problem(answer: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """The content of an error, which must be of the printed form and lead to a page that explains it."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert answer.json().keys() == FORMAT.keys()
    assert error.keys() == FORMAT["error"].keys()
    assert differences(error, FORMAT["error"] | {"details": {}, "request_id": "any"}) == []
    assert error["details"].keys() == FORMAT["error"]["details"].keys()
    assert field is None or error["details"]["field"] == field
    assert answer.headers["X-Request-ID"] == error["request_id"]
    await explained(error)
    return error


async def explained(error: dict[str, Any]) -> None:
    assert error["documentation_url"].endswith(f"/errors/{error['code']}")
    async with httpx.AsyncClient(timeout=30, verify=NO_TLS) as reader:
        page = await reader.get(error["documentation_url"])
    assert page.status_code == 200
    assert error["code"] in page.text


async def test_the_printed_error_is_answered_as_printed(door: httpx.AsyncClient) -> None:
    demographics = JOHN["demographics"] | {"age_range": "middle-aged"}
    error = await problem(await door.post("/personas", json=JOHN | {"demographics": demographics}), 422)
    wanted = FORMAT["error"]
    assert (error["code"], error["message"].rstrip(".")) == (wanted["code"], wanted["message"])
    assert error["details"]["field"] == wanted["details"]["field"]
    assert error["request_id"].startswith("req_")


def test_every_listed_status_has_its_tests() -> None:
    listed = set(re.findall(r"^- `(\d{3})` - ", SPECIFICATION.read_text(), re.M))
    here = {name.split("_")[1] for name in globals() if re.match(r"test_\d{3}_", name)}
    assert listed - here == {"429", "500"}


async def test_400_for_what_cannot_be_read(door: httpx.AsyncClient) -> None:
    await problem(await door.post("/personas", content=b'{"name": ', headers=JSON), 400)
    await problem(await door.get("/personas", params={"page": "first"}), 400, "page")


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer your_api_key", "Basic am9objpzbWl0aA==", "Bearer dr_d" + "0" * 36]
)
async def test_401_without_a_valid_key(brokerage: Brokerage, given: str) -> None:
    async with brokerage.client(Authorization=given) as nobody:
        answer = await nobody.get("/personas")
    await problem(answer, 401, "Authorization")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_403_for_another_brokerage_than_the_keys_own(brokerage: Brokerage, stranger: Brokerage) -> None:
    async with brokerage.client(**{"X-Brokerage-ID": stranger.id}) as other:
        await problem(await other.get("/personas"), 403, "X-Brokerage-ID")
        await problem(await other.post("/personas", json=somebody()), 403, "X-Brokerage-ID")


async def test_403_for_what_an_agents_key_may_not_do(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    key = (await door.post("/api-keys", json={"agent_id": "agt_456"})).json()["key"]
    async with brokerage.client(Authorization=f"Bearer {key}") as agent:
        await problem(await agent.get("/webhooks"), 403)


async def test_the_brokerage_may_be_named_or_not(door: httpx.AsyncClient, brokerage: Brokerage) -> None:
    named = await door.get("/personas", headers={"X-Brokerage-ID": brokerage.id.upper()})
    key = {"Authorization": f"Bearer {brokerage.api_key}"}
    async with httpx.AsyncClient(base_url=brokerage.base_url, headers=key, verify=NO_TLS) as unnamed:
        assert (named.status_code, (await unnamed.get("/personas")).status_code) == (200, 200)


UNKNOWN = [
    "/personas/pers_none",
    "/personas/pers_none/analytics",
    "/simulations/sim_none",
    "/simulations/sim_none/results",
    "/properties/prop_none",
    "/campaigns/camp_none",
    "/batch/batch_none",
    "/webhooks/wh_none",
    "/no-such-thing",
]


@pytest.mark.parametrize("path", UNKNOWN)
async def test_404_for_what_is_not_there(door: httpx.AsyncClient, path: str) -> None:
    assert (await problem(await door.get(path), 404))["code"] == "NOT_FOUND"


async def test_409_for_what_is_there_already(door: httpx.AsyncClient) -> None:
    twin = somebody(enrichment_sources=[source_of_its_own()])
    assert (await door.post("/personas", json=twin)).status_code == 201
    assert (await problem(await door.post("/personas", json=twin), 409))["code"] == "DUPLICATE_PERSONA"


WRONG: list[tuple[str, Any, str]] = [
    ("/personas", {"name": ""}, "name"),
    ("/personas", JOHN | {"visibility": "private|team|brokerage"}, "visibility"),
    ("/personas", JOHN | {"enrichment_sources": [{"type": "linkedin", "url": "x"}]}, "enrichment_sources[0].url"),
    ("/personas", JOHN | {"shoe_size": 44}, "shoe_size"),
    ("/simulations/focus-group", {"property": {"price": -1}}, "property.price"),
    ("/simulations/marketing-campaign", {"campaign": {"name": "x"}}, "campaign.channels"),
    ("/simulations/intervention", {}, "scenario"),
    ("/matching/property-to-clients", {"property_id": 5}, "property_id"),
    ("/properties", {}, "price"),
    ("/campaigns", {"name": "x"}, "channels"),
    ("/batch/personas", {}, "personas"),
    ("/batch/simulations", {}, "simulations"),
    ("/webhooks", {"url": "http://127.0.0.1:9/", "events": ["x.y"]}, "events[0]"),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
async def test_422_names_the_field_that_is_wrong(door: httpx.AsyncClient, path: str, body: Any, field: str) -> None:
    await problem(await door.post(path, json=body), 422, field)


async def test_the_id_of_a_request_may_be_the_clients_own(door: httpx.AsyncClient) -> None:
    own = new_id("mine")
    error = await problem(await door.get("/personas/pers_none", headers={"X-Request-ID": own}), 404)
    assert error["request_id"] == own
    assert (await door.get("/personas")).headers["X-Request-ID"].startswith("req_")


@pytest.fixture
def lonely(platform: RunningPlatform, tmp_path: Path) -> Iterator[str]:
    """The base URL of a gateway that knows the platform's keys and reaches none of its services."""
    bus, port = start_nats(tmp_path / "nats"), free_port()
    own = {"GATEWAY_PORT": str(port), "DATA_DIR": str(tmp_path), "NATS_URL": bus.url}
    own |= {"MONGO_URL": platform.engines["mongo_url"], "CLICKHOUSE_URL": platform.engines["clickhouse_url"]}
    environment = {f"DRAMATIS_{name}": value for name, value in own.items()}
    command = [sys.executable, "-m", "dramatis_engines.cli", "serve", "gateway"]
    process = spawn(command, tmp_path / "output.txt", env={**os.environ, **environment})
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for("the lonely gateway answers", lambda: process.poll() is not None or alive(address), 60)
        assert process.poll() is None, (tmp_path / "output.txt").read_text()[-2000:]
        yield f"{address}/v1"
    finally:
        process.terminate()
        reap(process, 20)
        bus.stop()


def alive(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live", verify=NO_TLS).status_code == 200
    except httpx.TransportError:
        return False


async def test_503_says_when_to_try_again(lonely: str, brokerage: Brokerage) -> None:
    headers = {"Authorization": f"Bearer {brokerage.api_key}"}
    async with httpx.AsyncClient(base_url=lonely, headers=headers, timeout=30, verify=NO_TLS) as door:
        answer = await door.get("/personas")
    error = await problem(answer, 503)
    assert error["code"] == "SERVICE_UNAVAILABLE"
    assert int(answer.headers["Retry-After"]) >= 1
