"""The limits of keys, over several gateways that share one MongoDB."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from dramatis_contracts.gateway.v1 import Tier
from dramatis_engines.mongod import start_mongod
from dramatis_gateway.authentication import Principal
from dramatis_gateway.guard import Guard
from dramatis_gateway.leases import Leases
from dramatis_gateway.problems import Problem
from dramatis_gateway.quotas import Allowance
from dramatis_gateway.ratelimits import RateLimits
from dramatis_kit import Document, Settings
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_testkit.clock import FixedClock

KEY = Principal("tenant", "key_1", "standard")
MANY = 1_000_000

Gateway = Callable[..., RateLimits]


def tiers(per_hour: int, per_minute: int) -> dict[Tier, Allowance]:
    return {"standard": Allowance(per_hour, per_minute), "development": Allowance(MANY, MANY)}


class Moments:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def moments() -> Moments:
    return Moments()


@pytest.fixture
async def gateway(database: AsyncDatabase[Document], clock: FixedClock, moments: Moments) -> Gateway:
    """Makes the rate limits of one more gateway."""
    await provision(Leases(database).resources())

    def made(per_hour: int = 1000, per_minute: int = MANY) -> RateLimits:
        return RateLimits(Leases(database), tiers(per_hour, per_minute), clock, moments)

    return made


async def admitted(*asked: RateLimits, times: int, principal: Principal = KEY) -> int:
    """How many of so many requests at once are let in, shared out evenly."""
    quotas = await asyncio.gather(*(asked[number % len(asked)].take(principal) for number in range(times)))
    return sum(quota.retry_after == 0 for quota in quotas)


async def test_two_gateways_keep_one_limit_together(gateway: Gateway) -> None:
    first, second = gateway(), gateway()
    assert 990 <= await admitted(first, second, times=1500) <= 1000


async def test_one_request_after_the_other_comes_to_the_limit_exactly(gateway: Gateway, moments: Moments) -> None:
    first, second = gateway(per_hour=300), gateway(per_hour=300)
    let_in = 0
    for number in range(400):
        quota = await (first, second)[number % 3 == 0].take(KEY)
        let_in += quota.retry_after == 0
        moments.now += 0.3
    assert let_in == 300


async def test_a_gateway_that_stops_gives_back_what_it_did_not_spend(gateway: Gateway) -> None:
    first, second = gateway(), gateway()
    assert await admitted(first, times=20) == 20
    await first.close()
    assert (await second.take(KEY)).hour.remaining == 979


async def test_what_a_gateway_does_not_spend_goes_back_after_a_while(gateway: Gateway, moments: Moments) -> None:
    first, second = gateway(per_hour=100), gateway(per_hour=100)
    for _ in range(2):
        await first.take(KEY)
    keeping = asyncio.create_task(first.run())
    moments.now += 5
    async with asyncio.timeout(10):
        while (await second.take(KEY)).retry_after:
            await asyncio.sleep(0.01)
        let_in = 1 + await admitted(second, times=150)
        while let_in < 98:
            moments.now += 1
            await asyncio.sleep(0.05)
            let_in += await admitted(second, times=1)
    assert let_in == 98
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_a_gateway_that_is_killed_costs_a_hundredth_at_most(gateway: Gateway) -> None:
    killed, other = gateway(), gateway()
    before = sum([await admitted(killed, times=1) for _ in range(40)])
    assert 990 <= before + await admitted(other, times=1200) <= 1000


async def test_a_gateway_that_starts_again_counts_on(gateway: Gateway) -> None:
    assert await admitted(gateway(per_hour=50), times=60) == 50
    quota = await gateway(per_hour=50).take(KEY)
    assert (quota.hour.refused, quota.hour.remaining) == (True, 0)


async def test_every_key_has_a_limit_of_its_own(gateway: Gateway) -> None:
    limits = gateway(per_hour=5)
    assert await admitted(limits, times=10) == 5
    assert await admitted(limits, times=10, principal=Principal("tenant", "key_2", "standard")) == 5
    assert await admitted(limits, times=10, principal=Principal("other", "key_1", "standard")) == 5
    assert await admitted(limits, times=10, principal=Principal("tenant", "key_1b", "development")) == 10


async def test_a_window_that_is_over_is_followed_by_a_full_one(gateway: Gateway, clock: FixedClock) -> None:
    first, second = gateway(per_hour=30, per_minute=10), gateway(per_hour=30, per_minute=10)
    assert await admitted(first, second, times=20) == 10
    refused = await first.take(KEY)
    assert (refused.minute.refused, refused.hour.refused) == (True, False)
    clock.advance(refused.retry_after)
    assert await admitted(first, second, times=20) == 10
    clock.advance(60)
    assert await admitted(first, second, times=20) == 10
    clock.advance(60)
    used_up = await second.take(KEY)
    assert used_up.hour.refused
    assert used_up.hour.reset == clock().timestamp() + used_up.retry_after - clock().microsecond / 1e6
    clock.advance(used_up.retry_after)
    assert await admitted(first, second, times=20) == 10


async def test_the_burst_limit_stops_before_the_hours(gateway: Gateway) -> None:
    limits = gateway(per_minute=50)
    assert await admitted(limits, times=80) == 50
    quota = await limits.take(KEY)
    assert (quota.hour.remaining, quota.minute.remaining) == (950, 0)


async def test_what_remains_falls_by_one_with_every_request(gateway: Gateway) -> None:
    limits = gateway(per_minute=50)
    standings = [(quota.hour.remaining, quota.minute.remaining) for quota in [await limits.take(KEY) for _ in range(9)]]
    assert standings == [(999 - number, 49 - number) for number in range(9)]


async def test_a_gateway_with_a_slow_clock_counts_in_the_newer_window(
    database: AsyncDatabase[Document], gateway: Gateway, clock: FixedClock
) -> None:
    fast = gateway(per_hour=20)
    ended = (await fast.take(KEY)).hour.reset - clock().timestamp()
    behind = FixedClock(clock())
    clock.advance(ended)
    slow = RateLimits(Leases(database), tiers(20, MANY), behind)
    assert await admitted(fast, slow, times=60) == 20


async def test_a_busy_key_seldom_asks_mongodb(gateway: Gateway, database: AsyncDatabase[Document]) -> None:
    async def updates() -> int:
        found = await database.client.admin.command("serverStatus")
        return int(found["opcounters"]["update"]) + int(found["opcounters"]["command"])

    limits, before = gateway(per_hour=10_000), await updates()
    for _ in range(1000):
        await limits.take(KEY)
    assert await updates() - before < 100


async def test_a_limit_that_cannot_be_counted_is_not_lifted(tmp_path: Path) -> None:
    mongod = start_mongod(tmp_path)
    settings = Settings(mongo_url=mongod.url, mongo_timeout_ms=300)
    async with connect(settings) as client:
        limits = RateLimits(Leases(client["limits"]), tiers(1000, MANY))
        for _ in range(4):
            await limits.take(KEY)
        mongod.stop()
        spent = 0
        with suppress(PyMongoError):
            for _ in range(20):
                await limits.take(KEY)
                spent += 1
        assert spent < 10


def test_an_address_that_fails_too_often_waits_for_the_next_minute() -> None:
    moments = Moments()
    guard = Guard(3, moments)
    for _ in range(3):
        guard.check("203.0.113.7")
        guard.failed("203.0.113.7")
    with pytest.raises(Problem, match="RATE_LIMITED") as refused:
        guard.check("203.0.113.7")
    guard.check("203.0.113.8")
    moments.now += int(refused.value.headers["Retry-After"])
    guard.check("203.0.113.7")
