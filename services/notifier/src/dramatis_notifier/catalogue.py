"""What can be subscribed to: every event type with its meaning, schema and example."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from dramatis_contracts.base import EventBody
from dramatis_contracts.examples import example_of
from dramatis_contracts.notifier import v1
from dramatis_contracts.registry import EVENT_TYPES
from dramatis_notifier.payload import event_name

ANNOUNCED: Mapping[str, str] = {
    "persona.enriched": "More was learnt about a persona. Published with the API; not produced yet.",
    "match.found": "A property and a client fit. Published with the API; not produced yet.",
}
"""Subscribable before a service produces them; once one does, its own entry takes the place."""


@cache
def known_names() -> frozenset[str]:
    """Every name of an event, without version."""
    return frozenset(ANNOUNCED) | {event_name(event_type) for event_type in EVENT_TYPES}


@cache
def catalogue() -> v1.EventTypes:
    """All entries by name; of several versions of one event the newest."""
    produced = {event_name(event_type): _entry(event_type, body) for event_type, body in sorted(EVENT_TYPES.items())}
    announced = {name: _announced(name, words) for name, words in ANNOUNCED.items()}
    entries = announced | produced
    return v1.EventTypes(items=[entries[name] for name in sorted(entries)])


def example(name: str) -> tuple[str, dict[str, Any]] | None:
    """The type and an example of the data of an event, by its name; None if there is none."""
    for entry in catalogue().items:
        if entry.name == name and entry.type is not None and entry.example is not None:
            return entry.type, entry.example
    return None


def _entry(event_type: str, body: type[EventBody]) -> v1.EventType:
    return v1.EventType(
        name=event_name(event_type),
        type=event_type,
        description=_words(body),
        available=True,
        json_schema=body.model_json_schema(mode="serialization"),
        example=example_of(event_type),
    )


def _announced(name: str, words: str) -> v1.EventType:
    return v1.EventType(name=name, type=None, description=words, available=False, json_schema=None, example=None)


def _words(body: type[EventBody]) -> str:
    """The docstring without the line that says who produces it."""
    paragraphs = [" ".join(part.split()) for part in (body.__doc__ or "").split("\n\n")]
    return " ".join(part for part in paragraphs if part and not part.startswith("Produced by"))
