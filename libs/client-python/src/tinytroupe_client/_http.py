"""A call as it will be sent and an answer as it arrived: values, without a connection."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

import httpx2
from pydantic_core import to_json

Verb = Literal["GET", "POST", "PATCH", "DELETE"]
_OPTIONS = frozenset({"timeout", "max_retries", "idempotency_key", "extra_headers"})


@dataclass(frozen=True, slots=True)
class Call:
    """One logical request, the same in all its attempts. What is None is as the client is set up."""

    method: Verb
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `content` is the decoded body."""

    status_code: int
    headers: httpx2.Headers
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


def path(*parts: str) -> str:
    """`/personas/pers_1`. Raises `ValueError` for a part that would name another resource."""
    if wrong := {"", ".", ".."} & set(parts):
        raise ValueError(f"{min(wrong)!r} is no id")
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def call(method: Verb, to: str, given: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None) -> Call:
    """`given` are a method's keyword arguments: its options, the rest is the query of a GET and else the body."""
    options = {name: value for name, value in (given or {}).items() if name in _OPTIONS}
    rest = {name: value for name, value in (given or {}).items() if name not in _OPTIONS}
    in_query = method == "GET"
    return Call(
        method,
        to,
        query=query_of(rest) if in_query else query or {},
        content=to_json(rest) if rest and not in_query else None,
        headers=_headers(method, options, has_body=bool(rest) and not in_query),
        timeout=options.get("timeout"),
        max_retries=options.get("max_retries"),
    )


def _headers(method: Verb, options: Mapping[str, Any], *, has_body: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} if has_body else {}
    if method == "POST" or "idempotency_key" in options:
        headers["Idempotency-Key"] = options.get("idempotency_key") or str(uuid4())
    return headers | dict(options.get("extra_headers") or {})


def query_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as the API writes them: lists joined by commas, dates in ISO 8601; None is left out."""
    return {name: _written(value) for name, value in given.items() if value is not None}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    return ",".join(_written(item) for item in value)


def next_query(headers: httpx2.Headers) -> dict[str, str] | None:
    """The query of the page that `Link: rel="next"` names, None on the last page.

    Only its query is used: the address may be another one behind a proxy, and the key goes nowhere else.
    """
    links = httpx2.Response(200, headers=headers).links
    if "next" not in links:
        return None
    return dict(parse_qsl(urlsplit(links["next"]["url"]).query, keep_blank_values=True))


def retry_after_of(headers: httpx2.Headers) -> float | None:
    """`Retry-After` in seconds, which may be written as a number or as a date."""
    written = headers.get("retry-after")
    if written is None:
        return None
    try:
        return max(0.0, float(written))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(written).timestamp() - time.time())
    except ValueError:
        return None
