"""Commands against aggregates on a real MongoDB."""

import asyncio
from dataclasses import replace

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.messages import Received
from dramatis_eventlog import Aggregate, Cause, EventLog, Loaded, Snapshot, Snapshots, StreamId
from dramatis_kit import Document, Rejected
from dramatis_kit.provisioning import drift_of

Keys = tuple[str, ...]
Rings = Aggregate[Keys, str]
CAUSE = Cause("corr")
ACME = StreamId("tenant", "acme")


async def handle(rings: Rings, command: str, command_id: str, tenant: str = "t1") -> Loaded[Keys]:
    return await rings.handle(tenant, "acme", command, command_id=command_id, cause=CAUSE)


async def test_a_command_gives_the_state_after_it(rings: Rings) -> None:
    assert await rings.load("t1", "acme") == Loaded("acme", (), 0)
    after = await handle(rings, "a,b", "c1")
    assert (after.state, after.version) == (("a", "b"), 2)
    assert await rings.load("t1", "acme") == after
    later = await handle(rings, "-a", "c2")
    assert (later.state, later.version, later.created_at) == (("b",), 3, after.created_at)


async def test_the_loser_of_a_conflict_decides_again_on_fresh_state(
    rings: Rings, log: EventLog, database: AsyncDatabase[Document]
) -> None:
    other = replace(rings, log=EventLog(database))
    outcomes = await asyncio.gather(
        *(handle((rings, other)[n % 2], f"k{n % 8}", f"c{n}") for n in range(32)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, Loaded)]
    assert len(won) == 8
    assert {type(outcome) for outcome in outcomes} == {Loaded, Rejected}
    assert sorted((await rings.load("t1", "acme")).state) == [f"k{n}" for n in range(8)]
    assert [event.streamversion for event in await log.read("t1", ACME)] == list(range(1, 9))


async def test_a_repeated_command_yields_no_second_event(rings: Rings, log: EventLog) -> None:
    first = await handle(rings, "a", "c1")
    assert await handle(rings, "a", "c1") == first  # which `decide` would now reject
    await handle(rings, "b", "c2")
    assert await handle(rings, "a", "c1") == first
    assert len(await log.read("t1", ACME)) == 2


async def test_a_repeated_command_that_would_now_do_nothing_gives_the_state_after_it(rings: Rings) -> None:
    await handle(rings, "a,b", "c1")
    revoked = await handle(rings, "-a", "c2")
    await handle(rings, "c", "c3")
    assert await handle(rings, "-a", "c2") == revoked


async def test_one_command_sent_many_times_at_once_is_committed_once(rings: Rings, log: EventLog) -> None:
    outcomes = await asyncio.gather(*(handle(rings, "a,b", "c1") for _ in range(16)))
    assert {(outcome.state, outcome.version) for outcome in outcomes} == {(("a", "b"), 2)}
    assert len(await log.read("t1", ACME)) == 2


async def test_a_rejected_command_stores_nothing(rings: Rings, log: EventLog) -> None:
    await handle(rings, "a", "c1")
    with pytest.raises(Rejected):
        await handle(rings, "a", "c2")
    assert len(await log.read("t1", ACME)) == 1
    assert await log.find_commit("t1", "c2") is None


async def test_a_command_with_nothing_to_record_gives_the_present_state(rings: Rings, log: EventLog) -> None:
    before = await handle(rings, "a", "c1")
    assert await handle(rings, "", "c2") == before
    assert await handle(rings, "-unknown", "c3") == before
    assert len(await log.read("t1", ACME)) == 1


async def test_an_older_version_is_loaded_as_it_was(rings: Rings) -> None:
    empty = await rings.load("t1", "acme")
    seen = [empty, *[await handle(rings, f"k{number}", f"c{number}") for number in range(4)]]
    for version, loaded in enumerate(seen):
        assert await rings.load("t1", "acme", as_of=version) == loaded
    beyond = await rings.load("t1", "acme", as_of=9)
    assert beyond.version == 4


async def test_a_client_reads_its_own_write_in_the_list(rings: Rings, snapshots: Snapshots) -> None:
    await handle(rings, "a", "c1")
    [found] = await snapshots.find("t1", {"state.keys": "a"})
    assert (found.id, found.version, found.state) == ("acme", 1, {"keys": ["a"]})
    assert await snapshots.count("t1", {"state.keys": "b"}) == 0


async def test_tenants_never_see_one_anothers_snapshots(rings: Rings, snapshots: Snapshots) -> None:
    await handle(rings, "mine", "c1", "t1")
    await handle(rings, "theirs", "c1", "t2")
    assert (await rings.load("t1", "acme")).state == ("mine",)
    assert [found.state["keys"] for found in await snapshots.find("t1")] == [["mine"]]
    assert await snapshots.count("t1", {"tenant": "t2"}) == 0
    assert await snapshots.find("t1", {"$or": [{"tenant": "t2"}]}) == []
    assert (await rings.load("t3", "acme")).version == 0


async def test_a_snapshot_is_only_ever_replaced_by_a_newer_one(rings: Rings, snapshots: Snapshots) -> None:
    await handle(rings, "a", "c1")
    await handle(rings, "b", "c2")
    newest = await snapshots.load("t1", "acme")
    assert newest is not None
    assert not await snapshots.save("t1", replace(newest, version=1, state={"keys": ["old"]}))
    assert not await snapshots.save("t1", replace(newest, state={"keys": ["same"]}))
    assert await snapshots.load("t1", "acme") == newest
    assert await snapshots.save("t1", replace(newest, version=3, state={"keys": ["new"]}))


async def test_racing_snapshots_end_with_the_newest(snapshots: Snapshots, rings: Rings) -> None:
    first = await handle(rings, "a", "c1")
    assert first.created_at is not None
    versions = [Snapshot("r", version, {"v": version}, first.created_at, first.created_at) for version in range(1, 41)]
    await asyncio.gather(*(snapshots.save("t1", snapshot) for snapshot in versions[::-1]))
    found = await snapshots.load("t1", "r")
    assert found is not None
    assert found.version == 40


async def test_a_snapshot_that_a_crash_left_behind_is_repaired(
    rings: Rings, log: EventLog, snapshots: Snapshots
) -> None:
    await handle(rings, "a", "c1")
    # The process died after the append and before the snapshot.
    commit = await log.append("t1", ACME, rings.decide("b", ("a",)), expected_version=1, command_id="c2", cause=CAUSE)
    assert (await rings.load("t1", "acme")).state == ("a", "b")
    assert [found.version for found in await snapshots.find("t1")] == [1]
    await rings.repair(Received(commit.events[0], position=1))
    assert [(found.version, found.state) for found in await snapshots.find("t1")] == [(2, {"keys": ["a", "b"]})]
    await rings.repair(Received(commit.events[0], position=1, delivered=2))
    assert [found.version for found in await snapshots.find("t1")] == [2]


async def test_a_retry_after_a_crash_mends_the_snapshot_too(rings: Rings, log: EventLog, snapshots: Snapshots) -> None:
    await log.append("t1", ACME, rings.decide("a", ()), expected_version=0, command_id="c1", cause=CAUSE)
    assert (await handle(rings, "a", "c1")).state == ("a",)
    assert [found.version for found in await snapshots.find("t1")] == [1]


async def test_events_of_another_category_repair_nothing(rings: Rings, log: EventLog, snapshots: Snapshots) -> None:
    commit = await log.append("t1", ACME, rings.decide("a", ()), expected_version=0, command_id="c1", cause=CAUSE)
    await replace(rings, category="persona").repair(Received(commit.events[0], position=1))
    assert await snapshots.count("t1") == 0


async def test_a_snapshot_of_an_older_encoding_is_rebuilt_from_the_log(
    rings: Rings, database: AsyncDatabase[Document]
) -> None:
    await handle(rings, "a", "c1")
    newer = replace(
        rings,
        snapshots=Snapshots(database, "tenant", schema=2),
        encode=lambda keys: {"names": " ".join(keys)},
        decode=lambda state: tuple(state["names"].split()),
    )
    assert (await newer.load("t1", "acme")).state == ("a",)
    [event] = await newer.log.read("t1", ACME)
    await newer.repair(Received(event, position=1))
    assert [found.state for found in await newer.snapshots.find("t1")] == [{"names": "a"}]


async def test_pages_of_a_list_are_sorted_newest_first(rings: Rings, snapshots: Snapshots) -> None:
    for number in range(7):
        await rings.handle("t1", f"r{number}", "a", command_id=f"c{number}", cause=CAUSE)
        await asyncio.sleep(0.002)
    first = await snapshots.find("t1", limit=3)
    second = await snapshots.find("t1", skip=3, limit=3)
    assert [found.id for found in first + second] == ["r6", "r5", "r4", "r3", "r2", "r1"]
    assert await snapshots.count("t1") == 7


async def test_the_declared_indexes_of_a_read_model_exist_after_provisioning(snapshots: Snapshots) -> None:
    assert await drift_of(snapshots.resources()) == []
    [extra] = await drift_of(snapshots.resources([("state.keys", 1)]))
    assert (extra.kind, extra.what) == ("index", "missing")
