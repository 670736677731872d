import pytest

from dramatis_gateway.quotas import Allowance, Quota, Standing, windows_of
from dramatis_gateway.settings import GatewaySettings, allowances


def test_windows_begin_at_another_moment_for_every_key() -> None:
    hours = [windows_of(f"tenant/key_{number}", Allowance(1000, 50))[0] for number in range(50)]
    assert len({hour.end(hour.index(1_000_000)) for hour in hours}) > 40


def test_a_window_ends_where_the_next_begins() -> None:
    for window in windows_of("tenant/key", Allowance(1000, 50)):
        index = window.index(1_000_000)
        assert window.index(window.end(index) - 1) == index
        assert window.index(window.end(index)) == index + 1
        assert 0 < window.end(index) - 1_000_000 <= window.seconds


def test_a_gateway_holds_a_hundredth_of_an_hour_at_most() -> None:
    hour, minute = windows_of("tenant/key", Allowance(1000, 50))
    assert (hour.largest_lease, minute.largest_lease) == (10, 5)
    assert [window.largest_lease for window in windows_of("tenant/key", Allowance(5, 5))] == [1, 1]


def test_the_headers_are_those_of_the_interface_and_those_of_the_draft() -> None:
    hour, minute = windows_of("tenant/key", Allowance(1000, 50))
    now = 1_000_000.5
    quota = Quota(Standing(hour, 950, 1_000_900, refused=False), Standing(minute, 45, 1_000_030, refused=False), now)
    assert dict(quota.headers()) == {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "950",
        "X-RateLimit-Reset": "1000900",
        "X-RateLimit-Burst-Remaining": "45",
        "RateLimit-Policy": '"hour";q=1000;w=3600, "minute";q=50;w=60',
        "RateLimit": '"hour";r=950;t=900, "minute";r=45;t=30',
    }
    assert quota.retry_after == 0


def test_who_is_refused_is_told_when_both_windows_will_let_it_in() -> None:
    hour, minute = windows_of("tenant/key", Allowance(1000, 50))
    both = Quota(Standing(hour, 0, 1_000_900, refused=True), Standing(minute, 0, 1_000_030, refused=True), 1_000_000.5)
    assert (both.retry_after, both.issue) == (900, "1000 requests per hour are used up")
    burst = Quota(
        Standing(hour, 9, 1_000_900, refused=False), Standing(minute, 0, 1_000_030, refused=True), 1_000_000.5
    )
    assert (burst.retry_after, burst.issue) == (30, "50 requests per minute are used up")


def test_tiers_have_the_published_limits_unless_an_operator_sets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert allowances(GatewaySettings()) == {"standard": Allowance(1000, 50), "development": Allowance(10_000, 3000)}
    monkeypatch.setenv("DRAMATIS_GATEWAY_STANDARD_PER_MINUTE", "7")
    assert allowances(GatewaySettings())["standard"] == Allowance(1000, 7)
