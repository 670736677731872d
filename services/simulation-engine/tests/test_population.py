"""People drawn from segments."""

import numpy as np
import pytest

from dramatis_contracts.simulation_engine.v1 import DiversityParameters
from dramatis_simulation_engine.people import Respondent, age_of, net_worth_of
from dramatis_simulation_engine.population import describe_population, draw_people, load_segments, sharpened

SEGMENTS = load_segments()
WIDE = DiversityParameters(age_diversity=1, wealth_diversity=1, preference_diversity=1)
ALIKE = DiversityParameters(age_diversity=0, wealth_diversity=0, preference_diversity=0)


def drawn(count: int, diversity: DiversityParameters = WIDE, seed: int = 7) -> tuple[Respondent, ...]:
    return draw_people(["tech_entrepreneurs", "finance_executives"], count, diversity, SEGMENTS, seed)


def ages(people: tuple[Respondent, ...]) -> list[float]:
    return [age_of(p.demographics.age_range) or 0 for p in people]


def worths(people: tuple[Respondent, ...]) -> list[float]:
    return [net_worth_of(p.demographics.net_worth_range) or 0 for p in people]


def test_segments_share_the_people_evenly() -> None:
    names = [p.segment for p in drawn(21)]
    assert sorted((names.count("finance_executives"), names.count("tech_entrepreneurs"))) == [10, 11]


def test_the_same_seed_draws_the_same_people_and_another_seed_others() -> None:
    assert drawn(20) == drawn(20)
    assert drawn(20) != drawn(20, seed=8)


def test_more_people_do_not_change_the_first_ones() -> None:
    more = {p.id: p for p in drawn(40)}
    assert all(more[p.id] == p for p in drawn(20))


def test_the_order_of_segments_makes_no_difference() -> None:
    reversed_names = draw_people(["finance_executives", "tech_entrepreneurs"], 20, WIDE, SEGMENTS, 7)
    assert drawn(20) == reversed_names


def test_without_diversity_the_people_of_a_segment_are_alike() -> None:
    people = [p for p in drawn(20, ALIKE) if p.segment == "finance_executives"]
    assert len({(p.demographics, p.preferences, p.traits) for p in people}) == 1


@pytest.mark.parametrize("measure", [ages, worths])
def test_more_diversity_spreads_people_further(measure: object) -> None:
    assert callable(measure)
    narrow = DiversityParameters(age_diversity=0.3, wealth_diversity=0.3, preference_diversity=0.3)
    wide_people, narrow_people = (draw_people(["finance_executives"], 200, d, SEGMENTS, 7) for d in (WIDE, narrow))
    assert np.std(np.log(measure(wide_people))) > 2 * np.std(np.log(measure(narrow_people)))


def test_traits_go_together_as_stated() -> None:
    people = draw_people(["finance_executives"], 1000, WIDE, SEGMENTS, 7)
    correlation = np.corrcoef(ages(people), np.log(worths(people)))[0, 1]
    assert 0.2 < correlation < 0.4


def test_chances_are_kept_at_full_diversity_and_sharpened_below() -> None:
    people = draw_people(["finance_executives"], 1000, WIDE, SEGMENTS, 7)
    with_office = np.mean(["home_office" in p.preferences.must_have_features for p in people])
    assert with_office == pytest.approx(
        SEGMENTS.by_name["finance_executives"].chances["must_have_features"]["home_office"], abs=0.03
    )
    assert sharpened(0.7, 1.0) == pytest.approx(0.7)
    assert sharpened(0.7, 0.5) > 0.8
    assert (sharpened(0.7, 0), sharpened(0.3, 0)) == (1.0, 0.0)


def test_the_description_says_how_much_of_the_segments_is_covered() -> None:
    wide, alike = describe_population(drawn(64), SEGMENTS), describe_population(drawn(64, ALIKE), SEGMENTS)
    assert wide["coverage"]["cells"] == alike["coverage"]["cells"] == 32
    assert wide["coverage"]["cells_reached"] > 25
    assert alike["coverage"]["cells_reached"] == 2
