"""Whether a failed attempt is repeated, and after which pause."""

import random

from tinytroupe_client.errors import APIConnectionError, APIStatusError, TinyTroupeError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
LONGEST_WISH = 60.0
"""Seconds. A server that asks for a longer `Retry-After` gets no repetition: its caller had better know."""

PATIENT_RETRIES = 8
"""For what lasts longer than a call, a stream or waiting: some 40 s, in which a server can be started anew."""

_REPEATED = frozenset({408, 429, 500, 502, 503, 504})


def pause_before_retry(error: TinyTroupeError, attempt: int, most: int) -> float | None:
    """Seconds until the next attempt, None if there is none. `attempt` counts those that were repetitions."""
    if attempt >= most or not _may_pass(error):
        return None
    wish = error.retry_after if isinstance(error, APIStatusError) else None
    if wish is None:
        return backoff(attempt)
    return wish if wish <= LONGEST_WISH else None


def _may_pass(error: TinyTroupeError) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code in _REPEATED or error.code == "IDEMPOTENCY_IN_PROGRESS"
    return isinstance(error, APIConnectionError)


def backoff(attempt: int) -> float:
    """0.5 s, doubled each time up to 8 s, and up to a quarter less: many clients must not come back at one moment."""
    whole = min(FIRST_PAUSE * 2.0**attempt, LONGEST_PAUSE)
    return whole * (1 - random.random() / 4)  # noqa: S311 - jitter, no secret
