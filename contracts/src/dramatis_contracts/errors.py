"""The error codes of the platform: what each means, its HTTP status and what its reader can do.

`docs/errors/` is generated from this catalogue.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    code: str
    status: int
    meaning: str
    remedy: str


_CODES = (
    ErrorCode(
        "INVALID_REQUEST",
        400,
        "The request cannot be read: the JSON is malformed or a parameter has the wrong form.",
        "Correct the field that `details.field` names and send the request again.",
    ),
    ErrorCode(
        "UNAUTHORIZED",
        401,
        "The API key is missing, malformed or not known.",
        "Send `Authorization: Bearer <API key>`. On a laptop the key is in `dev.json` in the data directory.",
    ),
    ErrorCode(
        "FORBIDDEN",
        403,
        "The key is valid but does not open this door, for example because `X-Brokerage-ID` names another brokerage.",
        "Use the key of the brokerage that you name, or leave the header out.",
    ),
    ErrorCode(
        "NOT_FOUND",
        404,
        "Nothing is known under this id or path. An object of another tenant is also answered so.",
        "Check the id and the key's tenant.",
    ),
    ErrorCode(
        "METHOD_NOT_ALLOWED",
        405,
        "The path exists, but not with this HTTP method.",
        "Use one of the methods in the `Allow` header.",
    ),
    ErrorCode(
        "CONFLICT",
        409,
        "The request contradicts the present state, for example a persona id that exists already.",
        "Read the object, then decide anew.",
    ),
    ErrorCode(
        "DUPLICATE_PERSONA",
        409,
        "This person is a persona already: one with the same name and an enrichment source in common.",
        "Use the persona that `details.issue` names, or say what tells the two people apart.",
    ),
    ErrorCode(
        "SIMULATION_NOT_COMPLETED",
        409,
        "The simulation has no results: it is still queued or running, or it failed or was cancelled.",
        "Ask for its status; wait for `completed` by WebSocket, webhook or the event feed.",
    ),
    ErrorCode(
        "IDEMPOTENCY_IN_PROGRESS",
        409,
        "A request with the same `Idempotency-Key` is being carried out.",
        "Wait for the number of seconds in `Retry-After`, then send the same request again to get its answer.",
    ),
    ErrorCode(
        "PAYLOAD_TOO_LARGE",
        413,
        "The body is larger than the server accepts.",
        "Send less: `details.issue` names the limit in bytes.",
    ),
    ErrorCode("UNSUPPORTED_MEDIA_TYPE", 415, "The body is not JSON.", "Send `Content-Type: application/json`."),
    ErrorCode(
        "INVALID_CAMPAIGN",
        422,
        "The campaign data provided is invalid.",
        "Correct the field that `details.field` names; nothing was stored.",
    ),
    ErrorCode(
        "IDEMPOTENCY_MISMATCH",
        422,
        "The `Idempotency-Key` was used for a different request within the last 24 hours.",
        "Choose a new key for a new request; send a repeated request exactly as it was.",
    ),
    ErrorCode(
        "INVALID_PERSONA",
        422,
        "The persona data provided is invalid.",
        "Correct the field that `details.field` names; nothing was stored.",
    ),
    ErrorCode(
        "INVALID_BATCH",
        422,
        "The batch asked for is invalid: it is empty or too long, or an option is not allowed.",
        "Correct the field that `details.field` names; nothing was begun. A wrong item alone fails alone.",
    ),
    ErrorCode(
        "INVALID_MATCHING",
        422,
        "The match asked for is invalid.",
        "Correct the field that `details.field` names; nothing was matched.",
    ),
    ErrorCode(
        "INVALID_PROPERTY",
        422,
        "The property data provided is invalid.",
        "Correct the field that `details.field` names; nothing was stored.",
    ),
    ErrorCode(
        "INVALID_SIMULATION",
        422,
        "The simulation asked for is invalid.",
        "Correct the field that `details.field` names; nothing was stored.",
    ),
    ErrorCode(
        "INVALID_TASTES",
        422,
        "Tastes cannot be estimated from what was sent.",
        "Correct the field that `details.field` names; `details.issue` says what the choices fail to tell.",
    ),
    ErrorCode(
        "INVALID_WEBHOOK",
        422,
        "The webhook asked for is invalid, or its address may not be called.",
        "Correct the field that `details.field` names; nothing was stored.",
    ),
    ErrorCode(
        "VALIDATION_FAILED",
        422,
        "The request can be read, but a value is not allowed.",
        "Correct the field that `details.field` names; nothing was stored.",
    ),
    ErrorCode(
        "RATE_LIMITED",
        429,
        "More requests came than the key's tier allows.",
        "Wait for the number of seconds in `Retry-After`.",
    ),
    ErrorCode(
        "INTERNAL_ERROR",
        500,
        "The server failed. The fault is recorded under the request id.",
        "Try again; if it stays, report the `request_id`.",
    ),
    ErrorCode(
        "NOT_IMPLEMENTED",
        501,
        "This part of the published API is not built yet. Nothing was stored or computed.",
        "See the CHANGELOG for what exists.",
    ),
    ErrorCode(
        "SERVICE_UNAVAILABLE",
        503,
        "A part of the platform that the request needs is down or did not answer in time.",
        "Try again after the number of seconds in `Retry-After`. What was asked for may still have been accepted: look "
        "before you ask again.",
    ),
)

ERRORS = {error.code: error for error in _CODES}


def status_of(code: str) -> int:
    """The HTTP status of an error code; an unknown code is a defect and answers 500."""
    return ERRORS[code].status if code in ERRORS else 500
