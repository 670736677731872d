"""The log on a real MongoDB: one winner, no gap, no duplicate, no stranger's events."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts import registry
from dramatis_contracts.base import EventBody
from dramatis_contracts.gateway.v1 import ApiKeyIssued, ApiKeyRevoked
from dramatis_engines.mongod import start_mongod
from dramatis_eventlog import Cause, Commit, EventLog, StreamId, VersionConflict
from dramatis_eventlog.group_commit import WAITING
from dramatis_kit import Document, Rejected, Settings, Unavailable, utc_now
from dramatis_kit.provisioning import drift_of, provision
from dramatis_kit.service import connect

ACME = StreamId("tenant", "acme")
CAUSE = Cause("corr_1")


def keys(*names: str) -> list[ApiKeyIssued]:
    return [ApiKeyIssued(key_id=name, prefix="p", sha256="s") for name in names]


def append(
    log: EventLog,
    events: Sequence[EventBody],
    expected: int,
    command: str,
    stream: StreamId = ACME,
    tenant: str = "t1",
) -> Awaitable[Commit]:
    return log.append(tenant, stream, events, expected_version=expected, command_id=command, cause=CAUSE)


async def test_events_are_read_as_they_were_appended(log: EventLog) -> None:
    cause = Cause("corr_9", "evt_before", "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    commit = await log.append("t1", ACME, keys("a", "b"), expected_version=0, command_id="c1", cause=cause)
    assert (commit.ver_from, commit.n, commit.version, commit.repeated) == (1, 2, 2, False)
    events = await log.read("t1", ACME)
    assert events == list(commit.events)
    assert [event.streamversion for event in events] == [1, 2]
    assert [event.data["key_id"] for event in events] == ["a", "b"]
    first = events[0]
    assert (first.type, first.subject, first.tenantid, first.service) == (
        "tenant.api_key_issued.v1",
        "acme",
        "t1",
        "gateway",
    )
    assert (first.correlationid, first.causationid, first.traceparent) == ("corr_9", "evt_before", cause.traceparent)
    assert type(first).model_validate_json(first.model_dump_json()) == first
    assert first.id != events[1].id


async def test_a_command_is_the_cause_of_its_events_unless_another_is_named(log: EventLog) -> None:
    assert (await append(log, keys("a"), 0, "c1")).events[0].causationid == "c1"


async def test_a_stale_version_is_refused(log: EventLog) -> None:
    await append(log, keys("a"), 0, "c1")
    await append(log, keys("b"), 1, "c2")
    with pytest.raises(VersionConflict):
        await append(log, keys("c"), 1, "c3")
    with pytest.raises(VersionConflict):
        await append(log, keys("c"), 0, "c3")
    assert len(await log.read("t1", ACME)) == 2


async def test_a_version_beyond_the_end_leaves_no_gap(log: EventLog) -> None:
    await append(log, keys("a"), 0, "c1")
    with pytest.raises(VersionConflict):
        await append(log, keys("b"), 7, "c2")
    with pytest.raises(VersionConflict):
        await append(log, keys("b"), 3, "c3", StreamId("tenant", "new"))


async def test_a_version_inside_a_commit_makes_no_overlap(log: EventLog, database: AsyncDatabase[Document]) -> None:
    await append(log, keys("a", "b", "c"), 0, "c1")
    for writer in (log, EventLog(database)):
        with pytest.raises(VersionConflict):
            await append(writer, keys("x"), 2, "c2")
    assert (await append(EventLog(database), keys("d"), 3, "c3")).version == 4


async def test_a_repeated_command_gives_the_stored_commit(log: EventLog) -> None:
    first = await append(log, keys("a", "b"), 0, "c1")
    await append(log, keys("c"), 2, "c2")
    for expected in (0, 1, 2, 3, 9):
        again = await append(log, keys("anything"), expected, "c1")
        assert again.repeated
        assert (again.events, again.version) == (first.events, 2)
    assert len(await log.read("t1", ACME)) == 3


async def test_a_command_id_used_for_another_object_is_rejected(log: EventLog) -> None:
    await append(log, keys("a"), 0, "c1")
    with pytest.raises(Rejected, match="CONFLICT"):
        await append(log, keys("a"), 0, "c1", StreamId("tenant", "other"))


async def test_of_two_writers_with_one_version_one_wins(log: EventLog, database: AsyncDatabase[Document]) -> None:
    await append(log, keys("a"), 0, "c0")
    for writer in (log, EventLog(database)):  # within one group, and from two processes
        end = len(await log.read("t1", ACME))
        outcomes = await asyncio.gather(
            *(append(w, keys(f"k{i}"), end, f"c{end}_{i}") for i, w in enumerate([log, writer] * 4)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Commit) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 7
        assert len(await log.read("t1", ACME)) == end + 1


async def test_sixty_four_writers_on_one_stream_leave_no_gap_and_no_duplicate(
    log: EventLog, database: AsyncDatabase[Document]
) -> None:
    logs = [log, EventLog(database)]

    async def write(number: int) -> None:
        mine = logs[number % 2]
        while True:
            end = len(await mine.read("t1", ACME))
            try:
                await append(mine, keys(f"k{number}"), end, f"c{number}")
                return
            except VersionConflict:
                await asyncio.sleep(random.uniform(0, 0.02))

    await asyncio.gather(*(write(number) for number in range(64)))
    events = await log.read("t1", ACME)
    assert [event.streamversion for event in events] == list(range(1, 65))
    assert {event.data["key_id"] for event in events} == {f"k{number}" for number in range(64)}
    assert len({event.id for event in events}) == 64


async def test_sixty_four_writers_on_many_streams_leave_no_gap_and_no_duplicate(log: EventLog) -> None:
    async def write(number: int) -> None:
        stream = StreamId("tenant", f"s{number}")
        end = 0
        for step in range(5):
            end = (await append(log, keys(*"ab"[: 1 + step % 2]), end, f"c{number}_{step}", stream)).version

    await asyncio.gather(*(write(number) for number in range(64)))
    for number in range(64):
        events = await log.read("t1", StreamId("tenant", f"s{number}"))
        assert [event.streamversion for event in events] == list(range(1, 8))


@pytest.mark.parametrize("round_", [1, 2])
async def test_any_interleaving_keeps_the_invariants(log: EventLog, round_: int) -> None:
    seed = random.randrange(2**32)
    print(f"round {round_}, seed {seed}")
    chance = random.Random(seed)
    accepted: dict[str, Commit] = {}
    ends: dict[StreamId, int] = {}

    async def act(command: str) -> None:
        stream = StreamId("tenant", f"s{chance.randrange(3)}")
        wrong = chance.choice([0, 0, 0, 1, -1])
        expected = max(ends.get(stream, 0) + wrong, 0)
        work = asyncio.ensure_future(append(log, keys(*"abc"[: chance.randint(1, 3)]), expected, command, stream))
        if chance.random() < 0.2:
            await asyncio.sleep(chance.uniform(0, 0.003))
            work.cancel()
        try:
            commit = await work
        except (VersionConflict, Rejected, asyncio.CancelledError):
            return
        assert accepted.setdefault(command, commit).events == commit.events
        ends[stream] = max(ends.get(stream, 0), commit.version)

    for _ in range(12):
        await asyncio.gather(*(act(f"c{chance.randrange(80)}") for _ in range(12)))
    for command, commit in accepted.items():
        found = await log.find_commit("t1", command)
        assert found is not None
        assert found.events == commit.events
    for number in range(3):
        events = await log.read("t1", StreamId("tenant", f"s{number}"))
        assert [event.streamversion for event in events] == list(range(1, len(events) + 1)), f"seed {seed}"


async def test_a_cancelled_append_that_was_applied_is_found_by_its_retry(log: EventLog) -> None:
    await append(log, keys("zero"), 0, "c0")
    cancelled = 0
    for number in range(20):
        end = len(await log.read("t1", ACME))
        work = asyncio.ensure_future(append(log, keys(f"k{number}"), end, f"c{number + 1}"))
        await asyncio.sleep(0.0003 * (number % 4))
        cancelled += work.cancel()
        await asyncio.wait([work])
        retried = await append(log, keys(f"k{number}"), end, f"c{number + 1}")
        assert retried.version == end + 1
    assert cancelled
    events = await log.read("t1", ACME)
    assert [event.streamversion for event in events] == list(range(1, 22))
    assert len({event.data["key_id"] for event in events}) == 21


async def test_a_cancelled_writer_does_not_take_its_neighbours_along(log: EventLog) -> None:
    streams = [StreamId("tenant", f"s{number}") for number in range(32)]
    tasks = [asyncio.ensure_future(append(log, keys("a"), 0, str(stream), stream)) for stream in streams]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, Commit) for outcome in outcomes[1::2])


async def test_one_document_that_cannot_be_stored_does_not_take_its_neighbours_along(log: EventLog) -> None:
    huge = [ApiKeyIssued(key_id="x" * 7_600_000, prefix="p", sha256="s")]
    outcomes = await asyncio.gather(
        append(log, keys("a"), 0, "c1"),
        append(log, huge, 0, "c2", StreamId("tenant", "huge")),
        append(log, keys("a"), 0, "c3", StreamId("tenant", "line\nbreak")),
        append(log, keys("a"), 0, "c4", StreamId("tenant", "fine")),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Commit) for outcome in outcomes] == [True, False, False, True]
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Rejected)] == [
        "PAYLOAD_TOO_LARGE",
        "INVALID_REQUEST",
    ]


@pytest.mark.parametrize(
    ("tenant", "stream", "events", "command"),
    [
        ("t1", ACME, [], "c1"),
        ("t1", StreamId("persona", "acme"), keys("a"), "c1"),
        ("t.1", ACME, keys("a"), "c1"),
        ("t1", ACME, keys("a"), ""),
    ],
)
async def test_a_defect_of_the_caller_stores_nothing(
    log: EventLog, tenant: str, stream: StreamId, events: list[EventBody], command: str
) -> None:
    with pytest.raises(ValueError, match=r"."):
        await append(log, events, 0, command, stream, tenant)
    assert await log.read(tenant, stream) == []


async def test_a_log_without_its_unique_indexes_refuses_to_append(database: AsyncDatabase[Document]) -> None:
    log = EventLog(database)
    with pytest.raises(Unavailable, match="not provisioned"):
        await append(log, keys("a"), 0, "c1")
    await provision(log.resources())
    await append(log, keys("a"), 0, "c1")


async def test_provisioning_repairs_drift_and_then_finds_none(database: AsyncDatabase[Document]) -> None:
    resources = EventLog(database).resources()
    await database.commits.create_index([("tenant", 1), ("commit_id", 1)])
    found = {drift.name: drift.what for drift in await drift_of(resources)}
    assert found["commits.tenant_1_stream_1_ver_from_1"] == "missing"
    assert found["commits.tenant_1_commit_id_1"] == "options are {}, declared {'unique': True}"
    assert len(await provision(resources)) == len(resources)
    assert await provision(resources) == []


async def test_a_stream_is_read_from_and_up_to_any_version(log: EventLog, database: AsyncDatabase[Document]) -> None:
    await append(log, keys("a", "b", "c"), 0, "c1")
    await append(log, keys("d"), 3, "c2")
    await append(log, keys("e", "f"), 4, "c3")
    for reader in (log, EventLog(database)):
        for after in range(8):
            for up_to in [*range(8), None]:
                found = [event.streamversion for event in await reader.read("t1", ACME, after=after, up_to=up_to)]
                assert found == [version for version in range(1, 7) if after < version <= (up_to or 6) and up_to != 0]


async def test_a_category_is_read_since_a_time_across_pages(log: EventLog) -> None:
    start = utc_now()
    times = [start + timedelta(seconds=step // 300) for step in range(1200)]
    clock = iter(times)
    log = EventLog(log._commits.database, clock=lambda: next(clock))
    await asyncio.gather(*(append(log, keys("a"), 0, f"c{n}", StreamId("tenant", f"s{n}")) for n in range(1200)))
    await append(EventLog(log._commits.database), keys("x"), 0, "foreign", tenant="t2")
    everything = [event async for event in log.read_category("t1", "tenant", since=start)]
    assert len({event.id for event in everything}) == len(everything) == 1200
    assert [event.time for event in everything] == sorted(event.time for event in everything)
    later = [event async for event in log.read_category("t1", "tenant", since=start + timedelta(seconds=2))]
    assert len(later) == 600
    assert [event async for event in log.read_category("t1", "persona", since=start)] == []


async def test_tenants_never_see_one_another(log: EventLog) -> None:
    await append(log, keys("mine"), 0, "c1", tenant="t1")
    await append(log, keys("theirs"), 0, "c1", tenant="t2")
    await append(log, keys("more"), 1, "c2", tenant="t2")
    assert [event.data["key_id"] for event in await log.read("t1", ACME)] == ["mine"]
    found = await log.find_commit("t1", "c1")
    assert found is not None
    assert found.tenant == "t1"
    assert await log.find_commit("t1", "c2") is None
    assert await log.find_commit("t3", "c1") is None


async def test_an_old_event_is_read_as_the_newest_version(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    await append(log, keys("a"), 0, "c1")

    def newer(data: dict[str, object]) -> tuple[str, dict[str, object]]:
        return ApiKeyRevoked.type, {"key_id": f"was {data['key_id']}"}

    upcasters: dict[str, Callable[[dict[str, object]], tuple[str, dict[str, object]]]] = {ApiKeyIssued.type: newer}
    monkeypatch.setattr(registry.upcast, "__defaults__", (upcasters,))
    [event] = await log.read("t1", ACME)
    assert (event.type, event.data) == (ApiKeyRevoked.type, {"key_id": "was a"})
    assert event.dataschema.endswith(ApiKeyRevoked.type)
    found = await log.find_commit("t1", "c1")
    assert found is not None
    assert found.events == (event,)


async def test_an_unreachable_mongodb_is_unavailable_within_the_deadline(tmp_path: Path) -> None:
    running = start_mongod(tmp_path)
    settings = Settings(mongo_url=running.url, mongo_timeout_ms=700)
    async with connect(settings) as client:
        log = EventLog(client.test)
        await provision(log.resources())
        await append(log, keys("a"), 0, "c1")
        running.stop()
        operations = [
            append(log, keys("b"), 1, "c2"),
            append(log, keys("b"), 0, "c3", StreamId("tenant", "new")),
            log.read("t1", ACME),
            log.find_commit("t1", "c1"),
            log.last_position(),
            log.read_feed("t1", after=0, limit=10),
        ]
        async with asyncio.timeout(30):
            outcomes = await asyncio.gather(*operations, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * len(operations)


async def test_an_overloaded_log_says_so_instead_of_queueing_without_bound(log: EventLog) -> None:
    await append(log, keys("a"), 0, "c0")
    writers = 1 + WAITING + 200  # the first does not wait
    outcomes = await asyncio.gather(
        *(append(log, keys("a"), 0, f"o{n}", StreamId("tenant", f"o{n}")) for n in range(writers)),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
    assert len(refused) == 200
    assert sum(isinstance(outcome, Commit) for outcome in outcomes) == 1 + WAITING
