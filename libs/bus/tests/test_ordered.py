"""Ordered consumers on a real nats-server."""

import asyncio
from typing import Any

from dramatis_bus import OrderedConsumer, Received, Retry
from dramatis_bus.parking import list_parked

FAST = Retry(max_attempts=3, base=0.05, cap=0.1)


async def test_events_of_an_aggregate_are_handled_in_order(stage: Any, until: Any) -> None:
    seen: list[tuple[str, int]] = []

    async def note(received: Received) -> None:
        seen.append((received.envelope.subject, received.envelope.streamversion))

    consumer = OrderedConsumer("notes", service=stage.service, handler=note)
    await stage.provision(consumer)
    await stage.publish(*(stage.event(f"agg_{n % 5}") for n in range(100)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: len(seen) == 100)
    for aggregate in range(5):
        versions = [version for subject, version in seen if subject == f"agg_{aggregate}"]
        assert versions == list(range(1, 21))


async def test_a_delayed_retry_keeps_the_order_of_its_partition(stage: Any, until: Any) -> None:
    [subject] = stage.in_partition(3)
    seen: list[tuple[int, int]] = []

    async def fail_twice(received: Received) -> None:
        seen.append((received.envelope.streamversion, received.delivered))
        if received.envelope.streamversion == 2 and received.delivered < 3:
            raise RuntimeError("not yet")

    consumer = OrderedConsumer("notes", service=stage.service, handler=fail_twice, retry=FAST)
    await stage.provision(consumer)
    await stage.publish(*(stage.event(subject) for _ in range(4)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: len(seen) == 6)
    assert seen == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1)]


async def test_other_partitions_proceed_while_one_is_retried(stage: Any, until: Any) -> None:
    [stuck], [free] = stage.in_partition(1), stage.in_partition(2)
    done: list[str] = []
    release = asyncio.Event()

    async def handle(received: Received) -> None:
        if received.envelope.subject == stuck and not release.is_set():
            raise ConnectionError("what I need is down")
        done.append(received.envelope.subject)

    consumer = OrderedConsumer("notes", service=stage.service, handler=handle, retry=FAST)
    await stage.provision(consumer)
    await stage.publish(stage.event(stuck), *(stage.event(free) for _ in range(10)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: done == [free] * 10)
        release.set()
        await until(lambda: done == [free] * 10 + [stuck])
    assert await list_parked(stage.database) == []


async def test_only_the_events_asked_for_are_handled(stage: Any, until: Any) -> None:
    seen: list[str] = []

    async def note(received: Received) -> None:
        seen.append(received.envelope.type)

    one = OrderedConsumer("one", service=stage.service, events=["thing.moved.v1"], handler=note)
    two = OrderedConsumer("two", service=stage.service, events=["thing.moved.v1", "thing.sold.v1"], handler=note)
    await stage.provision(one, two)
    kinds = ("thing.happened.v1", "thing.moved.v1", "thing.sold.v1")
    await stage.publish(*(stage.event("agg", kind) for kind in kinds))
    async with stage.open() as bus:
        bus.consume(one)
        bus.consume(two)
        await bus.start()
        await until(lambda: len(seen) == 3)
        info = await stage.client.jetstream().consumer_info(f"EV_{stage.service}", two.durables()[0].name)
    assert sorted(seen) == ["thing.moved.v1", "thing.moved.v1", "thing.sold.v1"]
    assert not info.config.filter_subjects, "one filter: several are ruinous over many subjects"


async def test_all_events_of_an_aggregate_are_asked_for_by_its_name(stage: Any, until: Any) -> None:
    seen: list[str] = []

    async def note(received: Received) -> None:
        seen.append(received.envelope.type)

    consumer = OrderedConsumer("things", service=stage.service, events=["thing.*"], handler=note)
    await stage.provision(consumer)
    await stage.publish(*(stage.event("agg", kind) for kind in ("thing.moved.v1", "other.sold.v1", "thing.sold.v1")))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: len(seen) == 2)
    assert seen == ["thing.moved.v1", "thing.sold.v1"]


async def test_two_replicas_share_the_partitions_and_keep_the_order(stage: Any, until: Any) -> None:
    seen: list[tuple[str, int]] = []
    by: set[int] = set()

    def handler(replica: int) -> Any:
        async def note(received: Received) -> None:
            by.add(replica)
            await asyncio.sleep(0.001)
            seen.append((received.envelope.subject, received.envelope.streamversion))

        return note

    consumer = OrderedConsumer("notes", service=stage.service)
    await stage.provision(consumer)
    async with stage.open() as first, stage.open() as second:
        first.consume(consumer, handler(1))
        second.consume(consumer, handler(2))
        await first.start()
        await second.start()
        await stage.publish(*(stage.event(f"agg_{n % 10}") for n in range(200)))
        await until(lambda: len(seen) == 200)
    assert by == {1, 2}
    for aggregate in range(10):
        versions = [version for subject, version in seen if subject == f"agg_{aggregate}"]
        assert versions == list(range(1, 21))


async def test_a_stopping_bus_finishes_what_is_in_work_and_gives_the_rest_back(stage: Any, until: Any) -> None:
    begun = asyncio.Event()
    seen: list[int] = []

    async def slowly(received: Received) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        seen.append(received.envelope.streamversion)

    consumer = OrderedConsumer("notes", service=stage.service, handler=slowly)
    await stage.provision(consumer)
    await stage.publish(*(stage.event("agg") for _ in range(3)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await begun.wait()
    assert seen == [1]
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: seen == [1, 2, 3])


async def test_work_that_outlasts_the_drain_time_is_given_back_at_once(stage: Any, until: Any) -> None:
    begun = asyncio.Event()
    deliveries: list[int] = []

    async def hang_once(received: Received) -> None:
        deliveries.append(received.delivered)
        begun.set()
        if received.delivered == 1:
            await asyncio.sleep(3600)

    # An ack_wait far beyond the test's patience: only giving back can bring the event again.
    consumer = OrderedConsumer("notes", service=stage.service, handler=hang_once, ack_wait=600)
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"))
    async with stage.open(drain_seconds=0.1) as bus:
        bus.consume(consumer)
        await bus.start()
        await begun.wait()
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: deliveries == [1, 2])


async def test_an_attempt_that_hangs_counts_as_failed(stage: Any, until: Any) -> None:
    async def hang(received: Received) -> None:
        await asyncio.sleep(3600)

    consumer = OrderedConsumer("notes", service=stage.service, handler=hang, timeout=0.05, retry=FAST)
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: _parked(stage))
    [entry] = await list_parked(stage.database)
    assert entry.reason.startswith("TimeoutError")


async def _parked(stage: Any) -> bool:
    return bool(await list_parked(stage.database))
