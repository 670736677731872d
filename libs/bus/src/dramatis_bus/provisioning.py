"""Streams and durables as declared resources: created and updated here, and by nobody else.

`drift` and `apply` open a connection of their own, so that they can be declared before anything runs.
"""

from collections.abc import Sequence

from dramatis_contracts.registry import SERVICES
from dramatis_kit import Resource, Settings

from dramatis_bus.consumers import Consumer


def stream_resource(settings: Settings, service: str) -> Resource:
    """The stream of a service's events."""
    raise NotImplementedError


def stream_resources(settings: Settings, services: Sequence[str] = SERVICES) -> list[Resource]:
    """The streams of all services."""
    return [stream_resource(settings, service) for service in services]


def consumer_resources(settings: Settings, consumer: Consumer) -> list[Resource]:
    """The durables of a consumer. Applying one also creates the stream that it reads, if that is missing."""
    raise NotImplementedError
