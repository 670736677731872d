"""Work queues on a real nats-server."""

import asyncio
from typing import Any

from dramatis_bus import Poison, Received, Retry, WorkQueue
from dramatis_bus.parking import list_parked
from dramatis_bus.retries import ParkedEntry, parked_retry

FAST = Retry(max_attempts=3, base=0.02, cap=0.05)


async def test_the_event_of_a_dead_worker_is_handed_to_another(stage: Any, until: Any) -> None:
    done: list[int] = []

    async def work(received: Received) -> None:
        done.append(received.delivered)

    queue = WorkQueue("runs", service=stage.service, events=["*"], handler=work, ack_wait=0.3)
    await stage.provision(queue)
    event = stage.event("run_1")
    await stage.publish(event)
    # A worker that takes the event and is never heard of again.
    dead = await stage.client.jetstream().pull_subscribe_bind("runs", stream=f"EV_{stage.service}")
    await dead.fetch(1)
    await dead.unsubscribe()
    async with stage.open() as bus:
        bus.consume(queue)
        await bus.start()
        await until(lambda: done == [2])


async def test_a_long_job_stays_with_its_worker(stage: Any, until: Any) -> None:
    deliveries: list[int] = []
    done = asyncio.Event()

    async def work(received: Received) -> None:
        deliveries.append(received.delivered)
        await asyncio.sleep(1.0)
        done.set()

    queue = WorkQueue("runs", service=stage.service, events=["*"], handler=work, ack_wait=0.3)
    await stage.provision(queue)
    async with stage.open() as first, stage.open() as second:
        for bus in (first, second):
            bus.consume(queue)
            await bus.start()
        await stage.publish(stage.event("run_1"))
        await asyncio.wait_for(done.wait(), 20)
        await until(lambda: settled(stage, "runs"))
    assert deliveries == [1]


async def test_as_many_jobs_run_at_once_as_declared_and_the_rest_wait_for_any_worker(stage: Any, until: Any) -> None:
    running, most, done = 0, 0, 0
    gate = asyncio.Event()

    async def work(_received: Received) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        done += 1

    queue = WorkQueue("runs", service=stage.service, events=["*"], handler=work, concurrency=3)
    await stage.provision(queue)
    await stage.publish(*(stage.event(f"run_{n}") for n in range(10)))
    async with stage.open() as bus:
        bus.consume(queue)
        await bus.start()
        await until(lambda: running == 3)
        info = await stage.client.jetstream().consumer_info(f"EV_{stage.service}", "runs")
        assert info.num_ack_pending == 3, "what no worker works on stays with the server"
        gate.set()
        await until(lambda: done == 10)
    assert most == 3


async def test_a_poisoned_job_is_parked_and_can_be_run_again(stage: Any, until: Any) -> None:
    bad = True
    done: list[str] = []

    async def work(received: Received) -> None:
        if bad and received.envelope.subject == "run_bad":
            raise Poison("bad")
        done.append(received.envelope.subject)

    queue = WorkQueue("runs", service=stage.service, events=["*"], handler=work, retry=FAST)
    await stage.provision(queue)
    await stage.publish(stage.event("run_bad"), stage.event("run_bad"), stage.event("run_good"))
    async with stage.open() as bus:
        bus.consume(queue)
        await bus.start()
        await until(lambda: parked_events(stage, 2))
        await until(lambda: done == ["run_good"])
        bad = False
        entry = ParkedEntry(consumer="runs", service=stage.service, subject="run_bad")
        outcome = await bus.call(parked_retry(stage.service), entry, tenant="ten_1")
    assert (outcome.handled, outcome.remaining) == (2, 0)
    assert done == ["run_good", "run_bad", "run_bad"]


async def test_a_retried_job_that_outlasts_its_call_goes_on(stage: Any, until: Any) -> None:
    bad = True
    gate = asyncio.Event()
    done: list[str] = []

    async def work(received: Received) -> None:
        if bad:
            raise Poison("bad")
        await gate.wait()
        await bus.health_of(stage.service)  # not bounded by the call that asked for the retry
        done.append(received.envelope.subject)

    queue = WorkQueue("runs", service=stage.service, events=["*"], handler=work)
    await stage.provision(queue)
    await stage.publish(stage.event("run_1"))
    async with stage.open() as bus:
        bus.health(stage.service)
        bus.consume(queue)
        await bus.start()
        await until(lambda: parked_events(stage, 1))
        bad = False
        entry = ParkedEntry(consumer="runs", service=stage.service, subject="run_1")
        outcome = await bus.call(parked_retry(stage.service), entry, tenant="ten_1", timeout=1.2)
        assert (outcome.handled, outcome.remaining, outcome.reason) == (0, 1, None)
        await asyncio.sleep(1.2)
        gate.set()
        await until(lambda: parked_events(stage, 0))
    assert done == ["run_1"]


async def parked_events(stage: Any, count: int) -> bool:
    return sum(entry.events for entry in await list_parked(stage.database)) == count


async def settled(stage: Any, durable: str) -> bool:
    info = await stage.client.jetstream().consumer_info(f"EV_{stage.service}", durable)
    return bool(info.num_ack_pending == 0 and info.num_pending == 0)
