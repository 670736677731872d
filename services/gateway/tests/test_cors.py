"""Pages of an allowed origin may call the API and read what it says; other pages may not."""

from collections.abc import AsyncIterator

import pytest

from dramatis_kit import Runtime

from .conftest import Platform, running_platform

ALLOWED, OTHER = "https://app.example", "https://other.example"


@pytest.fixture
async def opened(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    monkeypatch.setenv("DRAMATIS_GATEWAY_ALLOWED_ORIGINS", f'["{ALLOWED}"]')
    async with running_platform(runtime) as platform:
        yield platform


async def test_a_page_of_an_allowed_origin_may_ask_with_a_key_and_an_idempotency_key(opened: Platform) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization, content-type, idempotency-key, x-brokerage-id"
    answer = await opened.client.options("/v1/personas", headers={"Origin": ALLOWED, **asked})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert "access-control-allow-credentials" not in answer.headers
    refused = await opened.client.options("/v1/personas", headers={"Origin": OTHER, **asked})
    assert "access-control-allow-origin" not in refused.headers


async def test_such_a_page_may_read_answers_their_limits_and_errors(opened: Platform) -> None:
    for path in ("/v1/personas", "/v1/personas/pers_none", "/v1/nothing"):
        answer = await opened.client.get(path, headers={"Origin": ALLOWED})
        shown = answer.headers["access-control-expose-headers"]
        assert answer.headers["access-control-allow-origin"] == ALLOWED
        assert {"Link", "Retry-After", "X-RateLimit-Remaining", "X-Request-ID", "X-Total-Count"} <= {*shown.split(", ")}
    other = await opened.client.get("/v1/personas", headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in other.headers


async def test_who_is_no_page_is_answered_as_ever(opened: Platform) -> None:
    answer = await opened.client.get("/v1/personas")
    assert "access-control-allow-origin" not in answer.headers
