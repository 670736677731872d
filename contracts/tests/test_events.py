"""The three tests that replace a registry server, and the rule that every event type is documented."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dramatis_contracts.base import EventBody
from dramatis_contracts.envelope import Envelope, event_id, schema_of, source_of
from dramatis_contracts.registry import EVENT_TYPES, SERVICES, UnknownEventType, decode, upcast

CONTRACTS = Path(__file__).parent.parent
EXAMPLES = sorted((CONTRACTS / "examples").glob("*.json"))
every_type = pytest.mark.parametrize("body", EVENT_TYPES.values(), ids=EVENT_TYPES.keys())


def schema(event_type: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CONTRACTS / "schemas" / f"{event_type}.json").read_text())
    return document


def envelope(event_type: str, data: dict[str, Any]) -> Envelope:
    return Envelope.model_validate(
        {
            "id": event_id("tenant", "cmd_1", 0),
            "source": source_of("persona"),
            "type": event_type,
            "subject": "pers_1",
            "time": "2026-01-15T10:30:00Z",
            "dataschema": schema_of(event_type),
            "tenantid": "tenant",
            "streamversion": 1,
            "correlationid": "cor_1",
            "data": data,
        }
    )


@every_type
def test_an_event_type_says_what_it_means_and_who_produces_it(body: type[EventBody]) -> None:
    assert body.__doc__
    assert "Produced by `" in body.__doc__
    assert f"Produced by `{body.owner}`" in body.__doc__


@every_type
def test_an_event_type_has_an_owner_a_version_and_an_example(body: type[EventBody]) -> None:
    assert body.owner in SERVICES
    assert body.type.rpartition(".")[2].startswith("v")
    assert (CONTRACTS / "examples" / f"{body.type}.json").is_file()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_committed_example_parses_with_todays_models(file: Path) -> None:
    data = json.loads(file.read_text())
    body = decode(envelope(file.stem, data))
    assert isinstance(body, EventBody)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_what_todays_model_writes_is_valid_under_the_committed_schema(file: Path) -> None:
    body = decode(envelope(file.stem, json.loads(file.read_text())))
    jsonschema.validate(body.model_dump(mode="json"), schema(body.type))


def test_a_reader_ignores_what_a_newer_writer_added() -> None:
    data = json.loads((CONTRACTS / "examples" / "persona.created.v1.json").read_text())
    data["added_later"] = 1
    data["profile"]["demographics"]["added_later"] = 2
    assert decode(envelope("persona.created.v1", data))


def test_an_old_event_is_read_as_its_newest_version() -> None:
    upcasters = {
        "pet.named.v1": lambda data: ("pet.named.v2", {"names": [data["name"]]}),
        "pet.named.v2": lambda data: ("pet.named.v3", {"names": data["names"], "nick": None}),
    }
    assert upcast("pet.named.v1", {"name": "Rex"}, upcasters) == ("pet.named.v3", {"names": ["Rex"], "nick": None})


def test_upcasters_that_form_a_circle_are_a_fault() -> None:
    with pytest.raises(ValueError, match="circle"):
        upcast("a", {}, {"a": lambda data: ("b", data), "b": lambda data: ("a", data)})


def test_an_event_of_an_unknown_type_is_a_fault_and_never_passed_over() -> None:
    with pytest.raises(UnknownEventType):
        decode(envelope("persona.unheard_of.v9", {}))


def test_an_event_id_is_the_same_for_every_retry_of_a_command() -> None:
    assert event_id("tenant", "cmd_1", 0) == event_id("tenant", "cmd_1", 0)
    assert len({event_id("a", "cmd_1", 0), event_id("b", "cmd_1", 0), event_id("a", "cmd_1", 1)}) == 3
