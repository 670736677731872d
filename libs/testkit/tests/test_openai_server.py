"""The scripted language model as a process of its own, as other services' fault tests use it."""

import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dramatis_testkit.openai_server import filled_in, schema_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "choices": {
            "type": "array",
            "minItems": 3,
            "items": {"$ref": "#/$defs/Choice"},
        }
    },
    "$defs": {
        "Choice": {
            "type": "object",
            "properties": {"option": {"enum": ["a", "b"]}, "probability": {"type": "number", "minimum": 0}},
        }
    },
}


def request_for(text: str, **others: Any) -> dict[str, Any]:
    return {"model": "scripted", "messages": [{"role": "user", "content": text}], "seed": 1, **others}


@pytest.fixture
async def standalone() -> AsyncIterator[httpx.AsyncClient]:
    process = await create_subprocess_exec(sys.executable, "-m", "dramatis_testkit.openai_server", stdout=PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient(base_url=url.removesuffix("/v1"), timeout=10) as client:
        yield client
    process.terminate()
    await process.wait()


async def test_a_process_is_steered_and_read_over_http(standalone: httpx.AsyncClient) -> None:
    fault = {"kind": "rate_limited", "retry_after": 2, "containing": "kitchen"}
    await standalone.post("/admin/script", json={"faults": [fault], "supports": []})
    limited = await standalone.post("/v1/chat/completions", json=request_for("The kitchen?"))
    answered = await standalone.post("/v1/chat/completions", json=request_for("The garden?"))
    refused = await standalone.post(
        "/v1/chat/completions", json=request_for("The pool?", response_format={"type": "json_object"})
    )
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    assert answered.json()["usage"]["total_tokens"] > 0
    assert (refused.status_code, "response_format" in refused.text) == (400, True)
    asked = (await standalone.get("/admin/requests")).json()
    assert [(a["outcome"], a["paid"]) for a in asked] == [
        ("rate_limited", False),
        ("answer", True),
        ("not supported", False),
    ]


def test_the_same_request_is_filled_in_the_same_and_probabilities_sum_to_one() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "Answer", "schema": SCHEMA}}
    filled = filled_in(request_for("Which?", response_format=form))
    assert filled == filled_in(request_for("Which?", response_format=form))
    assert filled != filled_in(request_for("Which one?", response_format=form))
    assert sum(choice["probability"] for choice in filled["choices"]) == pytest.approx(1)


def test_a_schema_in_words_is_found() -> None:
    assert schema_of(request_for('Answer {like this}: {"properties": {"a": {"type": "number"}}}')) == {
        "properties": {"a": {"type": "number"}}
    }
