"""What is sent, what is repeated, and what becomes of the answers: over HTTP, against a scripted server."""

import asyncio
import json
import pickle
from email.utils import formatdate
from time import time
from typing import Any

import pytest
from aiohttp import web

from dramatis_testkit.receiver import Receiver, never
from tinytroupe_client import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncTinyTroupeClient,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    EventsMissed,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    SimulationFailed,
    TinyTroupeClient,
    TinyTroupeError,
    UnprocessableEntityError,
)

PERSONA = {
    "id": "pers_1",
    "created_at": "2026-01-15T10:30:00Z",
    "status": "active",
    "enrichment_status": "none",
    "simulation_ready": True,
    "name": "Ann",
    "visibility": "private",
}


def persona(**headers: str) -> web.Response:
    return web.json_response(PERSONA, headers=headers)


def refused(status: int, code: str = "CODE", *, headers: dict[str, str] | None = None) -> web.Response:
    details = {"field": "demographics.age_range", "issue": "Invalid format"}
    error = {"code": code, "message": "Something is wrong.", "details": details, "request_id": "req_1"}
    error["documentation_url"] = f"https://example.org/errors/{code}"
    return web.json_response({"error": error}, status=status, headers=headers)


async def broken(request: web.Request) -> web.StreamResponse:
    """Take the request and break the connection."""
    assert request.transport
    request.transport.close()
    return web.Response()


async def trickling(request: web.Request) -> web.StreamResponse:
    """A body that never ends, a piece at a time: each read is quick, the whole is not."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def test_a_request_says_who_asks(server: Receiver) -> None:
    server.always = lambda _: answering(persona())
    base_url = server.url.replace("/hook", "/v1/")
    async with AsyncTinyTroupeClient("key_1", base_url=base_url, brokerage_id="brk_1") as client:
        await client.personas.get("pers_1")
    (post,) = server.posts
    assert (post.method, post.path) == ("GET", "/v1/personas/pers_1")
    assert post.headers["authorization"] == "Bearer key_1"
    assert post.headers["x-brokerage-id"] == "brk_1"
    assert post.headers["user-agent"].startswith("tinytroupe-client/")
    assert "idempotency-key" not in post.headers


async def answering(response: web.StreamResponse) -> web.StreamResponse:
    return response


async def test_what_is_left_out_is_not_sent_and_none_is_null(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [persona(), web.json_response({"id": "wh_1", "url": "u", "events": [], "status": "active"})]
    await client.personas.create(name="Ann", demographics={"age_range": "45-55"}, timeout=3)
    await client.webhooks.update("wh_1", rate_limit=None)
    assert [json.loads(post.body) for post in server.posts] == [
        {"name": "Ann", "demographics": {"age_range": "45-55"}},
        {"rate_limit": None},
    ]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_failure_that_may_pass_is_repeated_with_the_same_idempotency_key(
    client: AsyncTinyTroupeClient, server: Receiver, status: int
) -> None:
    server.answers = [refused(status), refused(status), persona()]
    assert (await client.personas.create(name="Ann")).id == "pers_1"
    keys = {post.headers["idempotency-key"] for post in server.posts}
    assert (len(server.posts), len(keys)) == (3, 1)


async def test_two_calls_have_two_idempotency_keys(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [persona(), persona()]
    await client.personas.create(name="Ann")
    await client.personas.create(name="Ann")
    assert len({post.headers["idempotency-key"] for post in server.posts}) == 2


async def test_an_idempotency_key_of_ones_own_is_used(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [persona()]
    await client.personas.create(name="Ann", idempotency_key="order-7", extra_headers={"X-Trace": "t"})
    (post,) = server.posts
    assert (post.headers["idempotency-key"], post.headers["x-trace"]) == ("order-7", "t")
    assert json.loads(post.body) == {"name": "Ann"}


async def test_an_idempotent_request_that_is_still_running_is_waited_for(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    server.answers = [refused(409, "IDEMPOTENCY_IN_PROGRESS", headers={"Retry-After": "0"}), persona()]
    assert (await client.personas.create(name="Ann")).id == "pers_1"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, UnprocessableEntityError),
        (501, InternalServerError),
    ],
)
async def test_an_answer_that_repeating_cannot_change_is_raised_at_once(
    client: AsyncTinyTroupeClient, server: Receiver, status: int, error: type[APIStatusError]
) -> None:
    server.always = lambda _: answering(refused(status))
    with pytest.raises(error) as raised:
        await client.personas.create(name="Ann")
    assert len(server.posts) == 1
    assert raised.value.status_code == status


@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimitError), (500, InternalServerError), (503, ServiceUnavailableError)]
)
async def test_after_the_last_attempt_the_error_is_raised(
    client: AsyncTinyTroupeClient, server: Receiver, status: int, error: type[APIStatusError]
) -> None:
    server.always = lambda _: answering(refused(status))
    with pytest.raises(error):
        await client.personas.get("pers_1")
    assert len(server.posts) == 3
    with pytest.raises(error):
        await client.personas.get("pers_1", max_retries=0)
    assert len(server.posts) == 4


async def test_an_error_carries_what_the_answer_says(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [refused(422, "INVALID_PERSONA")]
    with pytest.raises(UnprocessableEntityError) as raised:
        await client.personas.create(name="Ann", demographics={"age_range": "old"})
    error = raised.value
    assert isinstance(error, TinyTroupeError)
    assert (error.code, error.message) == ("INVALID_PERSONA", "Something is wrong.")
    assert (error.field, error.issue) == ("demographics.age_range", "Invalid format")
    assert (error.request_id, error.retry_after) == ("req_1", None)
    assert error.documentation_url == "https://example.org/errors/INVALID_PERSONA"
    assert str(error) == (
        "422 INVALID_PERSONA: Something is wrong. (demographics.age_range: Invalid format; request req_1)"
    )


@pytest.mark.parametrize("body", [b"<h1>Bad gateway</h1>", b"[]", b'{"error": "no"}', b'{"error": {"details": 3}}'])
async def test_an_error_of_another_form_is_still_an_error(
    client: AsyncTinyTroupeClient, server: Receiver, body: bytes
) -> None:
    server.answers = [web.Response(status=404, body=body, headers={"X-Request-ID": "req_2"})]
    with pytest.raises(NotFoundError) as raised:
        await client.personas.get("pers_1")
    assert (raised.value.code, raised.value.request_id, raised.value.body) == ("HTTP_404", "req_2", body)


async def test_a_short_retry_after_is_obeyed_and_a_long_one_is_the_callers(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    server.answers = [refused(429, headers={"Retry-After": "0.3"}), persona()]
    begin = time()
    await client.personas.get("pers_1")
    assert time() - begin >= 0.3
    server.answers = [refused(429, headers={"Retry-After": "1800"})]
    with pytest.raises(RateLimitError) as raised:
        await client.personas.get("pers_1")
    assert raised.value.retry_after == 1800


async def test_a_retry_after_may_be_a_date(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [refused(503, headers={"Retry-After": formatdate(time() + 900, usegmt=True)})]
    with pytest.raises(ServiceUnavailableError) as raised:
        await client.personas.get("pers_1")
    assert raised.value.retry_after == pytest.approx(900, abs=30)


async def test_a_broken_connection_is_repeated(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [broken, broken, persona()]
    assert (await client.personas.create(name="Ann")).id == "pers_1"
    assert len({post.headers["idempotency-key"] for post in server.posts}) == 1


async def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    async with AsyncTinyTroupeClient("key_1", base_url="http://127.0.0.1:9/v1") as client:
        with pytest.raises(APIConnectionError):
            await client.personas.get("pers_1")


@pytest.mark.parametrize("slow", [never, trickling])
async def test_an_attempt_has_one_deadline_for_all_of_it(
    client: AsyncTinyTroupeClient, blocking: TinyTroupeClient, server: Receiver, slow: Any
) -> None:
    server.always = slow
    with pytest.raises(APITimeoutError):
        await client.personas.get("pers_1", timeout=0.2, max_retries=0)
    with pytest.raises(APITimeoutError):
        await asyncio.to_thread(blocking.personas.get, "pers_1", timeout=0.2, max_retries=0)


async def test_a_timeout_is_repeated_with_the_same_idempotency_key(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    server.answers = [never, persona()]
    await client.personas.create(name="Ann", timeout=0.3)
    assert len({post.headers["idempotency-key"] for post in server.posts}) == 1


async def test_the_deadline_of_a_caller_breaks_the_call_off(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.always = never
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.personas.get("pers_1")
    assert len(server.posts) == 1


async def test_an_answer_of_another_form_is_not_taken_for_a_persona(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    server.answers = [web.Response(text="<h1>Welcome</h1>", headers={"X-Request-ID": "req_3"})]
    with pytest.raises(APIResponseValidationError, match="CreatedPersona") as raised:
        await client.personas.create(name="Ann")
    assert (raised.value.status_code, raised.value.request_id) == (200, "req_3")


async def test_what_is_not_known_yet_can_be_read_all_the_same(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response(PERSONA | {"mood": "merry", "status": "resting"})]
    found = await client.personas.get("pers_1")
    assert found.model_extra == {"mood": "merry"}
    assert found.status == "resting"


async def test_an_id_cannot_lead_to_another_resource(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [persona()]
    await client.personas.get("../webhooks?x=1")
    assert server.posts[0].path == "/v1/personas/../webhooks?x=1"  # as one segment: it arrived quoted
    assert server.posts[0].query == ""
    for wrong in ("", ".", ".."):
        with pytest.raises(ValueError, match="is no id"):
            await client.personas.get(wrong)


async def test_a_redirect_is_not_followed_with_the_key(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.Response(status=307, headers={"Location": "http://127.0.0.1:9/"})]
    with pytest.raises(APIStatusError) as raised:
        await client.personas.get("pers_1")
    assert raised.value.status_code == 307


async def test_the_raw_response_has_the_headers_and_the_rate_limit(
    client: AsyncTinyTroupeClient, blocking: TinyTroupeClient, server: Receiver
) -> None:
    headers = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "950", "X-RateLimit-Reset": "1642521600"}
    headers |= {"X-RateLimit-Burst-Remaining": "45", "X-Request-ID": "req_4", "Idempotent-Replayed": "true"}
    server.answers = [refused(503), persona(**headers), persona(**headers)]
    first = await client.with_raw_response(client.personas.get)("pers_1")
    second = await asyncio.to_thread(blocking.with_raw_response(blocking.personas.get), "pers_1")
    for response in (first, second):
        assert (response.status_code, response.request_id, response.replayed) == (200, "req_4", True)
        limit = response.rate_limit
        assert (limit.limit, limit.remaining, limit.reset, limit.burst_remaining) == (1000, 950, 1642521600, 45)
        assert limit.seconds_until_reset == 0
        assert response.parsed.name == response.json()["name"] == "Ann"


async def test_raw_responses_of_concurrent_calls_are_not_mixed_up(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    async def named(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return web.json_response(PERSONA | {"id": request.path.rpartition("/")[2]})

    server.always = named
    raw = client.with_raw_response(client.personas.get)
    for number, response in enumerate(await asyncio.gather(*(raw(f"pers_{n}") for n in range(20)))):
        assert response.parsed.id == response.json()["id"] == f"pers_{number}"


async def test_an_operation_without_a_method_can_be_asked_for(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response({"id": "tst_1"}), web.Response(status=204)]
    assert await client.request("GET", "/tastes/tst_1", given={"full": True}) == {"id": "tst_1"}
    assert await client.request("DELETE", "/tastes/tst_1") is None
    assert server.posts[0].query == "full=true"


async def test_the_synchronous_client_repeats_too(blocking: TinyTroupeClient, server: Receiver) -> None:
    server.answers = [broken, refused(503), persona()]
    created = await asyncio.to_thread(blocking.personas.create, name="Ann")
    assert created.id == "pers_1"
    assert len({post.headers["idempotency-key"] for post in server.posts}) == 1


def test_the_environment_says_what_the_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYTROUPE_API_KEY", raising=False)
    monkeypatch.delenv("TINYTROUPE_BASE_URL", raising=False)
    with pytest.raises(TinyTroupeError, match="TINYTROUPE_API_KEY"):
        TinyTroupeClient()
    monkeypatch.setenv("TINYTROUPE_API_KEY", "key_env")
    with TinyTroupeClient() as client:
        assert client.base_url == "http://localhost:8000/v1"
    monkeypatch.setenv("TINYTROUPE_BASE_URL", "https://example.org/v1/")
    with TinyTroupeClient() as client:
        assert client.base_url == "https://example.org/v1"
    with pytest.raises(TinyTroupeError, match="http://"):
        TinyTroupeClient(base_url="localhost:8000")


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with TinyTroupeClient("key_secret") as client:
        assert "key_secret" not in repr(vars(client)) + repr(client._transport._configuration)


async def test_errors_travel_between_processes(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [refused(422, "INVALID_PERSONA"), web.Response(text="<h1>Welcome</h1>")]
    errors: list[TinyTroupeError] = [SimulationFailed("sim_1", "it failed"), EventsMissed('{"after":"a","up_to":"b"}')]
    for name in ("Ann", "Bob"):
        with pytest.raises(TinyTroupeError) as raised:
            await client.personas.create(name=name)
        errors.append(raised.value)
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))


async def test_an_enrichment_is_sent_as_the_specification_shows_it(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    answer = {"enrichment_id": "enr_1", "status": "processing", "estimated_completion": "2024-01-15T10:31:00Z"}
    server.answers = [web.json_response(answer, status=202)]
    accepted = await client.personas.enrich(
        "pers_1",
        data_type="interaction",
        source="agent_notes",
        content={"text": "Client mentioned…", "metadata": {"date": "2024-01-10", "interaction_type": "phone_call"}},
        process_immediately=True,
    )
    assert (accepted.enrichment_id, accepted.status) == ("enr_1", "processing")
    assert accepted.estimated_completion
    (post,) = server.posts
    assert (post.method, post.path) == ("POST", "/v1/personas/pers_1/enrich")
    assert json.loads(post.body) == {
        "data_type": "interaction",
        "source": "agent_notes",
        "content": {"text": "Client mentioned…", "metadata": {"date": "2024-01-10", "interaction_type": "phone_call"}},
        "process_immediately": True,
    }
