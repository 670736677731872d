"""Who may answer a request that comes twice, and with which ids."""

import asyncio

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_gateway.claims import Claim, Claims, InProgress, Mismatch, Repeatable, StoredAnswer
from dramatis_gateway.ids import Ids
from dramatis_kit import Document
from dramatis_testkit.clock import FixedClock

REQUEST = Repeatable("tenant", "/", "POST", "/v1/personas", "key", "fingerprint")
ANSWER = StoredAnswer(201, (("location", "/v1/personas/pers_1"),), b'{"id":"pers_1"}')


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def claims(database: AsyncDatabase[Document], clock: FixedClock) -> Claims:
    return Claims(database, clock)


async def test_one_of_many_at_once_gets_the_claim(claims: Claims) -> None:
    outcomes = await asyncio.gather(*(claims.claim(REQUEST, 20) for _ in range(20)))
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1
    assert outcomes.count(InProgress()) == 19


async def test_the_claim_of_a_gateway_that_died_is_taken_over_once_with_its_seed(
    claims: Claims, clock: FixedClock
) -> None:
    first = await claims.claim(REQUEST, 20)
    clock.advance(19)
    assert await claims.claim(REQUEST, 20) == InProgress()
    clock.advance(1)
    later = await asyncio.gather(*(claims.claim(REQUEST, 20) for _ in range(5)))
    taken = [outcome for outcome in later if isinstance(outcome, Claim)]
    assert len(taken) == 1
    assert isinstance(first, Claim)
    assert taken[0].seed == first.seed
    await claims.answered(first, ANSWER)  # too late: it is the other's now
    assert await claims.claim(REQUEST, 20) == InProgress()
    await claims.answered(taken[0], ANSWER)
    assert await claims.claim(REQUEST, 20) == ANSWER


async def test_a_key_is_free_again_after_a_day(claims: Claims, clock: FixedClock) -> None:
    first = await claims.claim(REQUEST, 20)
    assert isinstance(first, Claim)
    await claims.answered(first, ANSWER)
    clock.advance(24 * 3600 - 1)
    assert await claims.claim(REQUEST, 20) == ANSWER
    other = Repeatable("tenant", "/", "POST", "/v1/personas", "key", "another body")
    assert await claims.claim(other, 20) == Mismatch()
    clock.advance(1)
    fresh = await claims.claim(other, 20)
    assert isinstance(fresh, Claim)
    assert fresh.seed != first.seed


def test_the_nth_id_of_a_kind_follows_from_the_seed() -> None:
    one, two, other = Ids("seed"), Ids("seed"), Ids("another")
    made = [one.new("pers"), one.new("pers"), one.new("cmd", "rpc.a"), one.new("cmd", "rpc.b")]
    assert len(set(made)) == 4
    assert [two.new("cmd", "rpc.b"), two.new("cmd", "rpc.a"), two.new("pers"), two.new("pers")] == [
        made[3],
        made[2],
        made[0],
        made[1],
    ]
    assert other.new("pers") != made[0]
    assert made[0].startswith("pers_")
    assert len(made[0]) == len(Ids().new("pers"))
    assert Ids().new("pers") != Ids().new("pers")


async def test_a_claim_that_is_given_up_is_free_at_once(claims: Claims) -> None:
    first = await claims.claim(REQUEST, 20)
    assert isinstance(first, Claim)
    claims.give_up(first)
    await claims.close()
    second = await claims.claim(REQUEST, 20)
    assert isinstance(second, Claim)
    assert second.seed == first.seed
