"""What operations with a key have in common in OpenAPI: limits, repetition, servers, and which door a tag is of."""

from typing import Any

from dramatis_gateway.idempotency import HEADER, MAX_LENGTH, PATTERN, PREFIXES
from dramatis_gateway.quotas import Allowance, Quota, Standing, windows_of

SERVERS = [
    {"url": "/", "description": "The gateway that serves this document."},
    {"url": "http://localhost:8000", "description": "The platform on a laptop."},
]

_DOORS = {
    "TinyTroupe-RE": {
        "personas": "Clients and other people who can be simulated.",
        "properties": "What is on the market.",
        "campaigns": "Campaigns that are kept, to be simulated by their ids.",
        "simulations": "Focus groups, campaigns and follow-ups; their states and results.",
        "matching": "Which clients a property suits, and which properties a client.",
        "batch": "Many personas or simulations at once.",
        "analytics": "What became of a persona over time.",
        "tastes": "Tastes that are estimated from choices.",
        "tinytroupe": "Other operations of the published interface.",
    },
    "Agencio Predict": {"predict": "Forecasts, signals, trust and calibration."},
    "Interrogation": {"interrogation": "Interviews with a simulated stakeholder. No key is needed."},
    "Mimic": {"mimic": "Personas that talk to a bot under test."},
    "Tron": {"tron": "Long-running agents. No key is needed."},
    "Platform": {
        "webhooks": "Events that are sent to an address, signed.",
        "events": "The log of events, by page or as a stream.",
        "api keys": "Keys for the brokerage, its teams and its agents.",
        "platform": "Health and metrics.",
    },
}
TAGS = [
    {"name": tag, "description": f"**{door}**. {meaning}"}
    for door, tags in _DOORS.items()
    for tag, meaning in tags.items()
]

_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Any text of your choice, a UUID for example. The same request under the same key within 24 hours "
    "is carried out once; its answer is given again, with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": PATTERN},
}
_MEANINGS = {
    "X-RateLimit-Limit": "Requests that the key may make in an hour.",
    "X-RateLimit-Remaining": "How many of them are left.",
    "X-RateLimit-Reset": "When the hour ends, in Unix time.",
    "X-RateLimit-Burst-Remaining": "How many requests are left in this minute.",
    "RateLimit-Policy": "Both limits as in draft-ietf-httpapi-ratelimit-headers.",
    "RateLimit": "What is left of both (`r`), and the seconds until they are full again (`t`).",
}
_REPLAYED, _RETRY_AFTER = "Idempotent-Replayed", "Retry-After"
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}


def headers() -> dict[str, Any]:
    """The response headers that operations refer to."""
    known = {name: {"description": text, "schema": _schema(name)} for name, text in _MEANINGS.items()}
    replayed = {"description": "`true` where a request was answered before.", "schema": {"type": "string"}}
    retry = {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}
    return {**known, _REPLAYED: replayed, _RETRY_AFTER: retry}


def complete(verb: str, path: str, operation: dict[str, Any]) -> None:
    """Add what every operation with a key has: its limits, and for a POST that it may be repeated."""
    responses = operation["responses"]
    _add(responses, "429", "RATE_LIMITED")
    repeatable = verb == "post" and path.startswith(PREFIXES)
    if repeatable:
        operation["parameters"].append(_IDEMPOTENCY_KEY)
        _add(responses, "400", "INVALID_REQUEST")
        _add(responses, "409", "IDEMPOTENCY_IN_PROGRESS")
        _add(responses, "422", "IDEMPOTENCY_MISMATCH")
    for status, response in responses.items():
        names = [*_MEANINGS] if status != "401" else []
        names += [_REPLAYED] if repeatable and status < "429" and status != "401" else []
        names += [_RETRY_AFTER] if status in ("429", "503") or (repeatable and status == "409") else []
        found = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        response["headers"] = {**found, **response.get("headers", {})}
    operation["responses"] = dict(sorted(responses.items()))


def _add(responses: dict[str, Any], status: str, code: str) -> None:
    known = responses.get(status)
    if known is None:
        responses[status] = {"description": f"`{code}`", "content": _ERROR}
    elif f"`{code}`" not in known["description"]:
        known["description"] += f", `{code}`"


def _schema(name: str) -> dict[str, Any]:
    hour, minute = windows_of("", Allowance(1000, 50))
    quota = Quota(
        Standing(hour, 950, 1_767_325_500, refused=False),
        Standing(minute, 45, 1_767_322_000, refused=False),
        1_767_321_970,
    )
    example = dict(quota.headers())[name]
    return (
        {"type": "integer", "example": int(example)} if example.isdecimal() else {"type": "string", "example": example}
    )
