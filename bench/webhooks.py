"""Webhook deliveries: how many a process makes, and whether bad endpoints delay healthy ones.

The notifier runs in a process of its own as `dramatis serve` starts it; events come from JetStream, every attempt is
stored in MongoDB. All receivers are one process. A delivery counts when its attempt is stored.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import aiohttp
from pymongo.asynchronous.database import AsyncDatabase

from bench.engines import engine, folder
from bench.events import created
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of
from bench.waiting import answers, until
from dramatis_bus import Bus, encode_event
from dramatis_contracts.envelope import Envelope, schema_of, source_of
from dramatis_contracts.notifier import v1
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_kit import Document, new_id, utc_now
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings

_ENDPOINTS = 50
_BAD = {"hang": 5, "fail": 5, "slow": 5}
_EVENTS_PER_SECOND = 10
_PLACES = 8  # a notifier's default per endpoint
_OWN = {
    "DRAMATIS_EMBEDDED": "true",
    "DRAMATIS_WEBHOOKS_PER_TENANT": "1000",
    "DRAMATIS_LOG_LEVEL": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A running notifier, its database, and the receivers."""

    bus: Bus
    database: AsyncDatabase[Document]
    receivers: aiohttp.ClientSession
    address: str

    async def register(self, tenant: str, urls: Sequence[str]) -> list[v1.Webhook]:
        commands = [v1.RegisterWebhook(webhook_id=new_id("wh"), url=url, events=("persona.created",)) for url in urls]
        return [await self.bus.call(v1.register_webhook, command, tenant=tenant) for command in commands]

    async def publish(self, event: Envelope) -> None:
        subject, payload, headers = encode_event(event, 1)
        await self.bus.jetstream().publish(subject, payload, headers=headers)

    async def pending(self) -> bool:
        """Whether anything waits for an attempt or for its result to be stored; an index alone tells."""
        return await self.database["webhook_deliveries"].find_one({"status": "pending"}, {"_id": 1}) is not None

    async def arrived(self) -> int:
        async with self.receivers.get("/count") as response:
            return int(await response.read())

    async def report(self, *, reset: bool = False) -> dict[str, Any]:
        async with self.receivers.get("/reset" if reset else "/report") as response:
            found: dict[str, Any] = await response.json(content_type=None)
            return found


async def measure(size: Size) -> list[Row]:
    async with _scene() as scene:
        await _rate(scene, 20, 100)
        rates = [await _pair(scene, size.of(500, 2000)) for _ in range(size.of(3, 7))]
        delays = [await _isolation(scene, size.of(12, 30)) for _ in range(size.of(3, 5))]
    return [_throughput_row(rates), _isolation_row(delays, size)]


def _throughput_row(pairs: Sequence[Pair]) -> Row:
    ratio = ratio_of(pairs)
    return Row(
        name="webhooks",
        what="webhook deliveries of one process, attempts stored",
        n=f"{len(pairs)} pairs, 20 endpoints",
        unit="deliveries/s",
        ours=ours_of(pairs),
        reference=reference_of(pairs),
        reference_is="bare aiohttp client, nothing signed or stored",
        ratio=ratio,
        target=Target("≥ 0.4 ×", ratio.median >= 0.4),
    )


def _isolation_row(pairs: Sequence[Pair], size: Size) -> Row:
    ratio = ratio_of(pairs)
    healthy = _ENDPOINTS - sum(_BAD.values())
    bad = ", ".join(f"{count} {name}" for name, count in _BAD.items())
    return Row(
        name="webhooks-isolation",
        what=f"event → {healthy} healthy endpoints, p99, beside {bad}",
        n=f"{len(pairs)} pairs of {size.of(12, 30)} s, {_EVENTS_PER_SECOND} events/s",
        unit="ms",
        ours=ours_of(pairs),
        reference=reference_of(pairs),
        reference_is="the healthy ones alone",
        ratio=ratio,
        target=Target("< 2 ×", ratio.median < 2),
    )


async def _pair(scene: Scene, events: int) -> Pair:
    return Pair(await _rate(scene, 20, events), await _bare(scene, 20, 20 * events))


async def _rate(scene: Scene, endpoints: int, events: int) -> float:
    """Deliveries per second, from the first POST until the last attempt is stored."""
    tenant = new_id("bench")
    webhooks = await scene.register(tenant, [f"{scene.address}/ok/{n}" for n in range(endpoints)])
    await scene.report(reset=True)
    told = [_event(tenant) for _ in range(events)]
    for start in range(0, events, 200):
        await asyncio.gather(*(scene.publish(event) for event in told[start : start + 200]))

    async def stored() -> bool:
        return await scene.arrived() >= endpoints * events and not await scene.pending()

    await until("every delivery is stored", stored)
    ended = time.time()
    report = await scene.report()
    await _remove(scene, tenant, webhooks)
    return float(endpoints * events / (ended - report["first"]))


async def _bare(scene: Scene, endpoints: int, posts: int) -> float:
    await scene.report(reset=True)
    urls = [f"{scene.address}/ok/{n}" for n in range(endpoints)]
    command = [sys.executable, "-m", "bench.webhook_client", *urls, str(posts), str(endpoints * _PLACES)]
    client = await asyncio.create_subprocess_exec(*command)
    if await client.wait():
        raise RuntimeError("the bare client failed")
    report = await scene.report()
    return float(report["count"] / report["seconds"])


async def _isolation(scene: Scene, seconds: int) -> Pair:
    """p99 in milliseconds from event to arrival at healthy endpoints: beside bad ones, and alone."""
    alone = await _delay(scene, seconds, {})
    return Pair(await _delay(scene, seconds, _BAD), alone)


async def _delay(scene: Scene, seconds: int, bad: dict[str, int]) -> float:
    tenant = new_id("bench")
    healthy = [f"{scene.address}/ok/{n}" for n in range(_ENDPOINTS - sum(_BAD.values()))]
    others = [f"{scene.address}/{name}/{n}" for name, count in bad.items() for n in range(count)]
    webhooks = await scene.register(tenant, [*others, *healthy])
    await _steadily(scene, tenant, 2)  # connections, and the bad ones begin to be bad
    await scene.report(reset=True)
    await _steadily(scene, tenant, seconds)
    await asyncio.sleep(1)
    report = await scene.report()
    wanted = len(healthy) * seconds * _EVENTS_PER_SECOND
    if report["ms"]["ok"]["count"] < wanted:
        raise RuntimeError(f"{report['ms']['ok']['count']} of {wanted} deliveries arrived at healthy endpoints")
    await _remove(scene, tenant, webhooks)
    return float(report["ms"]["ok"]["p99"])


async def _steadily(scene: Scene, tenant: str, seconds: int) -> None:
    """Publish at a steady rate that waits for nobody."""
    begin = asyncio.get_running_loop().time()
    for number in range(seconds * _EVENTS_PER_SECOND):
        await asyncio.sleep(begin + number / _EVENTS_PER_SECOND - asyncio.get_running_loop().time())
        await scene.publish(_event(tenant))


async def _remove(scene: Scene, tenant: str, webhooks: Sequence[v1.Webhook]) -> None:
    for webhook in webhooks:
        await scene.bus.call(v1.remove_webhook, v1.RemoveWebhook(webhook_id=webhook.id), tenant=tenant)
    await scene.database["webhook_deliveries"].delete_many({"tenant": tenant})


def _event(tenant: str) -> Envelope:
    body = created()
    return Envelope(
        id=new_id("evt"),
        source=source_of(body.owner),
        type=body.type,
        subject=new_id("pers"),
        time=utc_now(),
        dataschema=schema_of(body.type),
        tenantid=tenant,
        streamversion=1,
        correlationid="req_bench",
        data=body.model_dump(mode="json"),
    )


@asynccontextmanager
async def _scene() -> AsyncIterator[Scene]:
    with folder() as under, ExitStack() as stack:
        nats = stack.enter_context(engine(start_nats, under / "nats"))
        mongo = stack.enter_context(engine(start_mongod, under / "mongod"))
        settings = Settings(nats_url=nats, mongo_url=mongo)
        address = stack.enter_context(_receivers())
        stack.enter_context(_notifier(settings))
        async with (
            connect(settings) as client,
            aiohttp.ClientSession(address) as receivers,
            Bus.open(settings, name="bench") as bus,
        ):
            await bus.start()
            await until("the notifier", lambda: answers(bus, v1.list_webhooks, v1.ListWebhooks()))
            yield Scene(bus, client[settings.mongo_database], receivers, address)


@contextmanager
def _receivers() -> Iterator[str]:
    child = Popen([sys.executable, "-m", "bench.webhook_receiver"], stdout=PIPE)
    try:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"
    finally:
        child.kill()
        child.communicate()


@contextmanager
def _notifier(settings: Settings) -> Iterator[None]:
    command = [str(Path(sys.executable).with_name("dramatis")), "serve", "notifier", "--provision"]
    engines = {"DRAMATIS_NATS_URL": settings.nats_url, "DRAMATIS_MONGO_URL": settings.mongo_url}
    child = Popen(command, env={**os.environ, **engines, **_OWN}, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        child.wait(30)
