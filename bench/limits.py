"""What it costs a request that its key has limits, and that it can be repeated: requests per second with and without.

The gateway answers an unknown path by itself, so that nothing but the limits differs between a request with a key and
one without. A repeatable request is the creation of a persona, which is stored by the log in both cases.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.measure import Pair, Row, Size, Spread, ours_of, ratio_of, reference_of
from bench.platform import Api, platform, somebody
from dramatis_kit import new_id

_IN_FLIGHT = 32
_NO_KEY = {"Authorization": ""}

Ask = Callable[[], Awaitable[object]]


async def measure(size: Size) -> list[Row]:
    pairs, requests, commands = size.of(5, 11), size.of(2000, 5000), size.of(300, 1000)
    async with platform() as api:
        counted = await _pairs(
            lambda: api.status("/v1/nothing"), lambda: api.status("/v1/nothing", _NO_KEY), pairs, requests
        )
        repeatable = await _pairs(lambda: _create(api, new_id("bench")), lambda: _create(api, None), pairs, commands)
    return [
        _row("limits", "requests with a key, counted", counted, requests, "without a key, not counted"),
        _row("idempotency", "personas created under an Idempotency-Key", repeatable, commands, "without one"),
    ]


async def _create(api: Api, key: str | None) -> None:
    await api.post("/v1/personas", somebody(), key)


async def _pairs(ours: Ask, reference: Ask, pairs: int, requests: int) -> list[Pair]:
    await _rate(ours, requests // 4)
    await _rate(reference, requests // 4)
    return [Pair(await _rate(ours, requests), await _rate(reference, requests)) for _ in range(pairs)]


async def _rate(ask: Ask, requests: int) -> float:
    """Requests per second, so many in flight at a time."""

    async def some() -> None:
        for _ in range(requests // _IN_FLIGHT):
            await ask()

    started = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(_IN_FLIGHT)))
    return requests // _IN_FLIGHT * _IN_FLIGHT / (time.perf_counter() - started)


def _row(name: str, what: str, pairs: list[Pair], requests: int, reference: str) -> Row:
    ratio: Spread = ratio_of(pairs)
    return Row(
        name=name,
        what=what,
        n=f"{len(pairs)} pairs of {requests} requests, {_IN_FLIGHT} in flight",
        unit="requests/s",
        ours=ours_of(pairs),
        reference=reference_of(pairs),
        reference_is=reference,
        ratio=ratio,
    )
