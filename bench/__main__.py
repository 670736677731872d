"""`python -m bench [ROW…] [--full]`: measure and print the table; without ROW also write `bench/results.json`."""

import asyncio
import logging
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import structlog

from bench.facts import facts
from bench.load import account, others
from bench.measure import NotRun, Row, Size
from bench.report import console, save, show

BENCHMARKS = {
    "append": "bench.append",
    "relay": "bench.relay",
    "latency": "bench.latency",
    "limits": "bench.limits",
    "streams": "bench.streams",
    "projection": "bench.projection",
    "focus-group": "bench.focus_group",
    "model": "bench.model",
    "matching": "bench.matching",
    "replicas": "bench.replicas",
    "interrogations": "bench.interrogations",
    "webhooks": "bench.webhooks",
    "start-up": "bench.start_up",
}
"""Each module has `async def measure(size) -> list[Row]`."""

RESULTS = Path(__file__).parent / "results.json"
_REBUILD, _REBUILD_FULL = 200_000, 1_000_000


def main() -> int:
    options = _options()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    size = Size(options.full, options.rebuild or (_REBUILD_FULL if options.full else _REBUILD))
    before = facts()
    found = [row for name in options.rows or BENCHMARKS for row in _measured(name, size)]
    show(found)
    if not options.rows:  # the file is of one run, in which everything was measured
        save(found, before, RESULTS, full=size.full)
    return 1 if any(isinstance(row, NotRun) for row in found) else 0


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one or several of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--full", action="store_true", help="larger and more often; takes several times as long")
    parser.add_argument("--rebuild", type=int, metavar="EVENTS", help="events of the log that is rebuilt")
    options = parser.parse_args()
    if unknown := [name for name in options.rows if name not in BENCHMARKS]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}")
    return options


def _measured(name: str, size: Size) -> Sequence[Row | NotRun]:
    out, started, before = console(), time.monotonic(), account()
    out.print(f"{name} …", end=" ")
    try:
        rows: list[Row] = asyncio.run(import_module(BENCHMARKS[name]).measure(size))
    except Exception as fault:  # noqa: BLE001  # the boundary: the row says why it is empty, the others are measured
        reason = f"{type(fault).__name__}: {fault}"
        out.print(f"not run: {reason}", markup=False)
        return [NotRun(name, reason)]
    out.print(f"{time.monotonic() - started:.0f} s")
    share = round(others(before, account()), 3)
    return [replace(row, others=share) for row in rows]


if __name__ == "__main__":
    sys.exit(main())
