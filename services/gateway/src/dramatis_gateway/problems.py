"""The one form in which every error leaves the gateway, and what each failure becomes in it."""

import math
from collections.abc import Mapping

from pymongo.errors import ConnectionFailure, PyMongoError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dramatis_contracts.base import Resource
from dramatis_contracts.errors import ERRORS, status_of
from dramatis_kit import Rejected, Unavailable

RETRY_AFTER = 2.0


class ErrorDetails(Resource):
    """`field` is a dotted path into the request (`test_scenarios[1].options`), null when no field is to blame."""

    field: str | None = None
    issue: str | None = None


class ErrorContent(Resource):
    code: str
    message: str
    details: ErrorDetails
    request_id: str
    documentation_url: str


class ErrorBody(Resource):
    """What every answer outside 2xx holds."""

    error: ErrorContent


_BY_STATUS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}


class Problem(Exception):
    """An error on its way to a client: a code of the catalogue, what is to blame, and headers beside the body."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        field: str | None = None,
        issue: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code if code in ERRORS else "INTERNAL_ERROR"
        self.message = message or ERRORS[self.code].meaning
        super().__init__(f"{self.code}: {self.message}")
        self.field = field
        self.issue = issue
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return status_of(self.code)

    def body(self, request_id: str, documentation_url: str) -> ErrorBody:
        content = ErrorContent(
            code=self.code,
            message=self.message,
            details=ErrorDetails(field=self.field, issue=self.issue),
            request_id=request_id,
            documentation_url=f"{documentation_url}/{self.code}",
        )
        return ErrorBody(error=content)

    def response(self, request_id: str, documentation_url: str) -> Response:
        body = self.body(request_id, documentation_url).model_dump_json()
        return Response(body, self.status, self.headers, media_type="application/json")


def unavailable(issue: str, retry_after: float = RETRY_AFTER) -> Problem:
    """503: `issue` says what did not answer."""
    seconds = str(max(1, math.ceil(retry_after)))
    return Problem("SERVICE_UNAVAILABLE", issue=issue, headers={"Retry-After": seconds})


def problem_of(failure: BaseException) -> Problem:
    """What a client is told of a failure. A fault becomes 500 and says nothing of the inside."""
    match failure:
        case Problem():
            return failure
        case Rejected():
            later = {"Retry-After": str(math.ceil(RETRY_AFTER))} if failure.code == "RATE_LIMITED" else None
            return Problem(failure.code, failure.message, field=failure.field, issue=failure.issue, headers=later)
        case Unavailable():
            return unavailable(str(failure), failure.retry_after)
        case ConnectionFailure():
            return unavailable("the event log is not available")
        case PyMongoError() if failure.timeout:
            return unavailable("the event log did not answer in time")
        case HTTPException():
            return _of_status(failure.status_code, failure.headers)
    return Problem("INTERNAL_ERROR")


def _of_status(status: int, headers: Mapping[str, str] | None) -> Problem:
    code = _BY_STATUS.get(status, "INVALID_REQUEST" if status < 500 else "INTERNAL_ERROR")
    return Problem(code, headers=headers)
