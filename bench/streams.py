"""One event to ten thousand event streams of one gateway process, and what each of them costs in memory.

The gateway, the relay and the clients are processes of their own. Timed from the moment at which the log has accepted
the event to the moment at which the last client has read its last byte: the relay's way is in it.
"""

import asyncio
import json
import os
import resource
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from bench.engines import engine, folder
from bench.events import CAUSE, created, stream
from bench.measure import Row, Size, Spread, Target, quantile, spread
from bench.platform import NO_LIMITS
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_engines.ports import free_port
from dramatis_engines.processes import reap, spawn
from dramatis_eventlog import EventLog
from dramatis_kit import new_id
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings

CLIENTS = 10_000
_SPARE_FILES = 500
_SECONDS = 120.0
_MOST_SECONDS, _MOST_KB = 0.6, 60


async def measure(size: Size) -> list[Row]:
    more_files(CLIENTS + _SPARE_FILES)
    runs, events = size.of(3, 6), size.of(10, 20)
    measured = [await _run(events) for _ in range(runs)]
    return [
        _row(
            "streams-fan-out",
            f"one event to {CLIENTS} SSE clients of one process",
            f"{runs} gateways, {events} events each",
            "s",
            spread([seconds for took, _ in measured for seconds in took]),
            _MOST_SECONDS,
            p95=quantile([seconds for took, _ in measured for seconds in took], 0.95),
        ),
        _row(
            "streams-memory",
            "memory of one SSE connection",
            f"{runs} gateways, {CLIENTS} connections each",
            "KB",
            spread([kilobytes for _, kilobytes in measured]),
            _MOST_KB,
        ),
    ]


def more_files(wanted: int) -> None:
    """For the gateway, which inherits it. Raises ValueError when the machine does not allow so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise ValueError(f"{wanted} open files are wanted, {hard} allowed")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _row(name: str, what: str, n: str, unit: str, ours: Spread, most: float, *, p95: float | None = None) -> Row:
    return Row(
        name=name,
        what=what,
        n=n,
        unit=unit,
        ours=ours,
        p95=p95,
        target=Target(f"< {most:g} {unit}", ours.median < most),
    )


async def _run(events: int) -> tuple[list[float], float]:
    """Seconds of each event, and kilobytes (1024 bytes) of resident memory per connection."""
    with folder() as under, _platform(under) as (settings, gateway, key):
        before = _resident(gateway)
        async with _clients(settings.gateway_port, key) as clients, connect(settings) as mongo:
            grown = (_resident(gateway) - before) / CLIENTS / 1024
            log = EventLog(mongo[settings.mongo_database])
            tenant = json.loads((settings.data_dir / "dev-credentials.json").read_text())["brokerage_id"]
            took = [await _one_event(log, tenant, clients) for _ in range(events)]
    return took, grown


async def _one_event(log: EventLog, tenant: str, clients: Process) -> float:
    name = new_id("cmd")
    await log.append(tenant, stream(name), [created()], expected_version=0, command_id=name, cause=CAUSE)
    accepted = time.monotonic()
    found = await _said(clients)
    await asyncio.sleep(0.2)
    return float(found["last"]) - accepted


@contextmanager
def _platform(under: Path) -> Iterator[tuple[Settings, int, str]]:
    """Settings, the process id of the gateway and an API key."""
    with ExitStack() as running:
        settings = Settings(
            mongo_url=running.enter_context(engine(start_mongod, under / "mongod")),
            nats_url=running.enter_context(engine(start_nats, under / "nats")),
            data_dir=under,
            gateway_port=free_port(),
            embedded=True,
        )
        running.enter_context(_service("relay", settings))
        gateway = running.enter_context(_service("gateway", settings))
        credentials = under / "dev-credentials.json"
        deadline = time.monotonic() + _SECONDS
        while not credentials.exists() or not _listens(settings.gateway_port):
            if time.monotonic() > deadline:
                raise TimeoutError("the gateway did not start")
            time.sleep(0.05)
        yield settings, gateway, json.loads(credentials.read_text())["api_key"]


@contextmanager
def _service(name: str, settings: Settings) -> Iterator[int]:
    names = ("mongo_url", "nats_url", "data_dir", "gateway_port", "embedded")
    own = {f"DRAMATIS_{setting.upper()}": str(getattr(settings, setting)) for setting in names}
    command = [sys.executable, "-m", "dramatis_engines.cli", "serve", "--provision", name]
    process = spawn(command, settings.data_dir / f"{name}.log", env={**os.environ, **NO_LIMITS, **own})
    try:
        yield process.pid
    finally:
        process.terminate()
        reap(process, 20)


def _listens(port: int) -> bool:
    listening = f":{port:04X} 00000000:0000 0A"
    return listening in Path("/proc/net/tcp").read_text()


def _resident(process: int) -> int:
    """Bytes of physical memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@asynccontextmanager
async def _clients(port: int, key: str) -> AsyncIterator[Process]:
    command = ("-m", "bench.stream_clients", str(port), key, str(CLIENTS))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE)
    try:
        found = await _said(process)
        if found != {"open": CLIENTS}:
            raise RuntimeError(f"not all clients have a stream: {found}")
        yield process
    finally:
        process.kill()
        await process.wait()


async def _said(process: Process) -> dict[str, Any]:
    assert process.stdout
    async with asyncio.timeout(_SECONDS):
        line = await process.stdout.readline()
    found: dict[str, Any] = json.loads(line)
    return found
