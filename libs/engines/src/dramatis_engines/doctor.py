"""`dramatis doctor`: what is installed, reachable, drifting and lagging, and whether any of it is wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from typing import Literal

import nats
from nats.aio.client import Client as Nats
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus import Bus
from dramatis_bus.parking import list_parked
from dramatis_bus.subjects import stream_name
from dramatis_contracts.registry import SERVICES
from dramatis_engines.console import Voice
from dramatis_engines.disk import free_mb
from dramatis_engines.embedded import Unreachable, clickhouse_answers, mongo_answers, nats_answers, redacted
from dramatis_engines.serving import declared
from dramatis_engines.settings import PlatformSettings, command_settings
from dramatis_kit import Document, Unavailable, utc_now
from dramatis_kit.provisioning import drift_of
from dramatis_kit.service import Runtime, connect, installed

State = Literal["ok", "wrong"]

_DEADLINE = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    name: str
    state: State
    words: str


def doctor(*, as_json: bool) -> int:
    """Look at everything and tell; 1 when something is wrong."""
    found = asyncio.run(examine(command_settings()))
    wrong = sum(finding.state == "wrong" for finding in found)
    if as_json:
        print(json.dumps({"ok": not wrong, "findings": [asdict(finding) for finding in found]}, indent=2))  # noqa: T201 - for programs
    else:
        _tell(found, wrong, Voice())
    return 1 if wrong else 0


def _tell(found: list[Finding], wrong: int, voice: Voice) -> None:
    width = max(len(finding.name) for finding in found)
    area = ""
    for finding in found:
        if finding.area != area:
            area = finding.area
            voice.title(area)
        say = voice.line if finding.state == "ok" else voice.problem
        say(f"  {'✓' if finding.state == 'ok' else '✗'} {finding.name:{width}}  {finding.words}")
    voice.line(f"{wrong} wrong." if wrong else "All is well.")


async def examine(settings: PlatformSettings) -> list[Finding]:
    """Every finding, in the order in which one would look; what needs a dead engine is left out."""
    found = [*_packages(), _disk(settings)]
    engines = await asyncio.gather(
        *(asyncio.to_thread(_engine, name, getattr(settings, address), ask) for name, address, ask in _ENGINES)
    )
    found += engines
    if any(engine.state == "wrong" for engine in engines):
        return found
    async with asyncio.timeout(_DEADLINE), connect(settings) as mongo:
        found += [finding async for finding in _drift(Runtime(settings=settings, mongo=mongo))]
        found += [finding async for finding in _log_and_parking(settings, mongo[settings.mongo_database])]
        found += [finding async for finding in _consumers(settings)]
        found += [finding async for finding in _services(settings)]
    return found


_ENGINES: tuple[tuple[str, str, Callable[[str], None]], ...] = (
    ("MongoDB", "mongo_url", mongo_answers),
    ("NATS", "nats_url", nats_answers),
    ("ClickHouse", "clickhouse_url", clickhouse_answers),
)


def _packages() -> list[Finding]:
    versions = {str(found.metadata["Name"]): found.version for found in distributions()}
    ours = sorted(name for name in versions if name.startswith("dramatis-"))
    return [Finding("installed", name, "ok", versions[name]) for name in ours]


def _disk(settings: PlatformSettings) -> Finding:
    free = free_mb(settings.data_dir)
    state: State = "ok" if free >= settings.disk_warn_mb else "wrong"
    return Finding("disk", str(settings.data_dir), state, f"{free} MB free, warned of below {settings.disk_warn_mb}")


def _engine(name: str, url: str, ask: Callable[[str], None]) -> Finding:
    try:
        ask(url)
    except Unreachable as why:
        return Finding("engines", name, "wrong", f"{redacted(url)}: {why}")
    return Finding("engines", name, "ok", redacted(url))


async def _drift(runtime: Runtime) -> AsyncIterator[Finding]:
    resources = declared(list(installed().values()), runtime)
    drifting = await drift_of(resources)
    for drift in drifting:
        yield Finding("declared", f"{drift.kind} {drift.name}", "wrong", drift.what)
    if not drifting:
        yield Finding("declared", f"{len(resources)} resources", "ok", "as declared")


async def _log_and_parking(settings: PlatformSettings, database: AsyncDatabase[Document]) -> AsyncIterator[Finding]:
    oldest = await database["commits"].find_one({"relayed": False}, {"recorded_at": 1}, sort=[("recorded_at", 1)])
    waited = (utc_now() - oldest["recorded_at"]).total_seconds() if oldest else 0.0
    words = f"the oldest commit not yet published waits for {waited:.1f} s" if oldest else "every commit is published"
    yield Finding("lag", "relay", "ok" if waited < settings.doctor_relay_seconds else "wrong", words)
    entries = await list_parked(database)
    parked = f"{len(entries)} aggregates; see `dramatis parked list`" if entries else "nothing is parked"
    yield Finding("lag", "parked", "wrong" if entries else "ok", parked)


async def _consumers(settings: PlatformSettings) -> AsyncIterator[Finding]:
    """One finding per stream and consumer name; a partitioned consumer's durables are summed up."""
    client = await nats.connect(settings.nats_url, connect_timeout=5, max_reconnect_attempts=0)
    try:
        lags: dict[str, int] = {}
        for service in SERVICES:
            for name, pending in await _pending(client, stream_name(service)):
                lags[name] = lags.get(name, 0) + pending
    finally:
        await client.close()
    for name, pending in sorted(lags.items()):
        state: State = "ok" if pending <= settings.doctor_consumer_events else "wrong"
        yield Finding("lag", name, state, f"{pending} events wait")


async def _pending(client: Nats, stream: str) -> list[tuple[str, int]]:
    found = await client.jetstream().consumers_info(stream)
    return [
        (_consumer_name(stream, info.name), (info.num_pending or 0) + (info.num_ack_pending or 0)) for info in found
    ]


def _consumer_name(stream: str, durable: str) -> str:
    name, dash, partition = durable.rpartition("-p")
    return f"{stream} {name if dash and partition.isdigit() else durable}"


async def _services(settings: PlatformSettings) -> AsyncIterator[Finding]:
    names = [name for name in installed() if name != "gateway"]
    async with Bus.open(settings, name="dramatis-doctor") as bus:
        await bus.start()
        for name, finding in zip(names, await asyncio.gather(*(_health(bus, name) for name in names)), strict=True):
            state: State = "ok" if finding == "ok" else "wrong"
            yield Finding("services", name, state, finding)


async def _health(bus: Bus, service: str) -> str:
    try:
        health = await bus.health_of(service)
    except Unavailable:
        return "no answer"
    return "; ".join(f"{check}: {words}" for check, words in health.checks.items() if words != "ok") or health.status
