"""From a command to its event on an event stream, through the HTTP API, at a steady rate that waits for nobody."""

import asyncio
import time
from dataclasses import dataclass

from bench.measure import Row, Size, Spread, Target, quantile, spread
from bench.platform import Api, Seen, platform, somebody

PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Command:
    """Milliseconds from the sent request, and from the complete answer, to the event's line."""

    from_request: float
    from_answer: float


async def measure(size: Size) -> list[Row]:
    runs, commands = size.of(4, 6), size.of(400, 1000)
    async with platform() as api, api.seen("persona.created") as seen:
        await _run(api, seen, 200)
        measured = [await _run(api, seen, commands) for _ in range(runs)]
    answers = [[command.from_answer for command in run] for run in measured]
    requests = [[command.from_request for command in run] for run in measured]
    n = f"{runs} runs of {commands} commands, {PER_SECOND}/s"
    return [
        _row("latency-p50", "accepted → seen on SSE, p50", n, _quantiles(answers, 0.5), 10),
        _row("latency-p99", "accepted → seen on SSE, p99", n, _quantiles(answers, 0.99), 50),
        _row("latency-request-p50", "request sent → seen on SSE, p50", n, _quantiles(requests, 0.5)),
        _row("latency-request-p99", "request sent → seen on SSE, p99", n, _quantiles(requests, 0.99)),
    ]


def _row(name: str, what: str, n: str, ours: Spread, most: float | None = None) -> Row:
    target = None if most is None else Target(f"< {most:g} ms", ours.median < most)
    return Row(name=name, what=what, n=n, unit="ms", ours=ours, target=target)


def _quantiles(runs: list[list[float]], share: float) -> Spread:
    return spread([quantile(run, share) for run in runs])


async def _run(api: Api, seen: Seen, commands: int) -> list[Command]:
    """An open loop: a slow answer does not delay the commands after it."""
    started = time.perf_counter()
    under_way = []
    for number in range(commands):
        await asyncio.sleep(started + number / PER_SECOND - time.perf_counter())
        under_way.append(asyncio.create_task(_command(api, seen)))
    return list(await asyncio.gather(*under_way))


async def _command(api: Api, seen: Seen) -> Command:
    sent = time.perf_counter()
    persona, answered = await api.post("/v1/personas", somebody())
    moment = await seen.of(persona["id"])
    return Command(1000 * (moment - sent), 1000 * (moment - answered))
