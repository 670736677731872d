"""Two hundred interrogations at once, each followed live: when all have ended, and how old their events arrive."""

import asyncio
import time
from dataclasses import dataclass

import aiohttp
import orjson

from bench.engines import folder
from bench.measure import Row, Size, Target, quantile, spread
from bench.platform import Refused
from dramatis_testkit.platforms import running_platform

_RUNS = 200
_MOST_SECONDS, _MOST_MILLISECONDS = 20.0, 500.0
_REQUEST = {"stakeholder_id": "small_business_owner_35_55", "max_interview_messages": 12}


@dataclass(frozen=True, slots=True)
class Round:
    """`seconds` until the last run had ended; `delays` of all live messages, in milliseconds."""

    seconds: float
    delays: list[float]


async def measure(size: Size) -> list[Row]:
    with folder() as under, running_platform(under) as running:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(running.url, connector=connector) as session:
            await _round(session, 20)
            rounds = [await _round(session, _RUNS) for _ in range(size.of(3, 5))]
    slowest = spread([found.seconds for found in rounds])
    late = spread([quantile(found.delays, 0.99) for found in rounds])
    return [
        Row(
            name="interrogations",
            what=f"{_RUNS} offline runs at once: POST → all ended",
            n=f"{len(rounds)} rounds",
            unit="s",
            ours=slowest,
            target=Target(f"< {_MOST_SECONDS:g} s", slowest.median < _MOST_SECONDS),
        ),
        Row(
            name="interrogations",
            what=f"{_RUNS} followers: event in the log → message, p99",
            n=f"{sum(len(found.delays) for found in rounds)} live messages",
            unit="ms",
            ours=late,
            target=Target(f"< {_MOST_MILLISECONDS:g} ms", late.median < _MOST_MILLISECONDS),
        ),
    ]


async def _round(session: aiohttp.ClientSession, runs: int) -> Round:
    began = time.monotonic()
    delays = await asyncio.gather(*(_one(session, number) for number in range(runs)))
    return Round(time.monotonic() - began, [delay for one in delays for delay in one])


async def _one(session: aiohttp.ClientSession, number: int) -> list[float]:
    """The delays of one run's live messages: what was in the log before the stream was open is its history."""
    asked = {**_REQUEST, "user_input": f"Trial conversion dropped after the onboarding changes of week {number}."}
    async with session.post("/api/simulations", json=asked) as response:
        run = await response.json()
        if response.status != 202:
            raise Refused(f"POST /api/simulations: {response.status} {run}")
    delays: list[float] = []
    async with session.get(run["events_url"]) as stream:
        opened = time.time()
        async for line in stream.content:
            if line.startswith(b"data:"):
                message = orjson.loads(line[5:])
                if message["timestamp"] > opened and message["event"] != "sse.connected":
                    delays.append(1000 * (time.time() - message["timestamp"]))
    return delays
