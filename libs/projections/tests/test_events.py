"""The table `events` says the same however often, and in whichever batches, the events come."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from dramatis_bus import Received
from dramatis_kit import Settings, Unavailable
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.events import COLUMNS, EVENTS, rows
from dramatis_projections.projector import Projector
from dramatis_testkit.clock import FixedClock
from dramatis_testkit.envelopes import NOON, some_event

Stored = Callable[[], Awaitable[list[Row]]]

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def received(numbers: range | list[int]) -> list[Received]:
    return [Received(some_event(number), position=number) for number in numbers]


def test_a_row_holds_the_envelope_and_nothing_of_the_data() -> None:
    (row,) = rows(
        some_event(7, data={"name": "Isabella Grant", "income": 250_000}, traceparent=TRACE, causationid="c"), 7
    )
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "id": some_event(7).id,
        "tenant": "acme",
        "service": "persona",
        "type": "persona.created.v1",
        "subject": "pers_7",
        "stream_version": 1,
        "recorded_at": round((NOON + timedelta(seconds=7)).timestamp() * 1000),
        "correlation_id": "req_7",
        "causation_id": "c",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }


@pytest.mark.parametrize("traceparent", [None, "", "nonsense"])
def test_an_event_outside_a_trace_has_no_trace_id(traceparent: str | None) -> None:
    (row,) = rows(some_event(1, traceparent=traceparent), 1)
    assert row[-1] is None


async def test_an_event_becomes_one_row(pool: ClickHousePool, stored: Stored) -> None:
    await Projector(pool, EVENTS).handle(received([1]))
    assert await stored() == [
        (
            some_event(1).id,
            "acme",
            "persona",
            "persona.created.v1",
            "pers_1",
            1,
            some_event(1).time,
            "req_1",
            None,
            None,
        )
    ]


async def test_a_redelivered_batch_changes_nothing(pool: ClickHousePool, stored: Stored) -> None:
    projector = Projector(pool, EVENTS)
    await projector.handle(received(range(100)))
    before = await stored()
    await projector.handle(received(range(100)))
    assert await stored() == before
    assert len(before) == 100


@pytest.mark.parametrize("seed", range(5))
async def test_regrouped_and_reordered_batches_change_nothing(pool: ClickHousePool, stored: Stored, seed: int) -> None:
    chance = random.Random(seed)
    projector = Projector(pool, EVENTS)
    await projector.handle(received(range(200)))
    before = await stored()
    again = chance.sample(range(200), 200) + chance.choices(range(200), k=100)
    while again:
        size = chance.randint(1, 90)
        await projector.handle(received(again[:size]))
        again = again[size:]
    assert await stored() == before


async def test_of_two_deliveries_the_first_one_tells_when_the_event_came(pool: ClickHousePool) -> None:
    for seconds in (5, 3, 90):
        clock = FixedClock(NOON + timedelta(seconds=seconds))
        await Projector(pool, EVENTS, clock).handle(received([1]))
    async with pool.client() as client:
        found = await client.query("SELECT projected_at FROM events FINAL")
        await client.command("OPTIMIZE TABLE events FINAL")
        assert await client.query("SELECT projected_at FROM events") == found == [(NOON + timedelta(seconds=3),)]


async def test_events_of_several_months_and_tenants_keep_apart(pool: ClickHousePool, stored: Stored) -> None:
    events = [
        some_event(number, tenantid=tenant, id=f"{tenant}-{number}", time=NOON + timedelta(days=31 * number))
        for number in range(12)
        for tenant in ("acme", "other")
    ]
    await Projector(pool, EVENTS).handle([Received(envelope, 1) for envelope in events] * 2)
    assert len(await stored()) == 24


async def test_rows_that_clickhouse_refuses_are_tried_again_never_parked(pool: ClickHousePool) -> None:
    async with pool.client() as client:
        await client.command("RENAME TABLE events TO elsewhere")
    projector = Projector(pool, EVENTS)
    with pytest.raises(Unavailable):
        await projector.handle(received([1]))
    async with pool.client() as client:
        await client.command("RENAME TABLE elsewhere TO events")
    await projector.handle(received([1]))
    async with pool.client() as client:
        await client.command("RENAME TABLE events TO elsewhere")
    with pytest.raises(Unavailable):
        await projector.handle(received([2]))


async def test_clickhouse_down_is_unavailable_to_the_bus(clickhouse: Settings) -> None:
    nobody = clickhouse.model_copy(update={"clickhouse_url": "http://127.0.0.1:1"})
    async with ClickHousePool(nobody) as pool:
        with pytest.raises(Unavailable):
            await Projector(pool, EVENTS).handle(received([1]))


async def test_an_empty_batch_is_nothing(pool: ClickHousePool, stored: Stored) -> None:
    await Projector(pool, EVENTS).handle([])
    assert await stored() == []
