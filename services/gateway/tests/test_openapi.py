"""The OpenAPI document says what the doors do, with examples that are true."""

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from dramatis_gateway.describe import BODIES
from dramatis_gateway.openapi import openapi
from dramatis_gateway.validation import parse_json

DOCUMENT = openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, verbs in DOCUMENT["paths"].items():
        for verb, operation in verbs.items():
            yield verb, path, operation


def illustrated(part: str) -> list[tuple[str, dict[str, Any]]]:
    """The media types with an example: those of requests or those of answers."""
    found = []
    for verb, path, operation in operations():
        holders = [operation.get("requestBody", {})] if part == "request" else operation["responses"].values()
        media = [holder.get("content", {}).get("application/json", {}) for holder in holders]
        found += [(f"{verb} {path}", each) for each in media if "example" in each]
    return found


def test_every_post_with_a_key_may_be_repeated_and_says_so() -> None:
    for verb, path, operation in operations():
        names = {parameter["name"] for parameter in operation["parameters"]}
        keyed = bool(operation["security"])
        assert ("Idempotency-Key" in names) == (verb == "post" and keyed and path.startswith(("/v1/", "/api/predict/")))
        if "Idempotency-Key" in names:
            assert "IDEMPOTENCY_IN_PROGRESS" in operation["responses"]["409"]["description"]
            assert "IDEMPOTENCY_MISMATCH" in operation["responses"]["422"]["description"]


def test_every_answer_to_a_key_tells_its_limits() -> None:
    for _, _, operation in operations():
        for status, response in operation["responses"].items():
            told = "X-RateLimit-Remaining" in response.get("headers", {})
            assert told == (bool(operation["security"]) and status != "401")
        assert ("429" in operation["responses"]) == bool(operation["security"])


def test_every_tag_is_described_and_belongs_to_a_door() -> None:
    described = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    used = {tag for _, _, operation in operations() for tag in operation["tags"]}
    assert used <= set(described)
    assert all(re.match(r"\*\*.+\*\*\. .+\.$", text) for text in described.values())


@pytest.mark.parametrize(
    ("name", "media"), illustrated("request"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_example_of_a_request_is_accepted(name: str, media: dict[str, Any]) -> None:
    model = BODIES[media["schema"]["$ref"].rpartition("/")[2]]
    parse_json(model, orjson.dumps(media["example"]), "VALIDATION_FAILED")
    assert name


@pytest.mark.parametrize(
    ("name", "media"), illustrated("answer"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_example_of_an_answer_is_one(name: str, media: dict[str, Any]) -> None:
    schema = {**media["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(media["example"])
    assert name


def test_every_body_that_can_be_sent_has_an_example() -> None:
    for verb, path, operation in operations():
        if "requestBody" in operation and path.startswith("/v1/"):
            assert "example" in operation["requestBody"]["content"]["application/json"], f"{verb} {path}"


def test_every_example_is_of_an_operation() -> None:
    known = {re.sub(r"\W+", "_", f"{verb}{path}").rstrip("_") for verb, path, _ in operations()}
    present = {file.name.removesuffix(".json") for file in files("dramatis_gateway.examples").iterdir()}
    assert {name for name in present if name.startswith(("get_", "post_", "patch_", "put_", "delete_"))} <= known
