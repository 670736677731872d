"""What follows from an attempt: delivered, tried again at a time, given up, or the endpoint is gone. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

_JITTER = 0.2
_LONGEST_RETRY_AFTER = 86_400.0
_GONE = 410
_THROTTLED = (429, 502, 504)

Jitter = Callable[[], float]
"""A number drawn evenly from [0, 1)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one POST. `status` is None when no HTTP answer came; then `error` says why.

    `said` is the beginning of the body.
    """

    status: int | None
    error: str | None = None
    retry_after: str | None = None
    said: str | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == _GONE

    @property
    def throttled(self) -> bool:
        return self.status in _THROTTLED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The delivery's next status; `due_at` only while it is pending. `pause_until` holds the whole endpoint back."""

    status: Literal["delivered", "pending", "failed"]
    due_at: datetime | None = None
    pause_until: datetime | None = None


def judge(answer: Answer, failures: int, now: datetime, retries: Sequence[float], jitter: Jitter) -> Verdict:
    """`failures` counts earlier failed attempts; `retries` are the seconds before each further attempt."""
    if answer.accepted:
        return Verdict("delivered")
    wished = retry_after_seconds(answer.retry_after, now)
    if answer.gone or failures >= len(retries):
        return Verdict("failed", pause_until=_pause(answer, now, wished or 0.0))
    seconds = max(spread(retries[failures], jitter), wished or 0.0)
    return Verdict("pending", now + timedelta(seconds=seconds), _pause(answer, now, wished or seconds))


def spread(seconds: float, jitter: Jitter) -> float:
    """`seconds` ± 20 %, so that what failed together does not return together."""
    return seconds * (1 - _JITTER + 2 * _JITTER * jitter())


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """`Retry-After` in seconds from `now`, from either of its forms; at most a day. None if absent or unreadable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _pause(answer: Answer, now: datetime, seconds: float) -> datetime | None:
    return now + timedelta(seconds=seconds) if answer.throttled and seconds > 0 else None
