"""Reading by position. The positions are set here as the relay sets them: some commits have none yet."""

import asyncio
from datetime import timedelta

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts.gateway.v1 import ApiKeyIssued, ApiKeyRevoked
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_eventlog.sequencer import Sequencer
from dramatis_kit import Document, utc_now

CAUSE = Cause("corr")


async def commit(log: EventLog, tenant: str, name: str, events: int) -> None:
    bodies = [ApiKeyIssued(key_id=f"{name}{n}", prefix="p", sha256="s") for n in range(events)]
    await log.append(tenant, StreamId("tenant", name), bodies, expected_version=0, command_id=name, cause=CAUSE)


async def position(database: AsyncDatabase[Document], start: int) -> None:
    async for found in database.commits.find({"pos": {"$exists": False}}, sort={"at": 1}):
        start += found["n"]
        await database.commits.update_one({"_id": found["_id"]}, {"$set": {"pos": start, "relayed": True}})


@pytest.fixture
async def filled(log: EventLog, database: AsyncDatabase[Document]) -> EventLog:
    """Tenant t1 has the events a0 a1 a2 at 11-13, c0 at 15 and d0 d1 at 101-102; t2 has b0 at 14; e waits."""
    for tenant, name, events in (("t1", "a", 3), ("t2", "b", 1), ("t1", "c", 1)):
        await commit(log, tenant, name, events)
    await position(database, 10)
    await commit(log, "t1", "d", 2)
    await position(database, 100)
    await commit(log, "t1", "e", 1)
    return log


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [
        (0, 10, [11, 12, 13, 15, 101, 102]),
        (11, 3, [12, 13, 15]),
        (12, 1, [13]),
        (13, 10, [15, 101, 102]),
        (15, 10, [101, 102]),
        (101, 10, [102]),
        (102, 10, []),
    ],
)
async def test_the_feed_goes_on_after_any_position(
    filled: EventLog, after: int, limit: int, expected: list[int]
) -> None:
    found = await filled.read_feed("t1", after=after, limit=limit)
    assert [position for position, _ in found] == expected
    assert {envelope.tenantid for _, envelope in found} <= {"t1"}


async def test_the_feed_is_narrowed_to_types_and_to_one_aggregate(filled: EventLog) -> None:
    one = await filled.read_feed("t1", after=0, limit=10, subject="a")
    assert [envelope.data["key_id"] for _, envelope in one] == ["a0", "a1", "a2"]
    assert await filled.read_feed("t1", after=0, limit=10, subject="b") == []
    assert len(await filled.read_feed("t1", after=0, limit=10, types=[ApiKeyIssued.type])) == 6
    assert await filled.read_feed("t1", after=0, limit=10, types=[ApiKeyRevoked.type]) == []


async def test_all_events_are_read_by_position_and_up_to_the_end(filled: EventLog) -> None:
    assert [position async for position, _ in filled.read_all()] == [11, 12, 13, 14, 15, 101, 102]
    assert [position async for position, _ in filled.read_all(after=12)] == [13, 14, 15, 101, 102]
    assert [position async for position, _ in filled.read_all(services=["gateway"])][-1] == 102
    assert [position async for position, _ in filled.read_all(services=["persona"])] == []


async def test_the_last_position_is_that_of_the_last_relayed_event(
    filled: EventLog, database: AsyncDatabase[Document]
) -> None:
    assert await filled.last_position() == 102
    assert await filled.last_position("t2") == 14
    assert await filled.last_position("t3") == 0


async def test_a_long_feed_is_read_across_pages(log: EventLog, database: AsyncDatabase[Document]) -> None:
    await asyncio.gather(*(commit(log, "t1", f"s{n}", 2) for n in range(700)))
    await position(database, 0)
    everything = [position for position, _ in await log.read_feed("t1", after=0, limit=5000)]
    assert everything == list(range(1, 1401))
    assert [position async for position, _ in log.read_all(after=1)] == list(range(2, 1401))


async def test_reading_by_position_uses_indexes_alone(filled: EventLog, database: AsyncDatabase[Document]) -> None:
    after = {"pos": {"$gt": 1}}
    waiting = {"relayed": False, "service": {"$in": ["gateway", "persona"]}, "pos": None}
    queries: list[tuple[Document, Document]] = [
        (after, {"pos": 1}),
        ({"tenant": "t1", **after}, {"pos": 1}),
        ({"tenant": "t1", "subject": "a", **after}, {"pos": 1}),
        (waiting, {"at": 1}),
        ({"relayed": False, "service": "gateway", **after}, {"pos": 1}),
    ]
    for where, order in queries:
        plan = str(await database.commits.find(where, sort=order).explain())
        winning = plan[plan.index("winningPlan") : plan.index("rejectedPlans")]
        assert "IXSCAN" in winning
        assert "COLLSCAN" not in winning
        assert "'SORT'" not in winning


async def test_the_log_is_read_from_its_end_backwards(filled: EventLog) -> None:
    assert [position async for position, _ in filled.read_back()] == [102, 101, 15, 14, 13, 12, 11]


async def test_the_end_of_an_empty_log_has_no_events(log: EventLog) -> None:
    assert [position async for position, _ in log.read_back()] == []


async def test_no_position_is_given_after_the_end_of_a_lease(log: EventLog, database: AsyncDatabase[Document]) -> None:
    """A relay was paused between its look at the lease and its write."""
    await commit(log, "t1", "a", 2)
    waiting = await database.commits.find().to_list()
    late, in_time = utc_now() - timedelta(seconds=1), utc_now() + timedelta(seconds=60)
    assert await Sequencer(database, 1, 0).number(waiting, before=late) == []
    assert await log.last_position() == 0
    assert len(await Sequencer(database, 2, 0).number(waiting, before=in_time)) == 1
    assert await log.last_position() == (2 << 32) + 2
