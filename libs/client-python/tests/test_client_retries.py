"""The pauses between attempts: pure."""

import httpx2
import pytest

from tinytroupe_client import APIConnectionError, APIStatusError, TinyTroupeError
from tinytroupe_client._http import Answer
from tinytroupe_client._retries import backoff, pause_before_retry


@pytest.fixture(autouse=True)
def quick() -> None:
    """Not quick here: the pauses are as they are."""


def answered(status: int, **headers: str) -> APIStatusError:
    return APIStatusError(Answer(status, httpx2.Headers(headers), b""))


@pytest.mark.parametrize(("attempt", "longest"), [(0, 0.5), (1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (50, 8)])
def test_the_pause_doubles_up_to_eight_seconds_less_up_to_a_quarter(attempt: int, longest: float) -> None:
    pauses = {backoff(attempt) for _ in range(200)}
    assert 0.75 * longest <= min(pauses) < max(pauses) <= longest


@pytest.mark.parametrize(
    ("error", "repeated"),
    [
        (APIConnectionError(), True),
        (answered(429), True),
        (answered(503), True),
        (answered(501), False),
        (answered(404), False),
        (answered(409), False),
        (TinyTroupeError(), False),
    ],
)
def test_what_may_pass_is_repeated_as_often_as_allowed(error: TinyTroupeError, repeated: bool) -> None:
    assert (pause_before_retry(error, 1, 2) is not None) == repeated
    assert pause_before_retry(error, 2, 2) is None
    assert pause_before_retry(error, 0, 0) is None


@pytest.mark.parametrize(("wish", "pause"), [("0", 0.0), ("7", 7.0), ("60", 60.0), ("61", None)])
def test_the_server_may_wish_for_a_pause_of_a_minute(wish: str, pause: float | None) -> None:
    assert pause_before_retry(answered(429, **{"Retry-After": wish}), 0, 2) == pause


def test_a_wish_that_cannot_be_read_is_passed_over() -> None:
    assert pause_before_retry(answered(429, **{"Retry-After": "soon"}), 0, 2) is not None
    assert pause_before_retry(answered(429, **{"Retry-After": "nan"}), 0, 2) is not None
