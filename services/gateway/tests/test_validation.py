from typing import Annotated, Any, Literal

import orjson
import pytest
from pydantic import BaseModel, Field

from dramatis_contracts.persona.v1 import PersonaProfile
from dramatis_contracts.simulation_engine.v1 import FocusGroup
from dramatis_gateway.problems import Problem
from dramatis_gateway.validation import parse_json

PROPERTY: dict[str, Any] = {"price": 45_000_000}
SCENARIO: dict[str, Any] = {"type": "photo_selection", "options": ["a", "b"]}
PEOPLE: dict[str, Any] = {"mode": "segment", "segments": ["finance"], "generated_count": 5}


def focus_group(**changes: Any) -> bytes:
    whole = {"name": "Test", "property": PROPERTY, "test_scenarios": [SCENARIO], "persona_configuration": PEOPLE}
    return orjson.dumps(whole | changes)


def refusal(model: type[BaseModel], body: bytes) -> Problem:
    with pytest.raises(Problem) as refused:
        parse_json(model, body, "VALIDATION_FAILED")
    return refused.value


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    people = orjson.dumps({**PEOPLE, "generated_count": 5.0})
    assert b"5.0" in people
    read = parse_json(FocusGroup, focus_group(persona_configuration=orjson.loads(people)), "VALIDATION_FAILED")
    assert read.persona_configuration.generated_count == 5
    half, huge = ({**PEOPLE, "generated_count": count} for count in (5.5, 1e300))
    for wrong in (half, huge):
        refused = refusal(FocusGroup, focus_group(persona_configuration=wrong))
        assert refused.field == "persona_configuration.generated_count"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "name"),
        (b"[]", None),
        (b'"text"', None),
        (b'{"name": 5}', "name"),
        (b'{"name": "A", "age": 5}', "age"),
        (b'{"name": "A", "visibility": "public"}', "visibility"),
        (b'{"name": "A", "demographics": []}', "demographics"),
        (b'{"name": "A", "demographics": {"age_range": "old"}}', "demographics.age_range"),
        (b'{"name": "A", "preferences": {"property_types": ["a", 5]}}', "preferences.property_types[1]"),
        (b'{"name": "A", "enrichment_sources": [{"type": "url", "url": "ftp:x"}]}', "enrichment_sources[0].url"),
        (
            b'{"name": "A", "enrichment_sources": [{"type": "x", "auto_refresh": "no"}]}',
            "enrichment_sources[0].auto_refresh",
        ),
    ],
)
def test_the_field_to_blame_is_named_as_in_the_request(body: bytes, field: str | None) -> None:
    problem = refusal(PersonaProfile, body)
    assert (problem.code, problem.field) == ("VALIDATION_FAILED", field)
    assert problem.issue


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"test_scenarios": [SCENARIO, {"type": "photo_selection", "options": ["a"]}]}, "test_scenarios[1].options"),
        ({"test_scenarios": [{"type": "photo_selection"}]}, "test_scenarios[0].options"),
        ({"test_scenarios": [SCENARIO | {"photo_selection": 1}]}, "test_scenarios[0].photo_selection"),
        ({"test_scenarios": [{"type": "magic"}]}, "test_scenarios[0].type"),
        ({"test_scenarios": [{"options": ["a", "b"]}]}, "test_scenarios[0].type"),
        ({"test_scenarios": []}, "test_scenarios"),
        ({"property": {"price": "45000000"}}, "property.price"),
        ({"persona_configuration": PEOPLE | {"generated_count": "20"}}, "persona_configuration.generated_count"),
        ({"persona_configuration": {"mode": "specific"}}, "persona_configuration"),
        ({"simulation_parameters": {"iterations": True}}, "simulation_parameters.iterations"),
        ({"simulation_parameters": {"temperature": 99}}, "simulation_parameters.temperature"),
    ],
)
def test_the_tags_of_unions_do_not_appear_in_the_path(changes: dict[str, Any], field: str) -> None:
    assert refusal(FocusGroup, focus_group(**changes)).field == field


def test_an_integer_serves_where_a_number_is_asked_for() -> None:
    body = focus_group(simulation_parameters={"temperature": 1})
    assert parse_json(FocusGroup, body, "VALIDATION_FAILED").simulation_parameters.temperature == 1.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b'{"name": "A"',
        b"{'name': 'A'}",
        b'{"name": "A",}',
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_an_invalid_request(body: bytes) -> None:
    problem = refusal(PersonaProfile, body)
    assert (problem.code, problem.status) == ("INVALID_REQUEST", 400)
    assert problem.issue


@pytest.mark.parametrize(
    ("changes", "issue"),
    [
        ({"test_scenarios": []}, "Array has 0 entries, at least 1 are needed"),
        ({"test_scenarios": [SCENARIO | {"type": "mood"}]}, "Input should be one of 'photo_selection', "),
    ],
)
def test_what_is_wrong_is_said_without_the_words_of_python(changes: dict[str, Any], issue: str) -> None:
    assert (refusal(FocusGroup, focus_group(**changes)).issue or "").startswith(issue)


def test_a_format_that_is_not_met_is_called_invalid() -> None:
    wrong = refusal(PersonaProfile, b'{"name": "A", "demographics": {"age_range": "50s"}}')
    assert (wrong.issue or "").startswith("Invalid format")


def test_bytes_that_are_no_utf_8_are_called_so() -> None:
    wrong = refusal(PersonaProfile, '{"name": "Zo\u00eb"}'.encode("latin-1"))
    assert wrong.issue == "the body is not UTF-8 at byte 12"


def test_an_own_message_of_a_model_is_told_without_pydantics_words() -> None:
    scenario = {"type": "pricing_strategy", "price_points": [2, 1]}
    assert refusal(FocusGroup, focus_group(test_scenarios=[scenario])).issue == "the prices must rise strictly"


class Inner(BaseModel):
    kind: Literal["inner"]
    value: int


class Other(BaseModel):
    kind: Literal["other"]


class Outer(BaseModel):
    chosen: Inner | Other = Field(discriminator="kind")
    by_name: dict[str, Annotated[Inner | Other, Field(discriminator="kind")]] = {}
    either: int | list[int] = 0
    perhaps: Inner | None = None


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ('"chosen": {"kind": "inner", "value": "1"}', "chosen.value"),
        ('"chosen": {"kind": "other"}, "by_name": {"a": {"kind": "inner"}}', "by_name.a.value"),
        ('"chosen": {"kind": "other"}, "either": "x"', "either"),
        ('"chosen": {"kind": "other"}, "perhaps": {"kind": "inner"}', "perhaps.value"),
    ],
)
def test_paths_follow_every_kind_of_nesting(more: str, field: str) -> None:
    assert refusal(Outer, f"{{{more}}}".encode()).field == field
