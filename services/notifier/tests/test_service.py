"""The notifier as a service, on real NATS and MongoDB: calls in, events in, signed POSTs out; also killed midway."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pymongo.asynchronous.database import AsyncDatabase
from standardwebhooks import Webhook

from dramatis_bus import Bus, encode_event
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier import v1
from dramatis_engines.mongod import start_mongod
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Document, Rejected, new_id, utc_now
from dramatis_kit.provisioning import drift_of, provision
from dramatis_kit.service import Runtime, connect
from dramatis_notifier.app import service
from dramatis_notifier.settings import NotifierSettings
from dramatis_testkit.hosting import hosted
from dramatis_testkit.receiver import receiving

Mongo = AsyncDatabase[Document]
TENANT = "brk_1"
LEASE = 0.5

PROCESS = """
import asyncio
from dramatis_kit.service import serve
from dramatis_notifier.app import service
from dramatis_notifier.settings import NotifierSettings
asyncio.run(serve([service], NotifierSettings(), ready=lambda: print("ready", flush=True)))
"""


@pytest.fixture
def settings(nats_url: str, mongo_url: str, database: Mongo) -> NotifierSettings:
    return NotifierSettings(
        nats_url=nats_url,
        mongo_url=mongo_url,
        mongo_database=database.name,
        embedded=True,
        webhook_retry_seconds=(0.05,) * 4,
        webhook_lease_seconds=LEASE,
        webhook_poll_seconds=0.1,
        drain_seconds=0.2,
    )


def told(type_: str = "simulation.completed.v1", service_: str = "simulation-engine") -> Envelope:
    return Envelope(
        id=new_id("evt"),
        source=f"/dramatis/{service_}",
        type=type_,
        subject="sim_1",
        time=utc_now(),
        dataschema="urn:x",
        tenantid=TENANT,
        streamversion=1,
        correlationid="req_1",
        data={"name": "Penthouse"},
    )


async def publish(bus: Bus, *events: Envelope) -> None:
    for position, event in enumerate(events, 1):
        subject, payload, headers = encode_event(event, position)
        await bus.jetstream().publish(subject, payload, headers=headers)


async def register(bus: Bus, url: str, *events: str) -> v1.Webhook:
    command = v1.RegisterWebhook(webhook_id=new_id("wh"), url=url, events=events or ("*",))
    return await bus.call(v1.register_webhook, command, tenant=TENANT)


async def deliveries(bus: Bus, webhook: v1.Webhook) -> list[v1.Delivery]:
    query = v1.ListDeliveries(webhook_id=webhook.id)
    return (await bus.call(v1.list_deliveries, query, tenant=TENANT)).items


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.02)
        return found


async def test_an_event_on_the_bus_becomes_a_signed_post(settings: NotifierSettings) -> None:
    async with receiving() as receiver, hosted(settings, service) as bus:
        webhook = await register(bus, receiver.url, "simulation.completed")
        event = told()
        await publish(bus, told("simulation.started.v1"), event, told("persona.created.v1", "persona"))
        (post,) = await receiver.got(1)
        payload = Webhook(webhook.secret or "").verify(post.body, post.headers)
        assert payload["metadata"] == {"brokerage_id": TENANT, "agent_id": None, "api_version": "v1"}

        async def delivered() -> bool:
            return [one.status for one in await deliveries(bus, webhook)] == ["delivered"]

        await eventually(delivered)
    assert [post.message_id for post in receiver.posts] == [event.id]


async def test_a_star_gets_the_events_of_every_service(settings: NotifierSettings) -> None:
    async with receiving() as receiver, hosted(settings, service) as bus:
        await register(bus, receiver.url)
        events = [told("persona.created.v1", "persona"), told(), told("tenant.registered.v1", "gateway")]
        await publish(bus, *events)
        await receiver.got(3)
        assert {post.message_id for post in receiver.posts} == {event.id for event in events}


async def test_a_repeated_registration_gets_the_same_secret_and_is_one_fact(
    settings: NotifierSettings, database: Mongo
) -> None:
    async with hosted(settings, service) as bus:
        command = v1.RegisterWebhook(webhook_id="wh_1", url="http://127.0.0.1:9/", events=("*",))
        first, second = [
            await bus.call(v1.register_webhook, command, tenant=TENANT, command_id="cmd_1") for _ in range(2)
        ]
        assert first == second
        assert first.secret
        with pytest.raises(Rejected, match="CONFLICT"):
            await bus.call(v1.register_webhook, command, tenant=TENANT, command_id="cmd_2")
        events = await EventLog(database).read(TENANT, StreamId("webhook", "wh_1"))
        assert [event.type for event in events] == ["webhook.registered.v1"]
        assert first.secret not in str(await database["commits"].find().to_list())
        assert first.secret not in str(await database["snapshots.webhook"].find().to_list())


async def test_webhooks_are_listed_newest_first_without_secrets_and_per_tenant(settings: NotifierSettings) -> None:
    async with hosted(settings, service) as bus:
        made = [await register(bus, f"http://127.0.0.1:9/{n}") for n in range(3)]
        await bus.call(v1.remove_webhook, v1.RemoveWebhook(webhook_id=made[1].id), tenant=TENANT)
        page = await bus.call(v1.list_webhooks, v1.ListWebhooks(), tenant=TENANT)
        assert {one.id for one in page.items} == {made[0].id, made[2].id}
        assert page.total == 2
        assert [one.secret for one in page.items] == [None, None]
        assert (await bus.call(v1.list_webhooks, v1.ListWebhooks(), tenant="brk_2")).items == []


async def test_another_tenants_webhook_does_not_exist(settings: NotifierSettings) -> None:
    async with hosted(settings, service) as bus:
        webhook = await register(bus, "http://127.0.0.1:9/")
        for tenant, webhook_id in (("brk_2", webhook.id), (TENANT, "wh_unknown")):
            with pytest.raises(Rejected, match="NOT_FOUND"):
                await bus.call(v1.remove_webhook, v1.RemoveWebhook(webhook_id=webhook_id), tenant=tenant)
            with pytest.raises(Rejected, match="NOT_FOUND"):
                await bus.call(v1.list_deliveries, v1.ListDeliveries(webhook_id=webhook_id), tenant=tenant)


async def test_a_tenant_may_have_so_many_webhooks(settings: NotifierSettings) -> None:
    few = settings.model_copy(update={"webhooks_per_tenant": 1})
    async with hosted(few, service) as bus:
        await register(bus, "http://127.0.0.1:9/")
        with pytest.raises(Rejected, match="at most 1"):
            await register(bus, "http://127.0.0.1:9/")


async def test_own_events_finish_what_a_dead_process_left_undone(settings: NotifierSettings, database: Mongo) -> None:
    async with receiving(always=500) as receiver, hosted(settings, service) as bus:
        webhook = await register(bus, receiver.url)
        await publish(bus, told())
        await receiver.got(1)
        log, stream = EventLog(database), StreamId("webhook", webhook.id)
        commit = await log.append(
            TENANT, stream, [v1.WebhookRemoved()], expected_version=1, command_id="c", cause=Cause("req_1")
        )
        await publish(bus, *commit.events)

        async def finished() -> bool:
            page = await bus.call(v1.list_webhooks, v1.ListWebhooks(), tenant=TENANT)
            secrets = await database["webhook_secrets"].count_documents({})
            statuses = {one.status for one in await deliveries(bus, webhook)}
            return (page.items, secrets, statuses & {"pending"}) == ([], 0, set())

        await eventually(finished)


async def test_it_is_healthy_and_provisioned(settings: NotifierSettings) -> None:
    async with hosted(settings, service) as bus:

        async def healthy() -> bool:
            health = await bus.health_of("notifier")
            return health.status == "ok" and health.checks["deliveries"] == "ok"

        await eventually(healthy)
        async with connect(settings) as mongo:
            assert await drift_of(service.resources(Runtime(settings=settings, mongo=mongo))) == []


@asynccontextmanager
async def process(settings: NotifierSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    """A notifier in a process of its own."""
    given = {f"DRAMATIS_{name.upper()}": value for name, value in settings.model_dump(mode="json").items()}
    given = {name: str(value) for name, value in given.items() if isinstance(value, str | int | float)}
    given["DRAMATIS_WEBHOOK_RETRY_SECONDS"] = str(list(settings.webhook_retry_seconds))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, env={**os.environ, **given}, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(20):
            assert b"ready" in await child.stdout.readline()
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_killed_between_post_and_record_it_delivers_again_under_the_same_id(settings: NotifierSettings) -> None:
    victim: list[asyncio.subprocess.Process] = []

    async def kill(_request: web.Request) -> web.StreamResponse:
        victim[0].send_signal(signal.SIGKILL)
        await victim[0].wait()
        return web.Response(status=204)

    async with receiving([kill]) as receiver:
        async with connect(settings) as mongo:
            await provision(service.resources(Runtime(settings=settings, mongo=mongo)))
        async with process(settings) as child, Bus.open(settings, name="test-client") as bus:
            victim.append(child)
            await bus.start()
            webhook = await register(bus, receiver.url)
            await publish(bus, event := told())
            await receiver.got(1)
            await child.wait()
        async with hosted(settings, service) as bus:
            posts = await receiver.got(2)
            assert [post.message_id for post in posts] == [event.id, event.id]
            assert posts[0].body == posts[1].body

            async def delivered() -> bool:
                return [one.status for one in await deliveries(bus, webhook)] == ["delivered"]

            await eventually(delivered)


async def test_killed_at_any_moment_it_loses_nothing(settings: NotifierSettings) -> None:
    """A hundred events while two processes are killed one after the other; afterwards each has arrived."""
    async with receiving() as receiver:
        async with connect(settings) as mongo:
            await provision(service.resources(Runtime(settings=settings, mongo=mongo)))
        events: list[Envelope] = []
        async with Bus.open(settings, name="test-client") as bus:
            await bus.start()
            for first in (0, 50):
                async with process(settings) as child:
                    if not first:
                        await register(bus, receiver.url)
                    some = [told() for _ in range(50)]
                    events += some
                    await asyncio.gather(publish(bus, *some), receiver.got(first + 5))
                    child.kill()
        async with hosted(settings, service):

            async def complete() -> bool:
                return {post.message_id for post in receiver.posts} == {event.id for event in events}

            await eventually(complete, seconds=60)


async def test_a_result_is_held_while_mongodb_is_away(
    settings: NotifierSettings, tmp_path: Path, nats_url: str
) -> None:
    """Paused between POST and record, MongoDB costs the receiver no second POST and the sender no result."""
    mongod = start_mongod(tmp_path / "mongo")
    changes = {"mongo_url": mongod.url, "mongo_timeout_ms": 500, "webhook_lease_seconds": 60}

    async def pause(_request: web.Request) -> web.StreamResponse:
        mongod.process.send_signal(signal.SIGSTOP)
        return web.Response(status=204)

    try:
        async with receiving([pause]) as receiver, hosted(settings.model_copy(update=changes), service) as bus:
            webhook = await register(bus, receiver.url)
            await publish(bus, told())
            await receiver.got(1)

            async def noticed() -> bool:
                return (await bus.health_of("notifier")).status == "unhealthy"

            await eventually(noticed)
            mongod.process.send_signal(signal.SIGCONT)

            async def delivered() -> bool:
                return [one.status for one in await deliveries(bus, webhook)] == ["delivered"]

            await eventually(delivered)
            assert len(receiver.posts) == 1
    finally:
        mongod.process.send_signal(signal.SIGCONT)
        mongod.stop()
