"""What follows from an attempt."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dramatis_notifier.schedule import Answer, Verdict, judge, retry_after_seconds, spread
from dramatis_notifier.settings import NotifierSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RETRIES = (5.0, 300.0)


def half() -> float:
    return 0.5


def in_seconds(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_delivers(status: int) -> None:
    assert judge(Answer(status), 3, NOW, RETRIES, half) == Verdict("delivered")


@pytest.mark.parametrize("answer", [Answer(None, "cannot connect"), Answer(500), Answer(301), Answer(404), Answer(400)])
def test_everything_else_is_tried_again_on_schedule(answer: Answer) -> None:
    assert judge(answer, 0, NOW, RETRIES, half) == Verdict("pending", in_seconds(5))
    assert judge(answer, 1, NOW, RETRIES, half) == Verdict("pending", in_seconds(300))


def test_after_the_last_retry_a_delivery_has_failed() -> None:
    assert judge(Answer(500), 2, NOW, RETRIES, half) == Verdict("failed")


def test_gone_means_gone_at_once() -> None:
    assert judge(Answer(410), 0, NOW, RETRIES, half) == Verdict("failed")


@pytest.mark.parametrize("status", [429, 502, 504])
def test_overload_holds_the_whole_endpoint_back(status: int) -> None:
    assert judge(Answer(status), 0, NOW, RETRIES, half) == Verdict("pending", in_seconds(5), in_seconds(5))
    asked = Answer(status, retry_after="60")
    assert judge(asked, 0, NOW, RETRIES, half) == Verdict("pending", in_seconds(60), in_seconds(60))


def test_retry_after_may_lengthen_a_pause_but_not_shorten_it() -> None:
    assert judge(Answer(503, retry_after="60"), 0, NOW, RETRIES, half).due_at == in_seconds(60)
    assert judge(Answer(503, retry_after="1"), 1, NOW, RETRIES, half).due_at == in_seconds(300)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999999999999999", 86_400.0),
        (format_datetime(in_seconds(90), usegmt=True), 90.0),
        (format_datetime(in_seconds(-90), usegmt=True), 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_has_two_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_header_breaks_a_delivery(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_pauses_vary_by_a_fifth(chance: float) -> None:
    assert 80 <= spread(100, lambda: chance) <= 120


def test_the_default_schedule_makes_eleven_attempts_over_three_days() -> None:
    """The pauses of the Standard Webhooks specification, one after the other, with one of 30 s more."""
    retries = NotifierSettings().webhook_retry_seconds
    hours = [2, 5, 10, 14, 20, 24]
    assert retries == (5, 30, 300, 1800, *(hour * 3600 for hour in hours))
    assert 75 * 3600 < sum(retries) < 76 * 3600
