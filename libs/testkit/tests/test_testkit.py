"""The test kit itself: a helper that lets a wrong decision pass would make every other test worthless."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_kit import Document, Rejected
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_testkit.clock import FixedClock
from dramatis_testkit.deciders import given


@dataclass(frozen=True, slots=True)
class Raised:
    by: int


def evolve(total: int, event: Raised) -> int:
    return total + event.by


def decide(amount: int, total: int) -> Sequence[Raised]:
    if amount < 0:
        raise Rejected("NEGATIVE", "totals only rise", field="amount")
    return [Raised(amount)] if total + amount <= 10 else []


def test_history_leads_to_the_state_in_which_is_decided() -> None:
    given(evolve, 0, Raised(3), Raised(4)).when(decide, 3).then(Raised(3))
    given(evolve, 0, Raised(3), Raised(4)).when(decide, 4).then()


def test_a_refusal_is_an_outcome() -> None:
    given(evolve, 0).when(decide, -1).rejected("NEGATIVE", field="amount")


def test_a_wrong_expectation_fails() -> None:
    with pytest.raises(AssertionError):
        given(evolve, 0).when(decide, 1).then()
    with pytest.raises(AssertionError):
        given(evolve, 0).when(decide, 1).rejected("NEGATIVE")
    with pytest.raises(AssertionError, match="rejected: NEGATIVE"):
        given(evolve, 0).when(decide, -1).then(Raised(-1))
    with pytest.raises(AssertionError):
        given(evolve, 0).when(decide, -1).rejected("OTHER")


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock()
    before = clock()
    assert clock() == before
    assert (clock.advance(1.5) - before).total_seconds() == 1.5


async def test_a_test_gets_engines_with_nothing_in_them(settings: Settings) -> None:
    async with connect(settings) as client, httpx.AsyncClient() as clickhouse:
        assert await client[settings.mongo_database].list_collection_names() == []
        answer = await clickhouse.post(settings.clickhouse_url, content="SHOW DATABASES")
    assert settings.clickhouse_database not in answer.text.split()


async def test_a_database_takes_a_write(database: AsyncDatabase[Document]) -> None:
    await database["x"].insert_one({"_id": 1})
    assert await database["x"].count_documents({}) == 1
