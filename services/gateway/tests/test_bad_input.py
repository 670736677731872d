"""What is wrong with a request is told in one form, and nothing is stored."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dramatis_contracts.errors import ERRORS
from dramatis_gateway.keys import key_print, new_key

from .conftest import Platform

FOCUS_GROUP: dict[str, Any] = {
    "name": "Test",
    "property": {"price": 1},
    "test_scenarios": [{"type": "photo_selection", "options": ["a", "b"]}],
    "persona_configuration": {"mode": "segment", "segments": ["s"], "generated_count": 2},
}
pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_OPTIONS = {"type": "photo_selection", "options": []}
FOCUS = "/v1/simulations/focus-group"
MATCHING = "/v1/matching/property-to-clients"
WEIGHTS = "matching_criteria.weights"
AGE = "demographics.age_range"
OPTIONS = "test_scenarios[0].options"
LIMIT = 1_048_576


def assert_error(answer: httpx.Response, code: str, field: str | None = None) -> dict[str, Any]:
    """The one error body, complete."""
    body = answer.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "details", "request_id", "documentation_url"}
    assert set(error["details"]) == {"field", "issue"}
    assert (error["code"], answer.status_code) == (code, ERRORS[code].status)
    assert error["details"]["field"] == field
    assert answer.headers["x-request-id"] == error["request_id"]
    assert error["documentation_url"].endswith(f"/docs/errors/{code}")
    assert answer.headers["content-type"] == "application/json"
    return error


REFUSED: list[tuple[str, str, Any, str, str | None]] = [
    ("POST", "/v1/personas", b"{", "INVALID_REQUEST", None),
    ("POST", "/v1/personas", b"", "INVALID_REQUEST", None),
    ("POST", "/v1/personas", b'{"name": NaN}', "INVALID_REQUEST", None),
    ("POST", "/v1/personas", b"[]", "INVALID_PERSONA", None),
    ("POST", "/v1/personas", {"name": 5}, "INVALID_PERSONA", "name"),
    ("POST", "/v1/personas", {"name": "A", "typo": 1}, "INVALID_PERSONA", "typo"),
    ("POST", "/v1/personas", {"name": "A", "visibility": "all"}, "INVALID_PERSONA", "visibility"),
    ("POST", "/v1/personas", {"name": "A", "demographics": {"age_range": ""}}, "INVALID_PERSONA", AGE),
    ("PATCH", "/v1/personas/pers_1", {"demographics": None}, "INVALID_PERSONA", "demographics"),
    ("GET", "/v1/personas/pers_1", None, "NOT_FOUND", "persona_id"),
    ("GET", "/v1/personas/%00", None, "NOT_FOUND", "persona_id"),
    ("GET", "/v1/personas?page=0", None, "INVALID_REQUEST", "page"),
    ("GET", "/v1/personas?page=one", None, "INVALID_REQUEST", "page"),
    ("GET", "/v1/personas?page_size=1000", None, "INVALID_REQUEST", "page_size"),
    ("GET", "/v1/personas?pagesize=1", None, "INVALID_REQUEST", "pagesize"),
    ("GET", "/v1/personas?visibility=all", None, "INVALID_REQUEST", "visibility"),
    ("POST", FOCUS, FOCUS_GROUP | {"test_scenarios": [NO_OPTIONS]}, "INVALID_SIMULATION", OPTIONS),
    ("POST", FOCUS, FOCUS_GROUP | {"property": {"price": "1"}}, "INVALID_SIMULATION", "property.price"),
    ("GET", "/v1/simulations/sim_1", None, "NOT_FOUND", "simulation_id"),
    ("POST", "/v1/webhooks", {"url": "ftp://x", "events": ["*"]}, "INVALID_WEBHOOK", "url"),
    ("POST", "/v1/webhooks", {"url": "https://x", "events": []}, "INVALID_WEBHOOK", "events"),
    ("GET", "/v1/events?cursor=nonsense", None, "INVALID_REQUEST", "cursor"),
    ("GET", "/v1/events?types=persona.exploded", None, "INVALID_REQUEST", "types"),
    ("GET", "/v1/events?limit=0", None, "INVALID_REQUEST", "limit"),
    ("GET", "/v1/events?type=a", None, "INVALID_REQUEST", "type"),
    ("GET", "/v1/events/stream?last_event_id=x", None, "INVALID_REQUEST", "last_event_id"),
    ("GET", "/v1/nothing", None, "NOT_FOUND", None),
    ("GET", "/v1/personas/", None, "NOT_FOUND", None),
    ("GET", "/docs/errors/NOTHING", None, "NOT_FOUND", "code"),
    ("POST", "/v1/personas/pers_1/enrich", {}, "INVALID_PERSONA", "data_type"),
    ("GET", "/api/personas", None, "NOT_IMPLEMENTED", None),
    ("GET", "/v1/personas/pers_1/analytics?date_from=1704067200", None, "INVALID_REQUEST", "date_from"),
    ("GET", "/v1/personas/pers_1/analytics?date_to=2024-02-30", None, "INVALID_REQUEST", "date_to"),
    ("GET", "/v1/personas/pers_1/analytics?date_to=0001-01-01", None, "INVALID_REQUEST", "date_to"),
    ("GET", "/v1/personas/pers_1/analytics?metrics=engagement,mood", None, "INVALID_REQUEST", "metrics"),
    ("GET", "/v1/personas/pers_1/analytics?metrics=", None, "INVALID_REQUEST", "metrics"),
    ("GET", "/v1/personas/pers_1/analytics?period=month", None, "INVALID_REQUEST", "period"),
    ("POST", "/v1/simulations/intervention", {}, "INVALID_SIMULATION", "scenario"),
    ("GET", "/api/stakeholders", None, "NOT_IMPLEMENTED", None),
    ("POST", MATCHING, {}, "INVALID_MATCHING", "property_id"),
    ("POST", MATCHING, {"property_id": "prop_1", "matching_criteria": {"weights": {}}}, "INVALID_MATCHING", WEIGHTS),
    ("POST", MATCHING, {"property_id": "prop_1"}, "SERVICE_UNAVAILABLE", None),
    ("POST", "/v1/properties", {"price": "1"}, "INVALID_PROPERTY", "price"),
    ("POST", "/v1/properties", {"price": 1, "photos": [{"link": "x"}]}, "INVALID_PROPERTY", "photos[0].link"),
    ("POST", "/v1/properties", {"price": 1, "id": "x"}, "INVALID_PROPERTY", "id"),
    ("PATCH", "/v1/properties/prop_1", {"price": None}, "INVALID_PROPERTY", "price"),
    ("GET", "/v1/properties?status=sold", None, "INVALID_REQUEST", "status"),
]


async def test_bad_input_is_answered_in_one_form_and_reaches_no_service(platform: Platform) -> None:
    for method, path, body, code, field in REFUSED:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        answer = await platform.client.request(method, path, content=content, headers=headers)
        print(method, path, body, answer.text)
        assert_error(answer, code, field)
        assert platform.services.commands == []
    assert platform.services.commands == []


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Basic YTpi", "Bearer"),
        ("Bearer", "no key"),
        ("Bearer secret", "typing error"),
        ("Bearer dr_s" + "a" * 36, "typing error"),
    ],
)
async def test_a_missing_or_wrong_key_is_unauthorized(
    platform: Platform, authorization: str | None, words: str
) -> None:
    del platform.client.headers["Authorization"]
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("GET", "/v1/personas"), ("POST", "/v1/personas"), ("GET", "/v1/events/stream")):
        answer = await platform.client.request(method, path, headers=headers)
        assert words in assert_error(answer, "UNAUTHORIZED", "Authorization")["details"]["issue"]
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_well_formed_key_that_nobody_was_given_is_unauthorized(platform: Platform) -> None:
    answer = await platform.client.get("/v1/personas", headers={"Authorization": f"Bearer {new_key('standard')}"})
    assert_error(answer, "UNAUTHORIZED", "Authorization")


async def test_a_revoked_key_opens_nothing(platform: Platform) -> None:
    printed = key_print(platform.mine.api_key)
    assert printed is not None
    await platform.gateway.tenants.revoke(platform.mine.brokerage_id, f"key_{printed.sha256[:16]}")
    assert_error(await platform.client.get("/v1/personas"), "UNAUTHORIZED", "Authorization")


async def test_the_brokerage_must_be_the_keys_own(platform: Platform) -> None:
    own = await platform.client.get("/v1/personas", headers={"X-Brokerage-ID": platform.mine.brokerage_id.upper()})
    assert own.status_code == 200
    other = await platform.client.get("/v1/personas", headers={"X-Brokerage-ID": platform.theirs.brokerage_id})
    assert_error(other, "FORBIDDEN", "X-Brokerage-ID")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_a_body_that_is_not_declared_as_json_is_unsupported(platform: Platform, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await platform.client.post("/v1/personas", content=b'{"name": "Ann"}', headers=headers)
    assert_error(answer, "UNSUPPORTED_MEDIA_TYPE")
    assert platform.services.commands == []


async def test_a_compressed_body_is_unsupported(platform: Platform) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await platform.client.post("/v1/personas", content=gzip.compress(b'{"name": "Ann"}'), headers=headers)
    assert "gzip" in assert_error(answer, "UNSUPPORTED_MEDIA_TYPE")["details"]["issue"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/merge-patch+json"])
async def test_json_with_parameters_or_a_suffix_is_json(platform: Platform, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    assert (await platform.client.post("/v1/personas", content=b'{"name": "A"}', headers=headers)).status_code == 201


async def test_the_methods_of_a_path_are_all_named(platform: Platform) -> None:
    known = {
        "/v1/personas": "GET, POST",
        "/v1/personas/pers_1": "GET, PATCH, DELETE",
        "/v1/batch/batch_1": "GET",
        "/v1/batch/personas": "POST",
    }
    for path, methods in known.items():
        answer = await platform.client.put(path)
        assert_error(answer, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == methods


async def test_an_announced_oversized_body_is_refused(platform: Platform) -> None:
    answer = await platform.client.post("/v1/personas", json={"name": "A" * LIMIT})
    issue = assert_error(answer, "PAYLOAD_TOO_LARGE")["details"]["issue"]
    assert str(LIMIT) in issue
    assert platform.services.commands == []


async def test_an_oversized_body_in_chunks_is_refused(platform: Platform) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"name": "'
        for _ in range(40):
            yield b"A" * 32_768
        yield b'"}'

    headers = {"Content-Type": "application/json"}
    answer = await platform.client.post("/v1/personas", content=chunks(), headers=headers)
    assert_error(answer, "PAYLOAD_TOO_LARGE")
    assert platform.services.commands == []


async def test_an_endless_body_ends_with_a_closed_connection(platform: Platform) -> None:
    _, writer = await connect(platform)
    writer.write(head(platform, b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n"))
    with pytest.raises(ConnectionError):
        await write_for_ever(writer, b"10000\r\n" + b"A" * 65_536 + b"\r\n")
    assert platform.services.commands == []


async def test_a_body_longer_than_its_content_length_is_cut_and_the_rest_no_request(platform: Platform) -> None:
    reader, writer = await connect(platform)
    body = b'{"name": "Ann"}'
    announced = b"Content-Length: 5\r\nContent-Type: application/json\r\n"
    writer.write(head(platform, announced) + body)
    assert b"400 " in await received(reader)
    writer.transport.abort()
    assert platform.services.commands == []


async def test_a_request_id_is_the_clients_if_it_is_sane(platform: Platform) -> None:
    sane = await platform.client.get("/v1/personas", headers={"X-Request-ID": "abc-123"})
    assert sane.headers["x-request-id"] == "abc-123"
    for odd in ("a b", "x" * 101, "<script>"):
        answer = await platform.client.get("/v1/personas", headers={"X-Request-ID": odd})
        assert answer.headers["x-request-id"].startswith("req_")


async def connect(platform: Platform) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = platform.gateway.address.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


def head(platform: Platform, headers: bytes) -> bytes:
    key = platform.mine.api_key.encode()
    return b"POST /v1/personas HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key + b"\r\n" + headers + b"\r\n"


async def received(reader: asyncio.StreamReader) -> bytes:
    found = b""
    try:
        async with asyncio.timeout(5):
            while b"}}" not in found and (piece := await reader.read(65_536)):
                found += piece
    except (ConnectionError, TimeoutError):
        pass
    return found


async def write_for_ever(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()
