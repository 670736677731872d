"""`dramatis up --no-demo` until it is ready, against starting the three bare engines side by side."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.engines import folder
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of
from dramatis_engines.clickhouse.launch import launch_clickhouse
from dramatis_engines.mongod import launch_mongod
from dramatis_engines.nats_server import launch_nats
from dramatis_engines.processes import Launched
from dramatis_testkit.platforms import start_platform

_MOST = 10.0


async def measure(size: Size) -> list[Row]:
    cold: list[Pair] = []
    warm: list[Pair] = []
    for _ in range(size.of(4, 10)):
        with folder() as under:
            cold.append(_pair(under))
            warm.append(_pair(under))
    return [_row("start-up-cold", "start-up in a new directory", cold), _row("start-up-warm", "start-up again", warm)]


def _row(name: str, what: str, pairs: list[Pair]) -> Row:
    ours = ours_of(pairs)
    return Row(
        name=name,
        what=what,
        n=f"{len(pairs)} pairs",
        unit="s",
        ours=ours,
        reference=reference_of(pairs),
        reference_is="mongod, nats-server, ClickHouse alone",
        ratio=ratio_of(pairs),
        target=Target(f"< {_MOST:g} s", ours.median < _MOST),
    )


def _pair(under: Path) -> Pair:
    return Pair(_platform(under / "platform"), _engines(under / "engines"))


def _platform(under: Path) -> float:
    started = time.perf_counter()
    platform = start_platform(under)
    try:
        platform.wait_until_ready()
        return time.perf_counter() - started
    finally:
        if platform.process.poll() is None:
            platform.stop()


def _engines(under: Path) -> float:
    """All three at once: no platform can be ready before the slowest of them."""
    launches = {"mongod": launch_mongod, "nats": launch_nats, "clickhouse": launch_clickhouse}
    for name in launches:
        (under / name).mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    launched = [launch(under / name) for name, launch in launches.items()]
    try:
        with ThreadPoolExecutor(len(launched)) as threads:
            list(threads.map(_ready, launched))
        return time.perf_counter() - started
    finally:
        for engine in launched:
            engine.process.terminate()
            engine.process.wait()


def _ready(engine: Launched) -> None:
    engine.wait()
