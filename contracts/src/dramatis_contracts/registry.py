"""Every event type, and how an old one becomes today's."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from dramatis_contracts.base import EventBody
from dramatis_contracts.campaigns import v1 as campaigns
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.gateway import v1 as gateway
from dramatis_contracts.interrogation import v1 as interrogation
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.notifier import v1 as notifier
from dramatis_contracts.orchestrator import v1 as orchestrator
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1 as simulation_engine
from dramatis_contracts.tastes import v1 as tastes

EVENT_TYPES: Mapping[str, type[EventBody]] = {
    body.type: body
    for module in (
        campaigns,
        gateway,
        interrogation,
        matching,
        notifier,
        orchestrator,
        persona,
        simulation_engine,
        tastes,
    )
    for body in get_args(module.Event)
}

SERVICES = (
    "gateway",
    "persona",
    "simulation-engine",
    "matching",
    "predict-ingest",
    "trust",
    "calibration",
    "orchestrator",
    "notifier",
)
"""Every service that owns a stream of events; the stream of one without event types stays empty."""

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""Turns the data of one event type into the next version's: `data -> (type, data)`. Pure."""

UPCASTERS: dict[str, Upcaster] = {}
"""By the old event type. Stored events never change; a reader sees only the newest version."""


class UnknownEventType(Exception):
    """No model is known for a stored event: the reader is older than the writer, or an upcaster is missing."""


def upcast(
    event_type: str, data: dict[str, Any], upcasters: Mapping[str, Upcaster] = UPCASTERS
) -> tuple[str, dict[str, Any]]:
    """Follow the upcasters from a stored type to the newest one."""
    seen = {event_type}
    while event_type in upcasters:
        event_type, data = upcasters[event_type](data)
        if event_type in seen:
            raise ValueError(f"upcasters of {event_type} form a circle")
        seen.add(event_type)
    return event_type, data


def decode(envelope: Envelope) -> EventBody:
    """The body of a recorded event as today's model. Raises `UnknownEventType`, or pydantic's error for bad data."""
    event_type, data = upcast(envelope.type, envelope.data)
    if event_type not in EVENT_TYPES:
        raise UnknownEventType(event_type)
    # An older reader ignores what a newer writer added, at any depth.
    return EVENT_TYPES[event_type].model_validate(data, extra="ignore")
