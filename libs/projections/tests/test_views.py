"""The analyst views say what the README says that they say."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from dramatis_bus import Received
from dramatis_contracts.envelope import Envelope
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.events import EVENTS, rows
from dramatis_projections.projector import Projector
from dramatis_testkit.clock import FixedClock
from dramatis_testkit.envelopes import NOON, some_event

README = (Path(__file__).parents[1] / "README.md").read_text()
ENGINE = "simulation-engine"


async def project(pool: ClickHousePool, events: Sequence[Envelope], *, at: float = 100) -> None:
    """Project at `at` seconds after noon, twice, as a redelivery would."""
    clock = FixedClock(NOON + timedelta(seconds=at))
    for _ in range(2):
        await Projector(pool, EVENTS, clock).handle([Received(event, 1) for event in events])
        clock.advance(1000)


async def ask(pool: ClickHousePool, sql: str) -> list[Row]:
    async with pool.client() as client:
        return await client.query(sql)


def simulation(number: int, kind: str, seconds: float, version: int, subject: str = "sim_1") -> Envelope:
    moment = NOON + timedelta(seconds=seconds)
    return some_event(
        number, f"simulation.{kind}.v1", service=ENGINE, subject=subject, streamversion=version, time=moment
    )


def documented() -> dict[str, list[str]]:
    """Views and their columns, from the README's tables."""
    sections = re.findall(r"^### `(\w+)`\n(.*?)(?=^##)", README, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) for name, text in sections}


async def test_the_readme_lists_every_table_and_view_with_its_columns(pool: ClickHousePool) -> None:
    query = (
        "SELECT table, groupArray(name) FROM (SELECT * FROM system.columns WHERE database = currentDatabase() "
        "AND table != 'migrations' AND default_kind = '' ORDER BY table, position) GROUP BY table"
    )
    assert documented() == dict(await ask(pool, query))


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", README, re.DOTALL))
async def test_the_queries_of_the_readme_run(pool: ClickHousePool, query: str) -> None:
    await ask(pool, query)


async def test_events_are_deduplicated(pool: ClickHousePool) -> None:
    await project(pool, [some_event(1), some_event(2)])
    found = await ask(pool, "SELECT id, projected_at FROM events_deduplicated ORDER BY recorded_at")
    assert found == [(some_event(n).id, NOON + timedelta(seconds=100)) for n in (1, 2)]


async def test_event_types_count_events_and_subjects_once(pool: ClickHousePool) -> None:
    await project(pool, [some_event(n, subject=f"pers_{n % 2}") for n in range(5)])
    assert await ask(pool, "SELECT * FROM event_types") == [
        ("acme", "persona", "persona.created.v1", 5, 2, NOON, NOON + timedelta(seconds=4))
    ]


async def test_events_per_minute_count_an_event_once(pool: ClickHousePool) -> None:
    await project(pool, [some_event(n) for n in (0, 59, 60)])
    found = await ask(pool, "SELECT minute, events FROM events_per_minute ORDER BY minute")
    assert found == [(NOON, 2), (NOON + timedelta(minutes=1), 1)]


async def test_timings_of_a_completed_simulation(pool: ClickHousePool) -> None:
    events = [
        simulation(1, "focus_group_requested", 0, 1),
        simulation(2, "started", 0.25, 2),
        simulation(3, "responses_recorded", 1.5, 3),
        simulation(4, "completed", 1.5, 4),
    ]
    await project(pool, events)
    query = "SELECT simulation_id, outcome, waited_ms, ran_ms, total_ms FROM simulation_timings"
    assert await ask(pool, query) == [("sim_1", "completed", 250, 1250, 1500)]


async def test_a_resumed_simulation_counts_from_its_first_start(pool: ClickHousePool) -> None:
    events = [simulation(n, kind, n, n) for n, kind in ((1, "focus_group_requested"), (2, "started"), (3, "started"))]
    await project(pool, [*events, simulation(4, "failed", 10, 4)])
    assert await ask(pool, "SELECT outcome, waited_ms, ran_ms FROM simulation_timings") == [("failed", 1000, 8000)]


async def test_what_has_not_happened_yet_is_null_not_zero(pool: ClickHousePool) -> None:
    await project(pool, [simulation(1, "focus_group_requested", 0, 1)])
    query = "SELECT outcome, requested_at, started_at, ended_at, waited_ms, ran_ms, total_ms FROM simulation_timings"
    assert await ask(pool, query) == [("open", NOON, None, None, None, None, None)]


async def test_a_simulation_cancelled_before_its_start_never_ran(pool: ClickHousePool) -> None:
    await project(pool, [simulation(1, "focus_group_requested", 0, 1), simulation(2, "cancelled", 3, 2)])
    query = "SELECT outcome, waited_ms, ran_ms, total_ms FROM simulation_timings"
    assert await ask(pool, query) == [("cancelled", None, None, 3000)]


async def test_lag_is_from_the_commit_to_the_first_projection(pool: ClickHousePool) -> None:
    await project(pool, [some_event(n) for n in range(11)], at=20)
    found = await ask(pool, "SELECT service, minute, events, p50_ms, p95_ms, max_ms FROM event_lag")
    assert found == [("persona", NOON, 11, 15_000, 20_000, 20_000)]


async def test_a_rebuilt_row_has_no_lag(pool: ClickHousePool) -> None:
    await Projector(pool, EVENTS).write("events", rows(some_event(1), 1), None)
    assert await ask(pool, "SELECT * FROM event_lag") == []
