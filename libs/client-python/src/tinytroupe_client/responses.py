"""The answer behind a result: status, headers, request id and rate limit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx2

from tinytroupe_client._http import Answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is left of the key's limits. `limit` and `remaining` per hour; `reset` in Unix seconds; None: not said."""

    limit: int | None
    remaining: int | None
    reset: int | None
    burst_remaining: int | None

    @property
    def seconds_until_reset(self) -> float | None:
        return None if self.reset is None else max(0.0, self.reset - time.time())


@dataclass(frozen=True, slots=True)
class APIResponse(Generic[T]):
    """`parsed` is what the method returns by itself; the rest is what came over the wire."""

    parsed: T
    status_code: int
    headers: httpx2.Headers
    content: bytes

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def replayed(self) -> bool:
        """Whether this is the kept answer to an earlier request with the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def rate_limit(self) -> RateLimit:
        return RateLimit(
            limit=self._number("x-ratelimit-limit"),
            remaining=self._number("x-ratelimit-remaining"),
            reset=self._number("x-ratelimit-reset"),
            burst_remaining=self._number("x-ratelimit-burst-remaining"),
        )

    def json(self) -> Any:
        return Answer(self.status_code, self.headers, self.content).json()

    def _number(self, header: str) -> int | None:
        written = self.headers.get(header, "")
        return int(written) if written.isdecimal() else None


_SEEN: ContextVar[list[Answer] | None] = ContextVar("answers of the call in progress", default=None)


@contextmanager
def answers_seen() -> Iterator[list[Answer]]:
    """The answers that arrive inside the block, in this thread or task only."""
    seen: list[Answer] = []
    token = _SEEN.set(seen)
    try:
        yield seen
    finally:
        _SEEN.reset(token)


def seen(answer: Answer) -> Answer:
    """Note the answer for who asked for it by `answers_seen`."""
    if (answers := _SEEN.get()) is not None:
        answers.append(answer)
    return answer


def response_of(parsed: T, answers: list[Answer]) -> APIResponse[T]:
    """Raises `ValueError` where nothing was asked of the server, as by a method that returns a lazy list."""
    if not answers:
        raise ValueError("no request was made: ask a list for its first_page()")
    last = answers[-1]
    return APIResponse(parsed, last.status_code, last.headers, last.content)
