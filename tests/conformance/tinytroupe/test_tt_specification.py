"""The suite itself: every printed exchange is used by a test, and the comparison of shapes notices what is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from .published import SPECIFICATION, differences, example

HERE = Path(__file__).parent
FOUND: dict[str, Any] = {"id": "sim_1", "at": "2026-01-01T00:00:00Z", "n": 1, "share": 0.5, "words": ["a"], "more": {}}
WANTED: dict[str, Any] = {
    "id": "sim_8k7j6h5g",
    "at": "2024-01-15T10:30:00Z",
    "n": 45,
    "share": 0.85,
    "words": ["b"],
    "more": {},
}


def test_every_printed_exchange_is_used() -> None:
    headings = re.findall(r"^#+ (.*)\n```(?:http|json|javascript)?\n", SPECIFICATION.read_text(), re.M)
    tests = "".join(path.read_text() for path in HERE.glob("test_tt_*.py") if path != Path(__file__))
    assert len(headings) == 15
    assert [heading for heading in headings if f'"{heading}"' not in tests] == []


def test_alternatives_are_written_out() -> None:
    assert len(example("Enrich Persona").bodies()) == 4 * 4
    assert "|" not in str(example("Marketing Campaign Simulation").bodies())


def test_an_answer_of_the_printed_shape_does_not_differ() -> None:
    assert differences(FOUND | {"another": None}, WANTED) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "pers_1"),
        ("id", 7),
        ("at", "yesterday"),
        ("at", "2026-01-01T00:00:00"),
        ("n", 1.5),
        ("n", True),
        ("n", "1"),
        ("share", None),
        ("share", False),
        ("words", []),
        ("words", [1]),
        ("words", "a"),
        ("more", []),
    ],
)
def test_an_answer_of_another_shape_is_noticed_at_its_field(name: str, value: Any) -> None:
    (told,) = differences(FOUND | {name: value}, WANTED)
    assert told.startswith(f".{name}")


@pytest.mark.parametrize("name", WANTED)
def test_a_missing_field_is_noticed(name: str) -> None:
    assert differences({key: value for key, value in FOUND.items() if key != name}, WANTED) == [f".{name} is missing"]
