"""What can go wrong with a call, by who can do something about it: each a `TinyTroupeError`.

A mistake in an argument that the client itself notices is a `ValueError`.
"""

import json
from typing import Any

from tinytroupe_client._http import Answer, retry_after_of


class TinyTroupeError(Exception):
    """Whatever this client raises."""


class APIConnectionError(TinyTroupeError):
    """No answer arrived: the server cannot be reached, or the connection broke. It may still have done the work."""


class APITimeoutError(APIConnectionError):
    """No whole answer arrived in time."""


class APIResponseValidationError(TinyTroupeError):
    """A successful answer that is not of the published form, for example a page of a proxy."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self._answer = answer
        self.status_code = answer.status_code
        self.request_id = answer.headers.get("x-request-id")
        self.body = answer.content

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, self._answer)


class APIStatusError(TinyTroupeError):
    """An answer outside 2xx.

    `field` is a dotted path into the request and `issue` what is wrong there, both None when no field is to blame.
    `retry_after` in seconds. `request_id` is what a report of the problem should name.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        error = _error_in(answer)
        details = _mapping(error.get("details"))
        self.status_code = answer.status_code
        self.headers = answer.headers
        self.body = answer.content
        self.code = str(error.get("code") or f"HTTP_{answer.status_code}")
        self.message = str(error.get("message") or f"the server answered {answer.status_code}")
        self.field: str | None = details.get("field")
        self.issue: str | None = details.get("issue")
        self.request_id: str | None = error.get("request_id") or answer.headers.get("x-request-id")
        self.documentation_url: str | None = error.get("documentation_url")
        self.retry_after = retry_after_of(answer.headers)
        super().__init__(self._sentence())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._answer,)  # as it was made: workers send errors to one another

    def _sentence(self) -> str:
        blamed = ": ".join(part for part in (self.field, self.issue) if part)
        request = f"request {self.request_id}" if self.request_id else ""
        notes = "; ".join(part for part in (blamed, request) if part)
        return f"{self.status_code} {self.code}: {self.message}" + (f" ({notes})" if notes else "")


class BadRequestError(APIStatusError):
    """400: the request cannot be read."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing or not known."""


class PermissionDeniedError(APIStatusError):
    """403: the key does not open this door."""


class NotFoundError(APIStatusError):
    """404: nothing is known under this id."""


class ConflictError(APIStatusError):
    """409: the request contradicts the present state."""


class UnprocessableEntityError(APIStatusError):
    """422: a value is not allowed; `field` and `issue` say which and why."""


class RateLimitError(APIStatusError):
    """429: more requests than the key's tier allows; `retry_after` says when there is room again."""


class InternalServerError(APIStatusError):
    """5xx: the server failed."""


class ServiceUnavailableError(InternalServerError):
    """503: a part of the platform is down or in maintenance."""


class SimulationError(TinyTroupeError):
    """A simulation gave no results. `simulation_id` names it."""

    def __init__(self, simulation_id: str, message: str) -> None:
        super().__init__(message)
        self.simulation_id = simulation_id

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.simulation_id, *self.args)


class SimulationFailed(SimulationError):
    """It ended without a result; the message says why."""


class SimulationCancelled(SimulationError):
    """It was stopped before it ended."""


class SimulationTimeout(SimulationError):
    """It did not end within the time that the caller would wait. It goes on: wait again, or cancel it."""


class EventsMissed(TinyTroupeError):
    """A stream does not reach back to where it was to begin: `events.list(cursor=after)` has what it misses.

    `after` and `up_to` are the positions around the gap.
    """

    def __init__(self, told: str) -> None:
        self._told = told
        gap = json.loads(told)
        self.after: str = gap["after"]
        self.up_to: str = gap["up_to"]
        super().__init__(f"the stream does not reach back so far: read the events after {self.after} from their list")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._told,)


class WebhookVerificationError(TinyTroupeError):
    """A delivery that must not be believed: a header is missing, it is too old, or no signature fits."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    503: ServiceUnavailableError,
}


def successful(answer: Answer) -> Answer:
    """The answer itself. Raises the `APIStatusError` that it means when it is outside 2xx."""
    if 200 <= answer.status_code < 300:
        return answer
    other = InternalServerError if answer.status_code >= 500 else APIStatusError
    raise _BY_STATUS.get(answer.status_code, other)(answer)


def _error_in(answer: Answer) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}  # not ours: a proxy between says it in HTML
    return _mapping(_mapping(body).get("error"))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
