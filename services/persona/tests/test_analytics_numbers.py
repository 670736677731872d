"""What follows from what is known of a persona: metrics, strengths and predictions, and when there is none."""

from datetime import UTC, date, datetime, timedelta
from math import exp, log2
from typing import Any

import pytest

from dramatis_kit import Rejected
from dramatis_persona.analytics.assumptions import beta_interval, mean_of_unit_values, model_version
from dramatis_persona.analytics.engagement import EXPRESSED, STATED, average_interest, engagement
from dramatis_persona.analytics.evolution import evolution
from dramatis_persona.analytics.period import period_of
from dramatis_persona.analytics.predictions import (
    Known,
    budget_range,
    dollars,
    predictions,
    preferred_type,
    purchase_likelihood,
)
from dramatis_persona.analytics.readings import Evidence, Interaction, Listed, Profile, Scores

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NO_MATCHES = Scores(0, 0.0, 0.0)


def did(kind: str, property_id: str = "", days_ago: float = 0, **rest: Any) -> Interaction:
    return Interaction(kind, NOW - days_ago * DAY, property_id, **rest)


def known(*interactions: Interaction, listings: tuple[Listed, ...] = (), **profile: Any) -> Known:
    return Known(NOW, Profile(**profile), interactions, listings)


def listed(name: str, price: float, kind: str = "penthouse", days_ago: float = 100) -> Listed:
    return Listed(name, NOW - days_ago * DAY, price, kind)


# The period


def test_without_days_it_is_the_last_thirty() -> None:
    period = period_of(None, None, date(2024, 1, 30))
    assert str(period) == "2024-01-01 to 2024-01-30"
    assert (period.since, period.until) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 31, tzinfo=UTC))
    assert str(period_of(None, date(2024, 2, 1), date(2026, 1, 1))) == "2024-01-03 to 2024-02-01"
    assert str(period_of(date(2024, 1, 5), None, date(2024, 1, 5))) == "2024-01-05 to 2024-01-05"


def test_two_years_can_be_asked_for_and_no_day_more() -> None:
    assert period_of(date(2024, 1, 1), date(2025, 12, 31), date(2026, 1, 1))
    with pytest.raises(Rejected, match="too long"):
        period_of(date(2024, 1, 1), date(2026, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2024, 2, 1), date(2024, 1, 1), "date_to"),
        (date(2024, 2, 1), None, "date_from"),
        (date(2020, 1, 1), date(2023, 1, 1), "date_from"),
    ],
)
def test_what_is_no_period_names_the_field(first: date, last: date | None, field: str) -> None:
    with pytest.raises(Rejected, match="INVALID_REQUEST") as rejection:
        period_of(first, last, date(2024, 1, 1))
    assert rejection.value.field == field
    assert rejection.value.issue


# Engagement


def test_a_property_is_viewed_once_however_often() -> None:
    found = engagement(
        [
            did("property_viewing", "prop_1"),
            did("property_viewing", "prop_1"),
            did("property_viewing", "prop_2"),
            did("property_viewing"),
            did("showing_request", "prop_3"),
            did("offer", "prop_1"),
        ],
        NO_MATCHES,
        0,
    )
    assert (found.properties_viewed, found.showings_requested, found.offers_made, found.interactions) == (3, 1, 1, 6)


def test_the_last_word_on_each_property_counts() -> None:
    found = average_interest(
        [
            did("property_viewing", "prop_1", interest=0.2),
            did("offer", "prop_1", interest=0.9),
            did("email", interest=0.5),
        ]
    )
    assert found is not None
    assert found.value == pytest.approx(0.7)
    assert (found.n, found.method) == (2, STATED)


def test_without_a_stated_interest_remarks_speak_and_the_method_says_so() -> None:
    found = average_interest([did("property_viewing", "prop_1", likes=3, dislikes=1)])
    assert found is not None
    assert found.value == pytest.approx(4 / 6)
    assert found.method == EXPRESSED


def test_what_was_stated_outranks_what_was_said_in_passing() -> None:
    found = average_interest([did("offer", "prop_1", interest=0.8), did("email", "prop_1", likes=1)])
    assert found is not None
    assert (found.value, found.n, found.method) == (0.8, 1, STATED)


def test_silence_is_no_interest_of_zero() -> None:
    found = engagement([did("property_viewing", "prop_1")], NO_MATCHES, 0)
    assert found.average_interest_score is None
    assert "average_interest_score" in found.unknown


def test_one_value_has_a_wide_interval_and_equal_values_one_of_some_width() -> None:
    one = mean_of_unit_values(1, 0.7, 0.49, "")
    many = mean_of_unit_values(12, 8.4, 5.88, "")
    assert (one.low, one.high) == (0, 1)
    assert many.low is not None
    assert many.high is not None
    assert 0.1 < many.high - many.low < 0.4


# How preferences change


def test_what_is_new_was_not_wanted_before() -> None:
    start = Profile(wanted=("pool", "garage"), refused=("traffic",))
    end = Profile(wanted=("pool", "home_gym"), refused=("traffic", "noise"), unnamed=2)
    evidence = [
        Evidence("garage", 1, 0, 1, 1),
        Evidence("home_gym", 0, 0, 1, 0),
        Evidence("view", 0, 0, 1, 0),
        Evidence("cinema", 1, 0, 2, 0),
        Evidence("library", 0, 0, 1, 1),
        Evidence("noise", 0, 0, 2, 1),
    ]
    found = evolution(start, end, evidence)
    assert found.new_preferences_detected == ("home_gym", "view")
    assert found.new_deal_breakers_detected == ("noise",)
    assert found.preferences_not_named == 2


def test_strength_rises_with_what_is_for_it_and_falls_with_what_is_against() -> None:
    found = evolution(None, None, [Evidence("pool", 1, 0, 3, 0), Evidence("garage", 1, 0, 1, 1)])
    assert found.preference_strength_changes == pytest.approx({"pool": 3 / 5 - 1 / 3, "garage": -1 / 3})
    pool = found.estimates["pool"]
    assert (pool.in_favour, pool.against, pool.n) == (3, 0, 3)
    assert pool.low < pool.end < pool.high


def test_what_did_not_move_is_no_change() -> None:
    assert evolution(None, None, [Evidence("pool", 2, 1, 2, 1)]).preference_strength_changes == {}


# Predictions


def test_the_likelihood_is_unknown_where_nothing_is_known() -> None:
    found = predictions(known())
    assert found.purchase_likelihood_30_days is None
    assert found.preferred_property_type is None
    assert found.budget_range_estimate is None
    assert len(found.unknown) == 3
    assert found.estimates == {}


def likelihood(*interactions: Interaction, **profile: Any) -> float:
    found = purchase_likelihood(known(*interactions, **profile))
    assert found is not None
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < found.value < found.high < 1
    assert (found.calibration, found.model_version) == ("assumed", model_version())
    return found.value


def test_haste_recency_and_number_make_a_purchase_more_likely() -> None:
    assert likelihood(urgency="low") < likelihood(urgency="high") < likelihood(urgency="very_high")
    old, fresh = did("property_viewing", days_ago=90), did("property_viewing", days_ago=1)
    assert likelihood(urgency="low") < likelihood(old, urgency="low") < likelihood(fresh, urgency="low")
    assert likelihood(fresh, urgency="low") < likelihood(fresh, fresh, urgency="low")
    assert likelihood(fresh, urgency="low") < likelihood(did("offer", days_ago=1), urgency="low")


def test_the_likelihood_is_what_the_published_formula_says() -> None:
    assert likelihood(urgency="very_high") == pytest.approx(1 - exp(-0.12))
    half = did("offer", days_ago=30)
    assert likelihood(half, urgency="high") == pytest.approx(1 - exp(-0.05 * exp(1.2 * log2(1.5))))


def test_without_a_stated_urgency_less_is_known() -> None:
    stated = purchase_likelihood(known(did("offer"), urgency="moderate"))
    silent = purchase_likelihood(known(did("offer")))
    assert stated is not None
    assert silent is not None
    assert silent.value == stated.value
    assert (silent.low or 0) < (stated.low or 0)


def test_an_interaction_of_an_unknown_kind_counts_as_other() -> None:
    assert likelihood(did("seance"), urgency="low") == likelihood(urgency="low")


def test_what_is_visited_outweighs_what_is_named() -> None:
    visits = [did("property_viewing", "prop_1"), did("offer", "prop_1"), did("property_viewing", "prop_2")]
    listings = (listed("prop_1", 1e6, "townhouse"), listed("prop_2", 1e6, ""))
    found = preferred_type(known(*visits, listings=listings, types=("penthouse",)))
    assert found is not None
    kind, share = found
    assert (kind, share.value, share.n) == ("townhouse", 0.8, 2)
    assert (share.low or 0) < 0.8 < (share.high or 0)


def test_a_tie_is_no_preference() -> None:
    assert preferred_type(known(types=("penthouse", "townhouse"))) is None
    assert preferred_type(known(types=("penthouse",))) is not None


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (50e6, 100e6, "$7.5M-$30M"),
        (50e6, None, "$7.5M+"),
        (0.0, 500e3, "<$150K"),
        (None, None, None),
    ],
)
def test_a_budget_is_a_share_of_the_net_worth(low: float | None, high: float | None, written: str | None) -> None:
    found = budget_range(known(net_worth_low=low, net_worth_high=high))
    assert (found and found[0]) == written


def test_prices_speak_before_the_net_worth_and_offers_before_viewings() -> None:
    listings = (listed("prop_1", 40e6), listed("prop_2", 30e6), listed("prop_3", 20e6))
    seen = [did("property_viewing", "prop_1"), did("showing_request", "prop_2")]
    one = budget_range(known(seen[0], listings=listings, net_worth_low=100e6, net_worth_high=100e6))
    two = budget_range(known(*seen, listings=listings, net_worth_low=100e6))
    offered = budget_range(known(*seen, did("offer", "prop_3"), did("offer", "prop_9"), listings=listings))
    assert [found and found[0] for found in (one, two, offered)] == ["$15M-$30M", "$27M-$44M", "$18M-$22M"]
    assert offered is not None
    assert (offered[1].n, offered[1].value) == (1, 20e6)


def test_the_price_is_that_of_the_day() -> None:
    listings = (listed("prop_1", 10e6), listed("prop_1", 20e6, days_ago=5))
    before = budget_range(known(did("offer", "prop_1", days_ago=10), listings=listings))
    earlier = budget_range(known(did("offer", "prop_1", days_ago=200), listings=listings))
    after = budget_range(known(did("offer", "prop_1", days_ago=1), listings=listings))
    assert [found and found[0] for found in (before, earlier, after)] == ["$9M-$11M", "$9M-$11M", "$18M-$22M"]


@pytest.mark.parametrize(
    ("amount", "text"), [(45e6, "$45M"), (7.5e6, "$7.5M"), (999_999, "$1M"), (1.25e9, "$1.25B"), (950, "$950")]
)
def test_money_is_written_as_brokers_do(amount: float, text: str) -> None:
    assert dollars(amount) == text


def test_a_beta_interval_holds_its_mean() -> None:
    low, high = beta_interval(2, 2)
    assert low == pytest.approx(0.0943, abs=1e-4)
    assert high == pytest.approx(0.9057, abs=1e-4)
