"""Declared streams and durables on a real nats-server."""

from typing import Any

import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy, StorageType, StreamConfig
from nats.js.errors import APIError

from dramatis_bus import BatchConsumer, OrderedConsumer, WorkQueue
from dramatis_bus.provisioning import WouldLoseEvents, consumer_resources, stream_resource
from dramatis_kit.provisioning import Drift, drift_of, provision


async def test_what_is_missing_is_reported_created_and_reported_no_more(stage: Any) -> None:
    consumers = (
        OrderedConsumer("ordered", service=stage.service),
        WorkQueue("queue", service=stage.service, events=["thing.happened.v1"]),
        BatchConsumer("batch", services=[stage.service]),
    )
    resources = [stream_resource(stage.settings, stage.service)]
    for consumer in consumers:
        resources += consumer_resources(stage.settings, consumer)
    assert {found.what for found in await drift_of(resources)} == {"missing"}
    assert len(await provision(resources)) == 1 + 8 + 1 + 1
    assert await provision(resources) == []


async def test_a_durable_creates_the_stream_that_it_reads(stage: Any) -> None:
    await provision(consumer_resources(stage.settings, BatchConsumer("batch", services=[stage.service])))
    assert await drift_of([stream_resource(stage.settings, stage.service)]) == []


async def test_a_changed_durable_is_named_and_brought_back(stage: Any) -> None:
    consumer = OrderedConsumer("notes", service=stage.service)
    resources = consumer_resources(stage.settings, consumer)
    await provision(resources)
    js = stage.client.jetstream()
    stream, name = f"EV_{stage.service}", "notes-p3"
    actual = (await js.consumer_info(stream, name)).config
    await js.add_consumer(stream, actual.evolve(max_ack_pending=100))
    assert await drift_of(resources) == [
        Drift("consumer", f"{stream}/{name}", "max_ack_pending is 100, declared 1"),
    ]
    await provision(resources)
    assert (await js.consumer_info(stream, name)).config.max_ack_pending == 1
    assert await drift_of(resources) == []


async def test_a_durable_keeps_its_place_when_its_declaration_changes(stage: Any) -> None:
    before = WorkQueue("queue", service=stage.service, events=["*"])
    await stage.provision(before)
    await stage.publish(stage.event("agg"), stage.event("agg"))
    js = stage.client.jetstream()
    subscription = await js.pull_subscribe_bind("queue", stream=f"EV_{stage.service}")
    [first] = await subscription.fetch(1)
    await first.ack_sync()
    after = WorkQueue("queue", service=stage.service, events=["*"], ack_wait=60)
    [drift] = await provision(consumer_resources(stage.settings, after))
    assert drift.what == "ack_wait is 5, declared 60"
    info = await js.consumer_info(f"EV_{stage.service}", "queue")
    assert info.ack_floor is not None
    assert info.ack_floor.stream_seq == 1
    await subscription.unsubscribe()


async def test_changed_limits_of_a_stream_are_named_and_applied_without_loss(stage: Any) -> None:
    await stage.provision()
    await stage.publish(*(stage.event("agg") for _ in range(10)))
    larger = stage.settings.model_copy(update={"nats_stream_max_bytes": 2 << 30})
    [drift] = await provision([stream_resource(larger, stage.service)])
    assert drift.what == f"max_bytes is {1 << 30}, declared {2 << 30}"
    assert await provision([stream_resource(larger, stage.service)]) == []
    info = await stage.client.jetstream().stream_info(f"EV_{stage.service}")
    assert (info.state.messages, info.config.max_bytes) == (10, 2 << 30)


async def test_a_stream_is_never_shrunk_below_what_it_holds(stage: Any) -> None:
    await stage.provision()
    await stage.publish(*(stage.event("agg") for _ in range(10)))
    smaller = stage.settings.model_copy(update={"nats_stream_max_bytes": 1000})
    with pytest.raises(WouldLoseEvents):
        await provision([stream_resource(smaller, stage.service)])
    assert (await stage.client.jetstream().stream_info(f"EV_{stage.service}")).state.messages == 10


async def test_a_full_stream_refuses_instead_of_dropping_its_oldest_events(stage: Any) -> None:
    small = stage.settings.model_copy(update={"nats_stream_max_bytes": 4000})
    await provision([stream_resource(small, stage.service)])
    with pytest.raises(APIError, match="maximum bytes exceeded"):
        await stage.publish(*(stage.event("agg") for _ in range(20)))
    info = await stage.client.jetstream().stream_info(f"EV_{stage.service}")
    assert info.state.first_seq == 1


async def test_settings_that_others_made_survive(stage: Any) -> None:
    await stage.provision()
    js = stage.client.jetstream()
    name = f"EV_{stage.service}"
    config = (await js.stream_info(name)).config
    await js.update_stream(config.evolve(description="watched by operations", max_bytes=5 << 20))
    await provision([stream_resource(stage.settings, stage.service)])
    assert (await js.stream_info(name)).config.description == "watched by operations"


async def test_what_cannot_be_changed_is_said_and_nothing_is_deleted(stage: Any) -> None:
    js = stage.client.jetstream()
    name = f"EV_{stage.service}"
    await js.add_stream(StreamConfig(name=name, subjects=[f"ev.{stage.service}.>"], storage=StorageType.MEMORY))
    await stage.publish(stage.event("agg"))
    await js.add_consumer(name, ConsumerConfig(durable_name="notes-p0", deliver_policy=DeliverPolicy.NEW))
    resource = stream_resource(stage.settings, stage.service)
    [drift] = await drift_of([resource])
    assert "storage is memory, declared file" in drift.what
    with pytest.raises(APIError):
        await provision([resource])
    assert (await js.stream_info(name)).state.messages == 1
