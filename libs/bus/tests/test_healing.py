"""Durables and streams that vanish under a running consumer."""

from pathlib import Path
from typing import Any

import pytest
from nats.js.api import StreamConfig

from dramatis_bus import BatchConsumer, Bus, OrderedConsumer, Received, WorkQueue, encode_event
from dramatis_contracts.envelope import Envelope
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Settings


def consumer_of(kind: str, service: str, seen: list[str]) -> Any:
    async def one(received: Received) -> None:
        seen.append(received.envelope.id)

    async def many(batch: list[Received]) -> None:
        seen.extend(received.envelope.id for received in batch)

    match kind:
        case "ordered":
            return OrderedConsumer("notes", service=service, handler=one)
        case "queue":
            return WorkQueue("notes", service=service, events=["*"], handler=one)
        case _:
            return BatchConsumer("notes", services=[service], handler=many)


@pytest.mark.parametrize("kind", ["ordered", "queue", "batch"])
async def test_a_deleted_durable_is_created_again_and_misses_nothing(stage: Any, until: Any, kind: str) -> None:
    seen: list[str] = []
    consumer = consumer_of(kind, stage.service, seen)
    await stage.provision(consumer)
    before, after = stage.event("agg"), stage.event("agg")
    await stage.publish(before)
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: seen == [before.id])
        for durable in consumer.durables():
            await stage.client.jetstream().delete_consumer(durable.stream, durable.name)
        await stage.publish(after)
        await until(lambda: seen[-1] == after.id)
        await until(lambda: bus.checks() == {"nats": "ok", "consumer notes": "ok"})


async def test_a_consumer_that_was_never_provisioned_provisions_itself(stage: Any, until: Any) -> None:
    seen: list[str] = []
    async with stage.open() as bus:
        bus.consume(consumer_of("ordered", stage.service, seen))
        await bus.start()
        await until(lambda: bus.checks()["consumer notes"] == "ok")
        event = stage.event("agg")
        await stage.publish(event)
        await until(lambda: seen == [event.id])


async def test_a_consumer_is_unhealthy_while_its_stream_is_missing(stage: Any, until: Any) -> None:
    seen: list[str] = []
    consumer = consumer_of("ordered", stage.service, seen)
    await stage.provision(consumer)
    js = stage.client.jetstream()
    async with stage.open() as bus:
        bus.consume(consumer)
        bus.health(stage.service)
        await bus.start()
        await until(lambda: healthy(bus, stage.service))
        await js.delete_stream(f"EV_{stage.service}")
        # Somebody else's stream holds the subjects: the consumer cannot heal until it is gone.
        await js.add_stream(StreamConfig(name=f"squatter_{stage.service}", subjects=[f"ev.{stage.service}.>"]))
        await until(lambda: unhealthy(bus, stage.service))
        await js.delete_stream(f"squatter_{stage.service}")
        await until(lambda: healthy(bus, stage.service))
        event = stage.event("agg")
        await stage.publish(event)
        await until(lambda: seen == [event.id])


async def test_a_watched_durable_is_missed_even_when_the_server_keeps_quiet(
    stage: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatis_bus.running.WATCH_SECONDS", 0.05)
    monkeypatch.setattr("dramatis_bus.pull.Pull._read_status", lambda *_: None)
    seen: list[str] = []
    consumer = consumer_of("queue", stage.service, seen)
    await stage.provision(consumer)
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: bus.checks()["consumer notes"] == "ok")
        await stage.client.jetstream().delete_consumer(f"EV_{stage.service}", "notes")
        event = stage.event("agg")
        await stage.publish(event)
        await until(lambda: seen == [event.id])


async def test_consumers_go_on_after_nats_lost_everything(
    tmp_path: Path, stage: Any, until: Any, database: Any
) -> None:
    """A wiped store: streams and durables are gone, the relay will republish, the consumers must be listening."""
    running = start_nats(tmp_path / "first")
    port = int(running.url.rpartition(":")[2])
    seen: list[str] = []
    settings = Settings(nats_url=running.url, mongo_url=stage.settings.mongo_url, mongo_database=database.name)
    async with Bus.open(settings, name="svc", parking=stage.lot) as bus:
        bus.consume(consumer_of("ordered", stage.service, seen))
        await bus.start()
        await until(lambda: bus.checks()["consumer notes"] == "ok")
        first, second = stage.event("agg"), stage.event("agg")
        await publish(bus, first)
        await until(lambda: seen == [first.id])
        running.stop()
        await until(lambda: not bus.connected)
        restarted = start_nats(tmp_path / "second", port)
        await until(lambda: bus.connected)
        await until(lambda: streams_of(bus))
        await publish(bus, first, second)
        await until(lambda: seen == [first.id, first.id, second.id])
        await until(lambda: bus.checks()["consumer notes"] == "ok")
    restarted.stop()


async def test_consumers_go_on_after_nats_restarted_with_its_store(
    tmp_path: Path, stage: Any, until: Any, database: Any
) -> None:
    running = start_nats(tmp_path)
    port = int(running.url.rpartition(":")[2])
    seen: list[str] = []
    settings = Settings(nats_url=running.url, mongo_url=stage.settings.mongo_url, mongo_database=database.name)
    async with Bus.open(settings, name="svc", parking=stage.lot) as bus:
        bus.consume(consumer_of("batch", stage.service, seen))
        await bus.start()
        await until(lambda: bus.checks()["consumer notes"] == "ok")
        running.stop()
        await until(lambda: not bus.connected)
        restarted = start_nats(tmp_path, port)
        await until(lambda: bus.connected)
        event = stage.event("agg")
        await publish(bus, event)
        await until(lambda: seen == [event.id])
    restarted.stop()


async def publish(bus: Bus, *events: Envelope) -> None:
    for position, event in enumerate(events, 1):
        subject, payload, headers = encode_event(event, position)
        await bus.jetstream().publish(subject, payload, headers=headers)


async def streams_of(bus: Bus) -> bool:
    return bool(await bus.jetstream().streams_info())


async def healthy(bus: Bus, service: str) -> bool:
    return (await bus.health_of(service)).status == "ok"


async def unhealthy(bus: Bus, service: str) -> bool:
    health = await bus.health_of(service)
    return health.status == "unhealthy" and "missing" in health.checks["consumer notes"]
