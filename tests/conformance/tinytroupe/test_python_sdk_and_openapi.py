"""The Python client says what the OpenAPI document says: every operation has a method, and no argument is made up."""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest

from dramatis_testkit.receiver import Receiver, receiving
from tinytroupe_client import Pages, TinyTroupeClient, TinyTroupeError
from tinytroupe_client.params import CallOptions

OPENAPI: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs/reference/openapi.json").read_text())
RESOURCES = (
    "personas",
    "properties",
    "campaigns",
    "segments",
    "simulations",
    "matching",
    "batch",
    "webhooks",
    "events",
    "api_keys",
)
WITHOUT_A_METHOD = {
    ("POST", "/v1/stream-tickets"),  # for browsers, which cannot send a header with a stream
    ("POST", "/v1/tastes/elicit"),
    ("POST", "/v1/tastes/fit"),
    ("GET", "/v1/tastes/{tastes_id}"),
}
"""Reached by `client.request`."""


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiving(always=404) as receiver:
        yield receiver


def methods(client: TinyTroupeClient) -> Iterator[tuple[str, Any]]:
    for resource in RESOURCES:
        for name, method in inspect.getmembers(getattr(client, resource), inspect.ismethod):
            if not name.startswith("_"):
                yield f"{resource}.{name}", method


def call(method: Any) -> None:
    """With something for every argument that is needed; the answer is a 404 in any case."""
    needed = [p for p in inspect.signature(method).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    try:
        result = method(*("id_1" for _ in needed))
        if isinstance(result, Pages):
            result.first_page()
        elif hasattr(result, "__enter__"):
            with result:
                pass
    except TinyTroupeError:
        return


def operation_of(verb: str, path: str) -> tuple[str, str]:
    """The operation of the document that a request is of; one without parameters in its path goes first."""
    for known in sorted(OPENAPI["paths"], key=lambda known: known.count("{")):
        if verb.lower() in OPENAPI["paths"][known] and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return verb, known
    raise AssertionError(f"{verb} {path} is not in the document")


async def operations(server: Receiver) -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """Which methods ask for which operation."""
    found: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    with TinyTroupeClient("key", base_url=server.url.replace("/hook", "/v1"), max_retries=0) as client:
        for name, method in methods(client):
            server.posts.clear()
            await asyncio.to_thread(call, method)
            (post,) = server.posts
            found.setdefault(operation_of(post.method, post.path), []).append((name, method))
    return found


def fields(kind: Any) -> dict[str, Any]:
    """The arguments of a method, or of something within them, by name; empty for anything without named parts."""
    if is_typeddict(kind):
        return {name: hint for name, hint in get_type_hints(kind).items() if name not in CallOptions.__annotations__}
    parts: dict[str, Any] = {}
    for part in get_args(kind):
        parts |= fields(part)
    return parts


def arguments(method: Any) -> dict[str, Any]:
    hints = get_type_hints(method)
    parameters = inspect.signature(method).parameters.values()
    named = {p.name: hints[p.name] for p in parameters if p.kind is p.KEYWORD_ONLY}
    (rest,) = (get_args(hints[p.name])[0] for p in parameters if p.kind is p.VAR_KEYWORD)
    return named | fields(rest)


def properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a schema, of its alternatives, and of the items of a list or the values of a mapping."""
    if reference := schema.get("$ref"):
        return properties(OPENAPI["components"]["schemas"][reference.rpartition("/")[2]])
    found = dict(schema.get("properties", {}))
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    for part in inner:
        found |= properties(part)
    return found


def accepted(verb: str, path: str) -> dict[str, Any]:
    """What an operation takes in its query and body."""
    operation = OPENAPI["paths"][path][verb.lower()]
    query = {p["name"]: p.get("schema", {}) for p in operation.get("parameters", ()) if p["in"] == "query"}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return query | properties(content.get("schema", {}))


def made_up(given: Mapping[str, Any], taken: Mapping[str, Any], place: str = "") -> list[str]:
    """The arguments, however deep, that the document does not have."""
    wrong = [place + name for name in given if name not in taken]
    for name in given.keys() & taken.keys():
        wrong += made_up(fields(given[name]), properties(taken[name]), f"{place}{name}.")
    return wrong


async def test_every_operation_of_the_door_has_a_method(server: Receiver) -> None:
    door = {
        (verb.upper(), path)
        for path, operations_of_path in OPENAPI["paths"].items()
        for verb in operations_of_path
        if path.startswith("/v1/")
    }
    assert set(await operations(server)) == door - WITHOUT_A_METHOD


async def test_no_argument_is_made_up(server: Receiver) -> None:
    found = await operations(server)
    wrong = {
        name: strange
        for (verb, path), named in found.items()
        for name, method in named
        if (strange := made_up(arguments(method), accepted(verb, path)))
    }
    assert wrong == {}
