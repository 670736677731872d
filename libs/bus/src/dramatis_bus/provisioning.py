"""Streams and durables as declared resources: created and updated here, and by nobody else.

FastStream leaves an existing durable's configuration as it is and overwrites a stream's; services therefore declare
nothing. `drift` and `apply` open a connection of their own, so that resources can be declared before anything runs.
Nothing here deletes an event.
"""

from collections.abc import Sequence
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    ReplayPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from dramatis_bus.consumers import Consumer, Durable
from dramatis_bus.link import linked
from dramatis_bus.subjects import stream_name, token
from dramatis_contracts.registry import SERVICES
from dramatis_kit import Resource, Settings

DUPLICATE_WINDOW_SECONDS = 120.0
UNLIMITED = -1


class WouldLoseEvents(Exception):
    """The declaration can only be applied by deleting events: an operator has to decide."""


def stream_resource(settings: Settings, service: str) -> Resource:
    """The stream of a service's events."""
    name = stream_name(service)

    async def drift() -> str | None:
        async with linked(settings, "provisioning") as link:
            return await _stream_drift(link.jetstream(), settings, service)

    async def apply() -> None:
        async with linked(settings, "provisioning") as link:
            await ensure_stream(link.jetstream(), settings, service)

    return Resource("stream", name, drift, apply)


def stream_resources(settings: Settings, services: Sequence[str] = SERVICES) -> list[Resource]:
    """The streams of all services."""
    return [stream_resource(settings, service) for service in services]


def consumer_resources(settings: Settings, consumer: Consumer) -> list[Resource]:
    """The durables of a consumer. Applying one also creates the stream that it reads, if that is missing."""
    return [_durable_resource(settings, durable) for durable in consumer.durables()]


def _durable_resource(settings: Settings, durable: Durable) -> Resource:
    async def drift() -> str | None:
        async with linked(settings, "provisioning") as link:
            return await _durable_drift(link.jetstream(), settings, durable)

    async def apply() -> None:
        async with linked(settings, "provisioning") as link:
            await ensure_durable(link.jetstream(), settings, durable)

    return Resource("consumer", f"{durable.stream}/{durable.name}", drift, apply)


async def ensure_stream(js: JetStreamContext, settings: Settings, service: str) -> None:
    """Create the stream or bring it to its declaration. Raises `WouldLoseEvents` rather than shrink it."""
    declared = _stream(settings, service)
    try:
        info = await js.stream_info(stream_name(service))
    except NotFoundError:
        await js.add_stream(StreamConfig(name=stream_name(service), **declared))
        return
    if not _differences(declared, info.config):
        return
    if info.state.bytes > settings.nats_stream_max_bytes:
        raise WouldLoseEvents(
            f"{stream_name(service)} holds {info.state.bytes} bytes, declared are {settings.nats_stream_max_bytes}"
        )
    await js.update_stream(info.config.evolve(**declared))


async def ensure_durable(js: JetStreamContext, settings: Settings, durable: Durable) -> None:
    """Create the durable, and its stream if need be, or bring it to its declaration."""
    declared = _consumer(settings, durable)
    try:
        info = await js.consumer_info(durable.stream, durable.name)
    except NotFoundError:
        await ensure_stream(js, settings, durable.service)
        await js.add_consumer(durable.stream, ConsumerConfig(durable_name=durable.name, **declared))
        return
    if _differences(declared, info.config):
        await js.add_consumer(durable.stream, info.config.evolve(**declared))


async def _stream_drift(js: JetStreamContext, settings: Settings, service: str) -> str | None:
    try:
        info = await js.stream_info(stream_name(service))
    except NotFoundError:
        return "missing"
    return _differences(_stream(settings, service), info.config)


async def _durable_drift(js: JetStreamContext, settings: Settings, durable: Durable) -> str | None:
    try:
        info = await js.consumer_info(durable.stream, durable.name)
    except NotFoundError:
        return "missing"
    return _differences(_consumer(settings, durable), info.config)


def _stream(settings: Settings, service: str) -> dict[str, Any]:
    return {
        "subjects": [f"ev.{token(service)}.>"],
        "storage": StorageType.FILE,
        "retention": RetentionPolicy.LIMITS,
        "discard": DiscardPolicy.NEW,
        "max_bytes": settings.nats_stream_max_bytes,
        "max_msgs": UNLIMITED,
        "max_age": 0,
        "duplicate_window": DUPLICATE_WINDOW_SECONDS,
        "num_replicas": settings.nats_replicas,
    }


def _consumer(settings: Settings, durable: Durable) -> dict[str, Any]:
    return {
        "deliver_policy": DeliverPolicy.ALL,
        "ack_policy": AckPolicy.EXPLICIT,
        "replay_policy": ReplayPolicy.INSTANT,
        "filter_subject": durable.filter_subject,
        "max_ack_pending": durable.max_ack_pending,
        "ack_wait": durable.ack_wait,
        # The server gives up silently on what it delivered too often; the bus counts for itself and parks.
        "max_deliver": UNLIMITED,
        "num_replicas": settings.nats_replicas,
    }


def _differences(declared: dict[str, Any], actual: StreamConfig | ConsumerConfig) -> str | None:
    words = [
        f"{name} is {_word(getattr(actual, name))}, declared {_word(value)}"
        for name, value in declared.items()
        if _word(getattr(actual, name)) != _word(value)
    ]
    return "; ".join(words) or None


def _word(value: Any) -> Any:
    """A value as the server and we both write it."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return getattr(value, "value", value)
