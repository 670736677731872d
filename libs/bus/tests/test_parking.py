"""Poisoned aggregates on a real nats-server and MongoDB."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from dramatis_bus import OrderedConsumer, Poison, Received, Retry
from dramatis_bus.parking import ParkedEvent, ParkingKey, list_parked, parking_resources
from dramatis_bus.retries import ParkedEntry, parked_discard, parked_retry
from dramatis_kit import Rejected
from dramatis_kit.provisioning import drift_of, provision

FAST = Retry(max_attempts=3, base=0.02, cap=0.05, max_crashes=1)
TENANT = "ten_1"

Notes = list[tuple[str, int]]


def noting(seen: Notes, poison: Callable[[Received], BaseException | None]) -> Callable[[Received], Awaitable[None]]:
    async def handle(received: Received) -> None:
        if fault := poison(received):
            raise fault
        seen.append((received.envelope.subject, received.envelope.streamversion))

    return handle


def entry_of(stage: Any, subject: str) -> ParkedEntry:
    return ParkedEntry(consumer="notes", service=stage.service, subject=subject)


async def remaining(stage: Any) -> int:
    return sum(entry.events for entry in await list_parked(stage.database))


@pytest.mark.parametrize("fault", [Poison("never"), Rejected("CONFLICT", "no")])
async def test_what_can_never_be_handled_is_parked_at_its_first_attempt(
    stage: Any, until: Any, fault: Exception
) -> None:
    attempts: list[int] = []

    async def refuse(received: Received) -> None:
        attempts.append(received.delivered)
        raise fault

    consumer = OrderedConsumer("notes", service=stage.service, handler=refuse, retry=FAST)
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: has(stage, 1))
    assert attempts == [1]
    [entry] = await list_parked(stage.database)
    assert (entry.owner, entry.key) == (stage.service, ParkingKey("notes", stage.service, TENANT, "agg"))
    assert str(fault) in entry.reason


async def test_later_events_of_a_parked_aggregate_wait_in_order_and_others_flow_on(stage: Any, until: Any) -> None:
    poisoned, healthy = stage.in_partition(5, count=2)
    seen: Notes = []
    bad = True
    handler = noting(seen, lambda r: RuntimeError("bad") if bad and r.envelope.subject == poisoned else None)
    consumer = OrderedConsumer("notes", service=stage.service, handler=handler, retry=FAST)
    await stage.provision(consumer)
    await stage.publish(*(stage.event(subject) for _ in range(4) for subject in (poisoned, healthy)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: has(stage, 4))
        await until(lambda: len(seen) == 4)
        assert seen == [(healthy, version) for version in (1, 2, 3, 4)]
        bad = False
        await stage.publish(stage.event(poisoned))
        await until(lambda: has(stage, 5))
        outcome = await bus.call(parked_retry(stage.service), entry_of(stage, poisoned), tenant=TENANT)
        assert (outcome.handled, outcome.remaining, outcome.reason) == (5, 0, None)
        await stage.publish(stage.event(poisoned))
        await until(lambda: len(seen) == 10)
    assert seen[4:] == [(poisoned, version) for version in (1, 2, 3, 4, 5, 6)]
    assert await list_parked(stage.database) == []


async def test_what_one_replica_parked_the_other_does_not_handle(stage: Any, until: Any) -> None:
    """Events of a partition go to the replicas in turn: each must know at once what the other parked."""
    poisoned, healthy = stage.in_partition(6, count=2)
    seen: Notes = []
    by: set[int] = set()

    def replica(number: int) -> Any:
        async def handle(received: Received) -> None:
            by.add(number)
            if received.envelope.subject == poisoned and received.envelope.streamversion == 3:
                raise Poison("bad")
            seen.append((received.envelope.subject, received.envelope.streamversion))

        return handle

    consumer = OrderedConsumer("notes", service=stage.service)
    await stage.provision(consumer)
    async with stage.open() as first, stage.open() as second:
        first.consume(consumer, replica(1))
        second.consume(consumer, replica(2))
        await first.start()
        await second.start()
        await stage.publish(*(stage.event(subject) for _ in range(20) for subject in (poisoned, healthy)))
        await until(lambda: len(seen) == 22)
        await until(lambda: has(stage, 18))
    assert by == {1, 2}
    assert [version for subject, version in seen if subject == poisoned] == [1, 2]
    assert [version for subject, version in seen if subject == healthy] == list(range(1, 21))


async def test_a_retry_that_fails_leaves_the_rest_parked_in_order(stage: Any, until: Any) -> None:
    seen: Notes = []
    bad = {1}
    handler = noting(seen, lambda r: Poison("bad") if r.envelope.streamversion in bad else None)
    consumer = OrderedConsumer("notes", service=stage.service, handler=handler)
    await stage.provision(consumer)
    await stage.publish(*(stage.event("agg") for _ in range(4)))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: has(stage, 4))
        bad.add(3)
        bad.discard(1)
        outcome = await bus.call(parked_retry(stage.service), entry_of(stage, "agg"), tenant=TENANT)
        assert (outcome.handled, outcome.remaining) == (2, 2)
        assert outcome.reason == "Poison: bad"
        [entry] = await list_parked(stage.database)
        assert (entry.events, entry.reason) == (2, "Poison: bad")
        bad.clear()
        outcome = await bus.call(parked_retry(stage.service), entry_of(stage, "agg"), tenant=TENANT)
    assert (outcome.handled, outcome.remaining) == (2, 0)
    assert seen == [("agg", version) for version in (1, 2, 3, 4)]


async def test_discarding_removes_the_entry_and_the_aggregate_flows_on(stage: Any, until: Any) -> None:
    seen: Notes = []
    handler = noting(seen, lambda r: Poison("bad") if r.envelope.streamversion == 1 else None)
    consumer = OrderedConsumer("notes", service=stage.service, handler=handler)
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"), stage.event("agg"))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: has(stage, 2))
        outcome = await bus.call(parked_discard(stage.service), entry_of(stage, "agg"), tenant=TENANT)
        assert outcome.handled == 2
        assert await list_parked(stage.database) == []
        assert await stage.database["parked_events"].count_documents({}) == 0
        await stage.publish(stage.event("agg"))
        await until(lambda: seen == [("agg", 3)])


async def test_another_tenants_entry_is_not_found(stage: Any, until: Any) -> None:
    consumer = OrderedConsumer("notes", service=stage.service, handler=noting([], lambda _: Poison("bad")))
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: has(stage, 1))
        for method in (parked_retry(stage.service), parked_discard(stage.service)):
            with pytest.raises(Rejected) as refusal:
                await bus.call(method, entry_of(stage, "agg"), tenant="ten_2")
            assert refusal.value.code == "NOT_FOUND"
    assert await remaining(stage) == 1


async def test_two_retries_at_once_do_not_handle_an_event_twice(stage: Any, until: Any) -> None:
    seen: Notes = []
    bad = True
    gate = asyncio.Event()

    async def handle(received: Received) -> None:
        if bad:
            raise Poison("bad")
        await gate.wait()
        seen.append((received.envelope.subject, received.envelope.streamversion))

    consumer = OrderedConsumer("notes", service=stage.service, handler=handle)
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: has(stage, 1))
        bad = False
        first = asyncio.create_task(bus.call(parked_retry(stage.service), entry_of(stage, "agg"), tenant=TENANT))
        await until(lambda: claimed(stage))
        with pytest.raises(Rejected) as refusal:
            await bus.call(parked_retry(stage.service), entry_of(stage, "agg"), tenant=TENANT)
        assert refusal.value.code == "CONFLICT"
        gate.set()
        assert (await first).handled == 1
    assert seen == [("agg", 1)]


async def test_a_message_that_is_no_event_is_parked_as_it_came(stage: Any, until: Any) -> None:
    seen: Notes = []
    consumer = OrderedConsumer("notes", service=stage.service, handler=noting(seen, lambda _: None))
    await stage.provision(consumer)
    await stage.client.jetstream().publish(f"ev.{stage.service}.0.{TENANT}.thing.happened-v1", b"\x00 not json")
    [behind] = stage.in_partition(0)
    await stage.publish(stage.event(behind))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: seen == [(behind, 1)])
    [entry] = await list_parked(stage.database)
    assert entry.reason.startswith("not an event")
    stored = await stage.database["parked_events"].find_one({})
    assert stored is not None
    assert bytes(stored["payload"]) == b"\x00 not json"


async def test_an_outage_is_retried_for_as_long_as_it_takes(stage: Any, until: Any) -> None:
    attempts: list[int] = []

    async def need(received: Received) -> None:
        attempts.append(received.delivered)
        if received.delivered <= FAST.max_attempts + FAST.max_crashes + 3:
            raise ConnectionError("MongoDB is down")

    consumer = OrderedConsumer("notes", service=stage.service, handler=need, retry=FAST)
    await stage.provision(consumer)
    await stage.publish(stage.event("agg"))
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: attempts == list(range(1, 9)))
    assert await list_parked(stage.database) == []


async def test_an_event_that_ends_its_process_is_parked_before_it_is_handled_again(
    stage: Any, until: Any, tmp_path: Path
) -> None:
    consumer = OrderedConsumer("notes", service=stage.service, ack_wait=0.3)
    await stage.provision(consumer)
    deadly, harmless = stage.in_partition(4, count=2)
    await stage.publish(stage.event(deadly, deadly=True), stage.event(deadly), stage.event(harmless))
    program = tmp_path / "dying.py"
    program.write_text(DYING)
    seen = tmp_path / "seen"
    deaths = 0
    while not seen.exists():
        assert deaths < 6, "it was never parked"
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), stage.service, str(seen), env={**os.environ, **environment(stage)}
        )
        deaths += await process.wait() == 9
    assert deaths >= 2
    [entry] = await list_parked(stage.database)
    assert (entry.key.subject, entry.events) == (deadly, 2)
    assert "ended the process" in entry.reason
    assert orjson.loads(seen.read_bytes()) == harmless


async def test_parking_the_same_event_twice_changes_nothing(stage: Any) -> None:
    key = ParkingKey("notes", stage.service, TENANT, "agg")
    event = ParkedEvent("evt_1", 1, "thing.happened.v1", b"{}", {"a": "b"})
    for _ in range(2):
        await stage.lot.park("owner", key, event, "bad")
        assert await stage.lot.add(key, event)
    [entry] = await list_parked(stage.database)
    assert entry.events == 1
    claim = await stage.lot.claim(key)
    assert await stage.lot.first(key, claim) == event


async def test_nothing_is_added_to_an_aggregate_that_is_not_parked(stage: Any) -> None:
    key = ParkingKey("notes", stage.service, TENANT, "agg")
    assert not await stage.lot.add(key, ParkedEvent("evt_1", 1, "thing.happened.v1", b"{}"))
    assert await stage.database["parked_events"].count_documents({}) == 0


async def test_an_event_that_arrives_while_an_entry_is_emptied_keeps_it_open(stage: Any) -> None:
    key = ParkingKey("notes", stage.service, TENANT, "agg")
    first, second = (ParkedEvent(f"evt_{n}", n, "thing.happened.v1", b"{}") for n in (1, 2))
    await stage.lot.park("owner", key, first, "bad")
    claim = await stage.lot.claim(key)
    await stage.lot.remove(key, first)
    assert await stage.lot.add(key, second)
    assert await stage.lot.release(key, claim, None) == 1
    assert await stage.lot.is_parked(key)


async def test_parking_indexes_are_provisioned_once(stage: Any) -> None:
    resources = parking_resources(stage.database)
    assert {found.what for found in await provision(resources)} == {"missing"}
    assert await drift_of(resources) == []


async def has(stage: Any, events: int) -> bool:
    return await remaining(stage) == events


async def claimed(stage: Any) -> bool:
    return await stage.database["parked"].find_one({"claim": {"$ne": None}}) is not None


def environment(stage: Any) -> dict[str, str]:
    return {
        "DRAMATIS_NATS_URL": stage.settings.nats_url,
        "DRAMATIS_MONGO_URL": stage.settings.mongo_url,
        "DRAMATIS_MONGO_DATABASE": stage.settings.mongo_database,
    }


DYING = """
import asyncio, json, os, pathlib, sys
from dramatis_bus import Bus, OrderedConsumer, Retry
from dramatis_kit import Settings

service, seen = sys.argv[1], pathlib.Path(sys.argv[2])

async def main():
    done = asyncio.Event()

    async def handle(received):
        if received.envelope.data.get("deadly"):
            os._exit(9)
        seen.write_text(json.dumps(received.envelope.subject))
        done.set()

    retry = Retry(max_crashes=1)
    consumer = OrderedConsumer("notes", service=service, handler=handle, retry=retry, ack_wait=0.3)
    async with Bus.open(Settings(), name=service) as bus:
        bus.consume(consumer)
        await bus.start()
        await asyncio.wait_for(done.wait(), 20)

asyncio.run(main())
"""
