"""Estimated tastes in a focus group: they replace assumed ones, and every number says what it rests on."""

from typing import Any

import numpy as np
import pytest
from observed_choices import synthetic
from simulation_scene import focus_group, home, john, person

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_contracts.tastes.v1 import AppliesTo, FitTastes, TasteModel
from dramatis_simulation_engine.focus_group.listing import read_listing
from dramatis_simulation_engine.focus_group.model import FocusGroupPlan
from dramatis_simulation_engine.focus_group.respondents import StatisticalRespondents
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import carry_out
from dramatis_simulation_engine.taste_sets.handlers import fitted_event

SCENARIOS: list[dict[str, Any]] = [
    {"type": "modification_testing", "modifications": ["add pool", "add wine cellar"]},
    {"type": "pricing_strategy", "price_points": [9_000_000, 10_000_000, 11_000_000]},
]
SEGMENT = {"mode": "segment", "segments": ["tech_entrepreneurs"], "generated_count": 20}


def tastes(**changes: Any) -> TasteSet:
    fields: dict[str, Any] = {
        "id": "tst_1",
        "calibration": "fitted",
        "segments": ("tech_entrepreneurs",),
        "means": {"pool": 0.5, "wine": 0.5},
        "deviations": {"pool": 0.3, "wine": 0.3},
        "price": 2.0,
        "price_spread": 0.2,
        "evidence": "choices of 80 people",
    }
    return TasteSet.model_validate(fields | changes)


def outcome(*known: TasteSet, invited: tuple[Respondent, ...] = (), people: dict[str, Any] | None = None) -> Outcome:
    study = focus_group(
        test_scenarios=SCENARIOS, persona_configuration=people or SEGMENT, property={"price": 10_000_000}
    )
    return carry_out(FocusGroupPlan(study, invited, 7, known))


def calibrations(part: Any) -> set[str]:
    """Every calibration in a result, however deep."""
    if isinstance(part, dict):
        own = {part["calibration"]} if {"calibration", "n"} <= set(part) else set()
        return own.union(*(calibrations(value) for value in part.values()))
    return set().union(*map(calibrations, part)) if isinstance(part, list) else set()


def wine_attribute() -> str:
    return next(iter(load_assumptions().taxonomy.read("wine cellar").signs))


def test_without_estimates_everything_is_assumed_and_says_so() -> None:
    found = outcome()
    assert calibrations(found.detailed_results) == {"assumed"}
    assert found.detailed_results is not None
    assert found.detailed_results["tastes"]["people"] == {"assumed": 20, "elicited": 0, "fitted": 0}
    assert any("assumed, not measured" in finding for finding in found.summary.key_findings)


def test_a_study_of_people_with_fitted_tastes_is_fitted_where_they_cover_what_is_asked() -> None:
    found = outcome(tastes(means={"pool": 0.5, wine_attribute(): 0.5}))
    assert calibrations(found.detailed_results) == {"fitted"}
    assert {h.estimate.calibration for h in found.headlines} == {"fitted"}
    assert found.detailed_results is not None
    assert found.detailed_results["tastes"]["people"]["fitted"] == 20
    assert any("20 of 20 respondents have fitted tastes" in finding for finding in found.summary.key_findings)


def test_what_was_not_fitted_stays_assumed_and_is_named() -> None:
    found = outcome(tastes(means={"pool": 0.5}, deviations={}))
    assert found.detailed_results is not None
    assert calibrations(found.detailed_results["modification_impact"]) == {"assumed"}
    assert calibrations(found.detailed_results["pricing_sensitivity"]) == {"fitted"}
    assert found.detailed_results["tastes"]["assumed_attributes"] == [wine_attribute()]


def test_one_person_with_assumed_tastes_makes_a_study_assumed() -> None:
    mixed = {**SEGMENT, "specific_personas": ["pers_123"]}
    found = outcome(tastes(means={"pool": 0.5, wine_attribute(): 0.5}), invited=(john(),), people=mixed)
    assert calibrations(found.detailed_results) == {"assumed"}
    assert found.detailed_results is not None
    assert found.detailed_results["tastes"]["people"] == {"assumed": 1, "elicited": 0, "fitted": 20}


def test_elicited_tastes_of_a_persona_are_used_for_it_alone() -> None:
    own = tastes(
        calibration="elicited", segments=(), personas=("pers_123",), means={"pool": 3.0, wine_attribute(): 0.5}
    )
    people = {"mode": "specific", "specific_personas": ["pers_123"]}
    found = outcome(own, invited=(john(),), people=people)
    assert calibrations(found.detailed_results) == {"elicited"}
    assert calibrations(outcome(own).detailed_results) == {"assumed"}


def interest_in_pool(found: Outcome) -> float:
    (headline,) = [h for h in found.headlines if "pool" in h.name and h.estimate.value is not None][:1]
    assert headline.estimate.value is not None
    return headline.estimate.value


def test_a_stronger_fitted_taste_raises_interest() -> None:
    wine = wine_attribute()
    weak = outcome(tastes(means={"pool": -1.0, wine: 0.5}))
    strong = outcome(tastes(means={"pool": 2.0, wine: 0.5}))
    assert interest_in_pool(strong) > interest_in_pool(weak)


def asked(*people: Respondent, known: TasteSet, temperature: float = 1.0) -> StatisticalRespondents:
    assumptions = load_assumptions()
    listing = read_listing(home(), assumptions.taxonomy)
    return StatisticalRespondents(
        people, listing, assumptions, seed=1, iterations=64, temperature=temperature, estimates=[known]
    )


def test_people_differ_as_much_as_the_estimates_say() -> None:
    crowd = [person(f"pers_{i}") for i in range(400)]
    everyone = tuple(p.id for p in crowd)
    found = asked(*crowd, known=tastes(segments=(), personas=everyone, deviations={"pool": 0.9}, price_spread=0.6))
    assert found.personal[:, found.index["pool"]].std() == pytest.approx(0.9, rel=0.1)
    assert np.log(found.price).std() == pytest.approx(0.6, rel=0.1)
    assert np.median(found.price) == pytest.approx(2.0, rel=0.1)


def test_correlations_of_the_estimates_are_kept() -> None:
    crowd = [person(f"pers_{i}") for i in range(400)]
    loadings = {"pool": (0.8, 0.0), "view": (-0.64, 0.48)}
    known = tastes(
        segments=(),
        personas=tuple(p.id for p in crowd),
        means={"pool": 0.5, "view": 0.5},
        deviations={"pool": 0.8, "view": 0.8},
        loadings=loadings,
    )
    found = asked(*crowd, known=known)
    drawn = found.personal[:, [found.index["pool"], found.index["view"]]]
    assert np.asarray(np.corrcoef(drawn.T))[0, 1] == pytest.approx(-0.8, abs=0.06)


def test_the_terms_of_an_explanation_name_the_estimates() -> None:
    found = outcome(tastes(means={"pool": 0.5, wine_attribute(): 0.5}))
    assert found.detailed_results is not None
    reasons = {
        term["because"]
        for response in found.detailed_results["persona_responses"]
        for answer in response["answers"]
        for term in answer.get("explanation", {}).get("terms", ())
    }
    assert "fitted: choices of 80 people" in reasons


def test_a_price_that_entered_as_it_is_counts_at_its_mean() -> None:
    generator = np.random.default_rng(0)
    tastes_of_people = np.stack([1.0 + 0.3 * generator.normal(size=60), np.full(60, -0.5)], axis=1)
    choices = []
    for choice in synthetic(tastes_of_people, ("view", "price"), choices=6):
        options = tuple(
            o.model_copy(update={"attributes": {**o.attributes, "price": 10 + o.attributes["price"]}})
            for o in choice.options
        )
        choices.append(choice.model_copy(update={"options": options}))
    request = FitTastes(
        choices=tuple(choices), model=TasteModel(correlated=False), applies_to=AppliesTo(segments=("x",))
    )
    event = fitted_event("tst_1", request, lambda: True)
    assert event.used[0].price == pytest.approx(5.0, rel=0.35)
    assert any("mean price" in warning for warning in event.fitted.warnings)


def test_a_liked_price_is_not_used() -> None:
    people = np.tile([1.0, 0.8], (40, 1))
    request = FitTastes(
        choices=tuple(synthetic(people, ("view", "log_price"), choices=5)), model=TasteModel(mixed=False)
    )
    event = fitted_event("tst_1", request, lambda: True)
    assert event.used[0].price is None
    assert any("higher price raised the utility" in warning for warning in event.fitted.warnings)
