"""Batch consumers on a real nats-server."""

import asyncio
from typing import Any

from dramatis_bus import BatchConsumer, Poison, Received, Retry
from dramatis_bus.parking import list_parked
from dramatis_bus.retries import ParkedEntry, parked_retry

FAST = Retry(max_attempts=5, base=0.02, cap=0.05)


async def test_events_come_in_batches_and_a_lone_one_does_not_wait(stage: Any, until: Any) -> None:
    batches: list[int] = []

    async def take(batch: list[Received]) -> None:
        batches.append(len(batch))

    consumer = BatchConsumer("projector", services=[stage.service], handler=take, size=50)
    await stage.provision(consumer)
    await stage.publish(*(stage.event(f"agg_{n}") for n in range(200)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: sum(batches) == 200)
        assert max(batches) == 50
        await stage.publish(stage.event("agg"))
        await until(lambda: sum(batches) == 201)
        assert batches[-1] == 1
        await until(lambda: settled(stage))


async def test_a_batch_carries_the_position_of_each_event(stage: Any, until: Any) -> None:
    positions: list[int] = []

    async def take(batch: list[Received]) -> None:
        positions.extend(received.position for received in batch)

    consumer = BatchConsumer("projector", services=[stage.service], handler=take)
    await stage.provision(consumer)
    await stage.publish(*(stage.event("agg") for _ in range(5)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: positions == [1, 2, 3, 4, 5])


async def test_a_batch_that_fails_comes_again_whole(stage: Any, until: Any) -> None:
    attempts: list[list[str]] = []
    failing = True

    async def take(batch: list[Received]) -> None:
        attempts.append([received.envelope.id for received in batch])
        if failing:
            raise ConnectionError("ClickHouse is down")

    consumer = BatchConsumer("projector", services=[stage.service], handler=take, retry=FAST, wait=0.02)
    await stage.provision(consumer)
    events = [stage.event(f"agg_{n}") for n in range(20)]
    await stage.publish(*events)
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: len(attempts) > FAST.max_attempts + 2)
        failing = False
        await until(lambda: settled(stage))
    assert {event.id for event in events} == set(attempts[-1])
    assert await list_parked(stage.database) == []


async def test_a_batch_lost_with_its_process_comes_again(stage: Any, until: Any) -> None:
    seen: dict[str, int] = {}

    async def take(batch: list[Received]) -> None:
        seen.update({received.envelope.id: received.delivered for received in batch})

    consumer = BatchConsumer("projector", services=[stage.service], handler=take, ack_wait=0.3)
    await stage.provision(consumer)
    events = [stage.event("agg") for _ in range(30)]
    await stage.publish(*events)
    dead = await stage.client.jetstream().pull_subscribe_bind("projector", stream=f"EV_{stage.service}")
    await dead.fetch(20)
    await dead.unsubscribe()
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: len(seen) == 30)
        await until(lambda: settled(stage))
    assert [seen[event.id] for event in events] == [2] * 20 + [1] * 10


async def test_one_poisoned_event_in_a_batch_is_parked_and_the_others_pass(stage: Any, until: Any) -> None:
    done: set[str] = set()
    bad = True

    async def take(batch: list[Received]) -> None:
        if bad and any(received.envelope.subject == "poisoned" for received in batch):
            raise RuntimeError("cannot be projected")
        done.update(received.envelope.id for received in batch)

    consumer = BatchConsumer("projector", services=[stage.service], handler=take, retry=FAST, wait=0.02)
    await stage.provision(consumer)
    healthy = [stage.event(f"agg_{n}") for n in range(30)]
    poisoned = stage.event("poisoned")
    await stage.publish(*healthy[:15], poisoned, *healthy[15:])
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: parked_events(stage, 1))
        assert done == {event.id for event in healthy}
        await stage.publish(stage.event("poisoned"), stage.event("agg_1"))
        await until(lambda: parked_events(stage, 2))
        bad = False
        entry = ParkedEntry(consumer="projector", service=stage.service, subject="poisoned")
        outcome = await bus.call(parked_retry(stage.service), entry, tenant="ten_1")
        assert (outcome.handled, outcome.remaining) == (2, 0)
    assert poisoned.id in done


async def test_a_batch_refused_outright_is_tried_event_by_event_at_once(stage: Any, until: Any) -> None:
    sizes: list[int] = []

    async def take(batch: list[Received]) -> None:
        sizes.append(len(batch))
        if any(received.envelope.subject == "poisoned" for received in batch):
            raise Poison("never")

    consumer = BatchConsumer("projector", services=[stage.service], handler=take)
    await stage.provision(consumer)
    await stage.publish(*(stage.event(subject) for subject in ("a", "poisoned", "b")))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: parked_events(stage, 1))
        await until(lambda: settled(stage))
    assert sizes == [3, 1, 1, 1]


async def test_a_batch_in_work_at_the_stop_is_given_back(stage: Any, until: Any) -> None:
    begun = asyncio.Event()
    deliveries: list[int] = []

    async def hang_once(batch: list[Received]) -> None:
        deliveries.extend(received.delivered for received in batch)
        begun.set()
        if batch[0].delivered == 1:
            await asyncio.sleep(3600)

    consumer = BatchConsumer("projector", services=[stage.service], handler=hang_once, ack_wait=600)
    await stage.provision(consumer)
    await stage.publish(*(stage.event("agg") for _ in range(3)))
    for _ in range(2):
        async with stage.open(drain_seconds=0.1) as bus:
            bus.consume(consumer)
            await bus.start()
            await asyncio.wait_for(begun.wait(), 20)
            begun.clear()
    assert deliveries == [1, 1, 1, 2, 2, 2]


async def parked_events(stage: Any, count: int) -> bool:
    return sum(entry.events for entry in await list_parked(stage.database)) == count


async def settled(stage: Any) -> bool:
    info = await stage.client.jetstream().consumer_info(f"EV_{stage.service}", "projector")
    return bool(info.num_ack_pending == 0 and info.num_pending == 0)
