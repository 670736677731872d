"""Who is served next."""

from datetime import UTC, datetime, timedelta

from dramatis_notifier.circuit import Breaker
from dramatis_notifier.documents import Delivery
from dramatis_notifier.lanes import Lanes, Limits
from dramatis_notifier.payload import Message
from dramatis_notifier.places import Endpoint
from dramatis_notifier.schedule import Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DELIVERED, FAILED = Verdict("delivered"), Verdict("pending", NOW)
MESSAGE = Message(b"", {})
A, B, C = (Endpoint("brk_1", name) for name in "abc")


def some(endpoint: Endpoint, count: int) -> list[Delivery]:
    return [Delivery(f"{endpoint.webhook_id}{n}", endpoint, f"e{n}", "t", MESSAGE, 0) for n in range(count)]


def lanes(in_flight: int = 4, per_endpoint: int = 2, claimed: int = 8) -> Lanes:
    return Lanes(Limits(in_flight, per_endpoint, claimed, Breaker(failures=100)))


def proven(those: Lanes, *endpoints: Endpoint) -> Lanes:
    """Endpoints that have accepted something."""
    for endpoint in endpoints:
        those.add(endpoint, [Delivery("first", endpoint, "e", "t", MESSAGE, 0)])
        (first,) = start_all(those)
        end(those, first, DELIVERED)
    return those


def start_all(those: Lanes, tick: float = 0.0) -> list[Delivery]:
    started = []
    while delivery := those.next(tick):
        started.append(delivery)
    return started


def end(those: Lanes, delivery: Delivery, verdict: Verdict, tick: float = 0.0) -> list[Delivery]:
    back, _ = those.answer(delivery, verdict, NOW, tick)
    those.done(delivery)
    return back


def ids(deliveries: list[Delivery]) -> list[str]:
    return [delivery.id for delivery in deliveries]


def test_endpoints_take_turns() -> None:
    those = proven(lanes(), A, B)
    those.put(A, some(A, 5), more=False)
    those.put(B, some(B, 5), more=False)
    assert ids(start_all(those)) == ["a0", "b0", "a1", "b1"]


def test_no_endpoint_gets_more_than_its_places() -> None:
    those = proven(lanes(), A)
    those.put(A, some(A, 5), more=False)
    assert ids(start_all(those)) == ["a0", "a1"]
    end(those, some(A, 1)[0], DELIVERED)
    assert ids(start_all(those)) == ["a2"]


def test_a_failing_endpoint_gets_one_place_and_gives_the_rest_back() -> None:
    those = proven(lanes(), A)
    those.put(A, some(A, 5), more=False)
    first, second = start_all(those)
    assert ids(end(those, first, FAILED)) == ["a2", "a3", "a4"]
    assert those.room(A, NOW) == 0  # one is still under way
    end(those, second, FAILED)
    assert those.room(A, NOW) == 1


def test_an_endpoint_that_recovers_gets_its_places_back() -> None:
    those = lanes()
    those.put(A, some(A, 1), more=False)
    end(those, start_all(those)[0], FAILED)
    those.put(A, some(A, 1), more=True)
    end(those, start_all(those)[0], DELIVERED)
    assert those.room(A, NOW) == 8
    assert those.wants_more(A)


def test_failing_endpoints_together_get_half_of_the_places() -> None:
    those = proven(lanes(in_flight=4), A)
    dead = [Endpoint("brk_1", f"dead{n}") for n in range(4)]
    for endpoint in dead:
        those.put(endpoint, some(endpoint, 1), more=False)
    for delivery in start_all(those):
        end(those, delivery, FAILED)
    for endpoint in [*dead, A]:
        those.put(endpoint, some(endpoint, 1), more=False)
    started = ids(start_all(those))
    assert len(started) == 3
    assert "a0" in started


def test_a_throttled_endpoint_waits_until_its_pause_is_over() -> None:
    those = lanes()
    those.put(A, some(A, 1), more=False)
    until = NOW + timedelta(seconds=60)
    end(those, start_all(those)[0], Verdict("pending", until, until))
    assert those.room(A, NOW) == 0
    assert those.room(A, until) == 1


def test_what_was_not_tried_says_nothing_about_the_endpoint() -> None:
    those = lanes()
    those.put(A, some(A, 3), more=False)
    those.done(start_all(those)[0])
    assert those.room(A, NOW) == 6


def test_an_answered_delivery_is_held_until_its_result_is_stored() -> None:
    those = proven(lanes(), A)
    those.put(A, some(A, 3), more=False)
    first, _ = start_all(those)
    those.answer(first, DELIVERED, NOW, 0.0)
    assert ids(start_all(those)) == ["a2"]
    assert those.held(A) == {"a0", "a1", "a2"}
    those.done(first)
    assert those.held(A) == {"a1", "a2"}


def test_a_lane_is_filled_up_when_it_has_run_half_empty() -> None:
    those = lanes(claimed=8)
    those.put(A, some(A, 5), more=False)
    assert those.room(A, NOW) == 0
    assert not those.wants_more(A)
    end(those, start_all(those)[0], DELIVERED)
    assert those.wants_more(A)
    assert those.room(A, NOW) == 4


def test_in_a_crowd_every_endpoint_still_has_a_place() -> None:
    those = lanes(in_flight=1, claimed=64)
    those.put(A, some(A, 64), more=True)
    assert those.room(B, NOW) == 1
    those.put(B, some(B, 1), more=False)
    assert those.room(B, NOW) == 0


def test_dropping_an_endpoint_leaves_what_is_under_way() -> None:
    those = proven(lanes(), A)
    those.put(A, some(A, 5), more=False)
    started = start_all(those)
    assert ids(those.drop(A)) == ["a2", "a3", "a4"]
    assert those.held(A) == {"a0", "a1"}
    for delivery in started:
        end(those, delivery, DELIVERED)
    assert len(those) == 0


def test_a_new_endpoint_proves_itself_with_one_post() -> None:
    those = lanes()
    those.put(A, some(A, 5), more=False)
    (first,) = start_all(those)
    end(those, first, DELIVERED)
    assert ids(start_all(those)) == ["a1", "a2"]


def test_endpoints_that_hang_unnoticed_yet_cannot_take_every_place() -> None:
    those = proven(lanes(in_flight=4), A)
    hanging = [Endpoint("brk_1", f"new{n}") for n in range(4)]
    for endpoint in [*hanging, A]:
        those.put(endpoint, some(endpoint, 1), more=False)
    assert "a0" in ids(start_all(those))


def test_a_slow_endpoint_is_a_suspect_until_it_is_quick_again() -> None:
    those = proven(lanes(in_flight=4), A, B)
    those.put(A, some(A, 8), more=False)
    first, second = start_all(those)
    those.review(2.0)
    assert start_all(those, 2.0) == []
    end(those, first, DELIVERED, 2.0)
    assert len(start_all(those, 2.0)) == 1
    those.put(B, some(B, 8), more=False)
    assert ids(start_all(those, 2.0)) == ["b0", "b1"]
    end(those, second, DELIVERED, 2.0)


def test_after_failures_in_a_row_nothing_is_sent_for_a_while() -> None:
    those = Lanes(Limits(4, 2, 8, Breaker(failures=2, seconds=10, longest=30)))
    for _ in range(2):
        those.put(A, some(A, 1), more=False)
        end(those, start_all(those)[0], FAILED)
    assert those.room(A, NOW + timedelta(seconds=9)) == 0
    assert those.room(A, NOW + timedelta(seconds=10)) == 1


def test_a_rate_limit_lets_posts_begin_at_their_turns_only() -> None:
    those = proven(lanes(), A)
    those.put(A, some(A, 3), more=False, rate=2.0)
    assert start_all(those) == []
    assert those.starved() == [(A, 2.0)]
    assert those.starved() == []  # it is being reserved
    those.give_turns(A, [0.0, 0.5])
    assert ids(start_all(those, 0.0)) == ["a0"]
    assert those.next_turn() == 0.5
    assert start_all(those, 0.4) == []
    assert ids(start_all(those, 0.5)) == ["a1"]


def test_a_turn_that_was_not_used_expires() -> None:
    those = proven(lanes(), A)
    those.give_turns(A, [0.0, 0.5])
    those.put(A, some(A, 3), more=False, rate=2.0)
    assert start_all(those, 5.0) == []


def test_an_idle_endpoint_is_forgotten_after_a_while() -> None:
    those = proven(lanes(), A)
    those.review(30.0)
    those.put(A, some(A, 2), more=False)
    assert len(start_all(those, 30.0)) == 2
    for delivery in some(A, 2):
        end(those, delivery, DELIVERED, 30.0)
    those.review(200.0)
    those.put(A, some(A, 2), more=False)
    assert len(start_all(those, 200.0)) == 1


def test_the_deliveries_of_an_endpoint_that_fails_or_is_slow_are_stored_before_they_are_tried() -> None:
    those = proven(lanes(), A, B)
    assert (those.room_at_once(A, NOW), those.room_at_once(C, NOW)) == (8, 8)
    those.put(A, some(A, 2), more=False)
    first, second = start_all(those)
    those.review(2.0)
    assert those.room_at_once(A, NOW) == 0
    end(those, first, DELIVERED, 2.0)
    end(those, second, FAILED, 2.1)
    assert those.room_at_once(A, NOW) == 0
    those.put(B, some(B, 8), more=True)
    assert those.room_at_once(B, NOW) == 0
