"""Personas that no one can be, and options that are the same thing twice."""

from typing import Any

import pytest
from simulation_scene import JOHN, focus_group

from dramatis_contracts.persona.v1 import Demographics, Insight, Preferences
from dramatis_contracts.simulation_engine.v1 import DiversityParameters
from dramatis_kit import Rejected
from dramatis_simulation_engine.contradictions import contradictions_in
from dramatis_simulation_engine.focus_group.duplicates import check_options, repeated
from dramatis_simulation_engine.population import draw_people, load_segments
from dramatis_simulation_engine.taxonomy import load_taxonomy


def found(*insights: Insight, **fields: dict[str, Any]) -> list[str]:
    demographics = Demographics.model_validate(fields.get("demographics", {}))
    preferences = Preferences.model_validate(fields.get("preferences", {}))
    return [str(c) for c in contradictions_in(demographics, preferences, insights, load_taxonomy())]


def learnt(kind: str, text: str, confidence: float = 0.9) -> Insight:
    return Insight.model_validate({"kind": kind, "text": text, "source": "notes", "confidence": confidence})


@pytest.mark.parametrize(
    "preferences",
    [
        {"must_have_features": ["pool"], "deal_breakers": ["pool"]},
        {"must_have_features": ["pool"], "deal_breakers": ["Swimming POOLS"]},
        {"must_have_features": ["pool", "no_pool"]},
        {"deal_breakers": ["no_elevator", "elevator"]},
        {"property_types": ["penthouse"], "deal_breakers": ["penthouse"]},
        {"property_types": ["loft", "no_loft"]},
        {"style_preferences": ["modern"], "deal_breakers": ["contemporary"]},
        {"must_have_features": ["flux capacitor"], "deal_breakers": ["Flux-Capacitors"]},
        {"must_have_features": ["flux capacitor", "no flux capacitor"]},
    ],
)
def test_to_want_and_to_refuse_the_same_is_a_contradiction(preferences: dict[str, Any]) -> None:
    assert len(found(preferences=preferences)) == 1


@pytest.mark.parametrize(
    "preferences",
    [
        JOHN["preferences"],
        {"must_have_features": ["privacy"], "deal_breakers": ["no_privacy", "shared_entrance"]},
        {"must_have_features": ["no_noise"], "deal_breakers": ["noise"]},
        {"must_have_features": ["pool"], "deal_breakers": ["shared_pool"]},
        {"must_have_features": ["pool"], "deal_breakers": ["no_pool"]},
        {"style_preferences": ["modern", "classic"]},
        {"property_types": ["penthouse", "estate"]},
        {"must_have_features": ["zorblax"], "deal_breakers": ["blimfark"]},
        {"must_have_features": ["pool", "swimming_pool"]},
        {},
    ],
)
def test_what_is_unusual_or_said_twice_is_no_contradiction(preferences: dict[str, Any]) -> None:
    assert found(preferences=preferences) == []


def test_a_contradiction_names_both_texts() -> None:
    (said,) = found(preferences={"must_have_features": ["pool"], "deal_breakers": ["swimming_pool"]})
    assert "must-have 'pool'" in said
    assert "deal breaker 'swimming_pool'" in said


@pytest.mark.parametrize(
    ("age", "family", "contradictory"),
    [
        ("20-25", "Married, grandparent", True),
        ("25", "two grandchildren", True),
        ("20-28", "empty nester", True),
        ("20-35", "grandparent", False),
        ("65+", "grandparent", False),
        ("20-25", "Married, 2 children", False),
        ("20-25", "retired", False),
        (None, "grandparent", False),
    ],
)
def test_the_very_young_have_no_grandchildren(age: str | None, family: str, contradictory: bool) -> None:
    assert bool(found(demographics={"age_range": age, "family_status": family})) is contradictory


def test_opposite_insights_are_a_contradiction_when_both_are_believed() -> None:
    assert len(found(learnt("likes", "pool"), learnt("dislikes", "swimming pool"))) == 1
    assert found(learnt("likes", "pool"), learnt("dislikes", "swimming pool", 0.3)) == []


def test_an_insight_can_contradict_a_field() -> None:
    wanted = {"must_have_features": ["pool"]}
    assert len(found(learnt("deal_breaker", "pools"), preferences=wanted)) == 1
    assert len(found(learnt("must_have", "no pool"), preferences=wanted)) == 1
    assert found(learnt("trait", "pool"), preferences=wanted) == []


def test_people_drawn_from_segments_never_contradict_themselves() -> None:
    segments = load_segments()
    widest = DiversityParameters(age_diversity=1, wealth_diversity=1, preference_diversity=1)
    drawn = draw_people(list(segments.by_name), 350, widest, segments, seed=1)
    for someone in drawn:
        fields = (someone.demographics, someone.preferences, someone.insights)
        assert contradictions_in(*fields, load_taxonomy()) == []


# Options


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        (("Sunset View", "sunset_view"), [1]),
        (("sunset-views", "kitchen", "Sunset view!"), [2]),
        (("kitchen", "renovate_kitchen"), []),
        (("https://x/a-b.jpg", "https://x/a/b.jpg"), []),
        (("!!!", "???"), []),
        (("a", "b", "A", "B"), [2, 3]),
    ],
)
def test_options_are_the_same_when_only_their_spelling_differs(texts: tuple[str, ...], places: list[int]) -> None:
    assert [place for place, _, _ in repeated(texts)] == places


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        ({"type": "photo_selection", "options": ["Sunset View", "sunset_view"]}, "test_scenarios[0].options[1]"),
        (
            {"type": "modification_testing", "modifications": ["add_pool", "Add pools"]},
            "test_scenarios[0].modifications[1]",
        ),
    ],
)
def test_an_option_that_is_there_twice_is_refused_with_its_field(scenario: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        check_options(focus_group(test_scenarios=[scenario]))
    assert (refused.value.code, refused.value.field) == ("INVALID_SIMULATION", field)


def test_the_published_example_has_no_option_twice() -> None:
    check_options(focus_group())
