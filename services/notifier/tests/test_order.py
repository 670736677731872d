"""FIFO endpoints: the events of one object arrive in order, whatever fails, dies or comes late."""

import asyncio
import random
from collections import defaultdict
from typing import Any

import orjson
from aiohttp import web

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier import v1
from dramatis_contracts.persona.v1 import PersonaCreated, PersonaProfile
from dramatis_eventlog import Cause, StreamId
from dramatis_kit import new_id
from dramatis_testkit.receiver import Receiver, receiving

from .webhook_rig import TENANT, Mongo, Rig, call, event, notifier

SEED = 20261121


def story(objects: int, length: int) -> list[Envelope]:
    """The events of some objects, in the order of the log."""
    return [
        event(subject=f"sim_{number}", version=version, step=version)
        for version in range(1, length + 1)
        for number in range(objects)
    ]


def accepted(receiver: Receiver) -> dict[str, list[int]]:
    """What each object's events were when they were accepted, in the order of arrival."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for post in receiver.posts:
        data = orjson.loads(post.body)["data"]
        found[data["object_id"]].append(data["details"]["step"])
    return found


def without_repetition(steps: list[int]) -> list[int]:
    return list(dict.fromkeys(steps))


async def announce_in_batches(rig: Rig, events: list[Envelope], size: int = 200) -> None:
    for start in range(0, len(events), size):
        await rig.announce(*events[start : start + size])


async def test_random_failures_reorder_nothing(database: Mongo) -> None:
    chance = random.Random(SEED)

    async def moody(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=500 if chance.random() < 0.2 else 204)

    quick: dict[str, Any] = {"webhook_retry_seconds": (0.01,) * 10, "webhook_circuit_failures": 50}
    async with receiving(always=moody) as receiver, notifier(database, **quick) as rig:
        webhook = await rig.register(receiver.url, ordering="fifo")
        await announce_in_batches(rig, story(objects=20, length=20))
        await settled(rig, webhook, 400)
    for steps in accepted(receiver).values():
        assert without_repetition(steps) == list(range(1, 21))
        assert steps == sorted(steps)


async def settled(rig: Rig, webhook: v1.Webhook, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            query = v1.ListDeliveries(webhook_id=webhook.id, status="delivered")
            if (await rig.inspection.list_deliveries(call(query))).total == count:
                return
            await asyncio.sleep(0.05)


async def test_while_one_object_waits_for_its_retry_others_go_on(database: Mongo) -> None:
    first = asyncio.Event()

    async def refuse_one(request: web.Request) -> web.StreamResponse:
        stuck = orjson.loads(await request.read())["data"]["object_id"] == "sim_0" and not first.is_set()
        return web.Response(status=500 if stuck else 204)

    patient: dict[str, Any] = {"webhook_retry_seconds": (0.3,) * 50, "webhook_circuit_failures": 100}
    async with receiving(always=refuse_one) as receiver, notifier(database, **patient) as rig:
        webhook = await rig.register(receiver.url, ordering="fifo")
        await rig.announce(*story(objects=3, length=5))
        await settled(rig, webhook, 10)
        assert set(accepted(receiver)["sim_0"]) == {1}
        first.set()
        await settled(rig, webhook, 15)
        assert without_repetition(accepted(receiver)["sim_0"]) == [1, 2, 3, 4, 5]


async def test_two_processes_and_a_restart_reorder_nothing(database: Mongo) -> None:
    chance = random.Random(SEED)

    async def moody(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=503 if chance.random() < 0.1 else 204)

    quick: dict[str, Any] = {
        "webhook_retry_seconds": (0.02,) * 20,
        "webhook_lease_seconds": 1,
        "webhook_circuit_failures": 50,
    }
    async with receiving(always=moody) as receiver:
        async with notifier(database, **quick) as one, notifier(database, **quick) as other:
            webhook = await one.register(receiver.url, ordering="fifo")
            events = story(objects=10, length=20)
            even, odd = events[:100:2], events[1:100:2]
            await asyncio.gather(one.announce(*even), other.announce(*odd))
            await receiver.got(30)
        async with notifier(database, **quick) as again:
            await again.announce(*events[100:])
            await settled(again, webhook, 200)
    for steps in accepted(receiver).values():
        # A POST that a stopping process cut off may have arrived; it is repeated before anything newer.
        assert without_repetition(steps) == list(range(1, 21))
        assert steps == sorted(steps)


async def test_a_batch_that_comes_too_early_waits_for_what_the_log_has_before_it(database: Mongo) -> None:
    """The bus hands batches to several processes; the later one may be quicker."""
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, "persona.created", ordering="fifo")
        events: list[Envelope] = []
        for version in range(4):
            commit = await rig.stores.webhooks.log.append(
                TENANT,
                StreamId("persona", "pers_1"),
                [PersonaCreated(profile=PersonaProfile(name=str(version)))],
                expected_version=version,
                command_id=new_id("cmd"),
                cause=Cause("req_1"),
            )
            events += commit.events
        await rig.announce(events[3])
        await rig.announce(events[0], events[1])
        await rig.announce(events[2])
        await rig.all(webhook, "delivered", 4)
        assert [post.message_id for post in receiver.posts] == [one.id for one in events]


async def test_what_has_failed_for_good_leaves_a_gap_and_no_other_order(database: Mongo) -> None:
    async def refuse_second(request: web.Request) -> web.StreamResponse:
        step = orjson.loads(await request.read())["data"]["details"]["step"]
        return web.Response(status=400 if step == 2 else 204)

    async with receiving(always=refuse_second) as receiver, notifier(database, webhook_retry_seconds=(0.01,)) as rig:
        webhook = await rig.register(receiver.url, ordering="fifo")
        await rig.announce(*story(objects=1, length=4))
        await settled(rig, webhook, 3)
        assert accepted(receiver)["sim_0"] == [1, 2, 2, 3, 4]
        (failed,) = await rig.deliveries(webhook, status="failed")
        receiver.always = 204
        await rig.inspection.replay_one(call(v1.ReplayOne(webhook_id=webhook.id, delivery_id=failed.id)))
        await settled(rig, webhook, 4)


async def test_a_repeated_event_of_a_chain_is_delivered_once(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, ordering="fifo")
        events = story(objects=2, length=3)
        await rig.announce(*events, *events)
        await rig.announce(*events)
        await rig.all(webhook, "delivered", 6)
        await rig.announce(*events)
        assert len(receiver.posts) == 6
