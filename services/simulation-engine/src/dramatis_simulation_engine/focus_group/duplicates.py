"""Options that are the same thing twice: they would share one choice among themselves. Pure."""

from collections.abc import Iterator

from dramatis_contracts.simulation_engine.v1 import FocusGroup, ModificationTesting, PhotoSelection, Scenario
from dramatis_kit import Rejected
from dramatis_simulation_engine.taxonomy import words_of


def check_options(focus_group: FocusGroup) -> None:
    """Raises `Rejected` where two options of one scenario differ in spelling only: `Sunset View`, `sunset_view`."""
    for number, scenario in enumerate(focus_group.test_scenarios):
        field, texts = _options(scenario)
        for place, text, earlier in repeated(texts):
            raise Rejected(
                "INVALID_SIMULATION",
                "The simulation asked for is invalid.",
                field=f"test_scenarios[{number}].{field}[{place}]",
                issue=f"'{text}' is the same as '{earlier}'",
            )


def _options(scenario: Scenario) -> tuple[str, tuple[str, ...]]:
    if isinstance(scenario, PhotoSelection):
        return "options", scenario.options
    return ("modifications", scenario.modifications) if isinstance(scenario, ModificationTesting) else ("", ())


def repeated(texts: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
    """(place, text, earlier text) of every text whose words were there before. Addresses of pictures are no words."""
    seen: dict[tuple[str, ...], str] = {}
    for place, text in enumerate(texts):
        words = (text,) if "://" in text else words_of(text) or (text,)
        if words in seen:
            yield place, text, seen[words]
        seen.setdefault(words, text)
