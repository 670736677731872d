"""What a reader may not be told: an answer to a question that could not be asked, and digits that nobody knows."""

from typing import Any

import numpy as np
import pytest
from simulation_scene import focus_group, person

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_kit import Rejected
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.focus_group.price_questions import check_prices
from dramatis_simulation_engine.outcome import Outcome

DRAWN = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 12}


def asked(scenario: dict[str, Any], price: float = 45e6) -> Outcome:
    property_ = {"price": price, "type": "penthouse"}
    group = focus_group(test_scenarios=[scenario], persona_configuration=DRAWN, property=property_)
    return simulate(group, (), 7)


def priced(*points: float, price: float = 45e6, **more: Any) -> Outcome:
    return asked({"type": "pricing_strategy", "price_points": list(points)} | more, price)


# Photographs


def test_one_photograph_that_is_understood_is_neither_a_consensus_nor_recommended() -> None:
    outcome = asked({"type": "photo_selection", "options": ["kitchen", "zorblax"]})
    assert not outcome.summary.consensus_reached
    assert outcome.summary.confidence_level is None
    assert outcome.recommendations == ()
    assert "only 'kitchen' is understood" in outcome.summary.key_findings[0]
    assert outcome.unrecognized == ("zorblax",)


# Prices


def test_a_price_that_hardly_anybody_accepts_is_not_recommended() -> None:
    outcome = priced(8e11, 9e11, 1e12)
    assert outcome.recommendations == ()
    assert any("Hardly anybody" in finding for finding in outcome.summary.key_findings)


def test_prices_a_cent_apart_are_told_apart_in_words_and_in_names() -> None:
    outcome = priced(45e6, 45e6 + 0.01, 45e6 + 0.02)
    assert len({headline.name for headline in outcome.headlines}) == 3
    assert "at $45,000,000.01 " in outcome.summary.key_findings[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price_points": [45e6, np.nextafter(45e6, 1e9)]}, "price_points[1]"),
        ({"methods": ["newton_miller_smith"], "purchase_intent": [0, 0, 0, 0, 0]}, "purchase_intent"),
        ({"methods": ["newton_miller_smith"], "purchase_intent": [0, 0.2, 0.4, 0.6, 1]}, "purchase_intent"),
        ({"methods": ["van_westendorp"], "purchase_intent": [0.7, 0.5, 0.3, 0.1, 0]}, "purchase_intent"),
    ],
)
def test_a_price_question_without_an_answer_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    scenario = {"type": "pricing_strategy", "price_points": [42e6, 45e6]} | changes
    with pytest.raises(Rejected) as refused:
        check_prices(focus_group(test_scenarios=[scenario]))
    assert refused.value.field == f"test_scenarios[0].{field}"


def test_an_optimum_between_distant_prices_is_near_the_one_that_a_fine_grid_finds() -> None:
    coarse, fine = priced(10e6, 36e6, 100e6), priced(*np.linspace(20e6, 60e6, 20).tolist())
    assert coarse.detailed_results is not None
    assert fine.detailed_results is not None
    found = coarse.detailed_results["pricing_sensitivity"]["interpolated_optimum"]["value"]
    best = fine.detailed_results["pricing_sensitivity"]["best_price"]["value"]
    assert found == pytest.approx(best, rel=0.1)


def test_a_steep_fall_of_interest_is_never_more_than_all_of_it() -> None:
    for points, price in (((1e11, 2e11, 4e11), 1.8e11), ((40e6, 41e6, 1e9), 45e6)):
        said = [f for f in priced(*points, price=price).summary.key_findings if "each 1 % more" in f]
        shares = [float(f.split("goes with ")[1].split(" %")[0]) for f in said]
        assert all(0 <= share <= 100 for share in shares)
        assert not any("e+" in f for f in said)


# Words


def stated(value: float, low: float, high: float) -> Estimate:
    return Estimate(
        value=value, low=low, high=high, level=0.95, n=8, method="m", model_version="v", calibration="assumed"
    )


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 %"), (0.004, "below 1 %"), (0.5, "50 %"), (0.9999, "above 99 %"), (1, "100 %")]
)
def test_nearly_nothing_and_nearly_all_are_not_called_nothing_and_all(value: float, words: str) -> None:
    assert findings.percent(value) == words


def test_bounds_that_read_like_the_value_are_not_repeated() -> None:
    nearly_all = stated(0.9999, 0.999, 0.99999)
    assert findings.bounded(nearly_all, findings.percent) == "above 99 %"
    assert findings.share(nearly_all) == "above 99 % (95 % interval the same when rounded, n = 8 people)"


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (44.5e6, "$44.5M"),
        (875_000, "$875K"),
        (450_001, "$450,001"),
        (45_000_000.01, "$45,000,000.01"),
        (1e12, "$1T"),
        (1_234_567, "$1,234,567"),
    ],
)
def test_a_price_that_was_asked_about_is_quoted_exactly(price: float, words: str) -> None:
    assert findings.money(price) == words


def test_a_loss_too_small_to_matter_has_no_digits() -> None:
    assert findings.fewer(0.0008) == "below 0.1 %"
    assert findings.fewer(8.2) == "8.2 %"


def test_a_change_that_gains_nothing_that_can_be_seen_is_not_recommended() -> None:
    outcome = asked({"type": "modification_testing", "modifications": ["add_pool"]}, price=1e12)
    assert outcome.recommendations == ()
    assert "changes interest by 0 points" in outcome.summary.key_findings[1]


def test_photographs_that_everybody_refuses_have_no_leader() -> None:
    refuses = [person(f"pers_{i}", preferences={"deal_breakers": ["kitchen", "pool"]}) for i in range(8)]
    group = focus_group(
        test_scenarios=[{"type": "photo_selection", "options": ["kitchen", "pool"]}],
        persona_configuration={"mode": "specific", "specific_personas": [p.id for p in refuses]},
    )
    outcome = simulate(group, refuses, 7)
    assert outcome.recommendations == ()
    assert not outcome.summary.consensus_reached
    assert outcome.summary.key_findings[0].startswith("Hardly anybody asked would look further")
