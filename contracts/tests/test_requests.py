"""Bad input is refused at the field that is to blame."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from dramatis_contracts.persona.v1 import PersonaChanges, PersonaProfile
from dramatis_contracts.simulation_engine.v1 import FocusGroup

FOCUS_GROUP: dict[str, Any] = {
    "name": "Test",
    "property": {"price": 1_000_000},
    "test_scenarios": [{"type": "photo_selection", "options": ["view", "kitchen"]}],
    "persona_configuration": {"mode": "segment", "segments": ["finance_executives"], "generated_count": 5},
}


def blamed(model: type[BaseModel], value: dict[str, Any]) -> set[str]:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(value)
    return {".".join(str(part) for part in error["loc"]) for error in refusal.value.errors()}


@pytest.mark.parametrize("age", ["old", "45-", "-45", "55-45", "45 - 55", "4555-1"])
def test_an_age_range_has_a_form(age: str) -> None:
    assert blamed(PersonaProfile, {"name": "A", "demographics": {"age_range": age}}) == {"demographics.age_range"}


@pytest.mark.parametrize("age", ["45-55", "45", "65+", "45-45"])
def test_an_age_range_may_be_open_or_a_single_age(age: str) -> None:
    assert PersonaProfile.model_validate({"name": "A", "demographics": {"age_range": age}})


@pytest.mark.parametrize("worth", ["$50M-$100M", "$1.5B", "<$500K", "$100M+", "50M - 100M"])
def test_a_net_worth_range_is_written_as_brokers_write_it(worth: str) -> None:
    assert PersonaProfile.model_validate({"name": "A", "demographics": {"net_worth_range": worth}})


def test_a_misspelt_field_is_an_error_and_not_lost() -> None:
    assert blamed(PersonaProfile, {"name": "A", "demografics": {}}) == {"demografics"}


def test_null_in_a_change_is_an_error_and_not_ignored() -> None:
    assert blamed(PersonaChanges, {"demographics": None}) == {"demographics"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"test_scenarios": []}, "test_scenarios"),
        ({"simulation_parameters": {"iterations": 0}}, "simulation_parameters.iterations"),
        ({"simulation_parameters": {"iterations": 10_000_000}}, "simulation_parameters.iterations"),
        ({"property": {"price": -1}}, "property.price"),
        ({"property": {"price": float("nan")}}, "property.price"),
        ({"persona_configuration": {"mode": "crowd"}}, "persona_configuration.mode"),
        ({"persona_configuration": {"mode": "specific"}}, "persona_configuration"),
    ],
)
def test_a_focus_group_names_the_field_that_is_wrong(changes: dict[str, Any], field: str) -> None:
    assert field in blamed(FocusGroup, FOCUS_GROUP | changes)


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        ({"type": "photo_selection", "options": ["view", "view"]}, "options"),
        ({"type": "photo_selection", "options": ["view"]}, "options"),
        ({"type": "pricing_strategy", "price_points": [2, 1]}, "price_points"),
        ({"type": "pricing_strategy", "price_points": [-1, 1]}, "price_points.0"),
    ],
)
def test_a_scenario_that_cannot_be_asked_is_refused_at_its_field(scenario: dict[str, Any], field: str) -> None:
    place = f"test_scenarios.0.{scenario['type']}.{field}"
    assert place in blamed(FocusGroup, FOCUS_GROUP | {"test_scenarios": [scenario]})


def test_a_scenario_of_an_unknown_type_is_refused() -> None:
    assert "test_scenarios.0" in blamed(FocusGroup, FOCUS_GROUP | {"test_scenarios": [{"type": "horoscope"}]})
