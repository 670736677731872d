"""Events into ClickHouse against bare inserts of the same columns, and a projection rebuilt from the log."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from bench.engines import engine, folder
from bench.events import commits, positioned
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of
from dramatis_bus import Received
from dramatis_engines.clickhouse import start_clickhouse
from dramatis_engines.mongod import start_mongod
from dramatis_eventlog import EventLog
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import new_id, utc_now
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_projections.client import ClickHousePool
from dramatis_projections.events import EVENTS
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import PROJECTED_AT, Projector, consumer_of, milliseconds
from dramatis_projections.rebuild import BATCH, rebuild

_PER_SECOND = 30_000
_REBUILT_PER_SECOND = 1_000_000 / 60
_COLUMNS = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
_BARE = "clickhouse-connect column insert"


async def measure(size: Size) -> list[Row]:
    with folder() as under, engine(start_clickhouse, under / "clickhouse") as clickhouse_url:
        live = await _live(Settings(clickhouse_url=clickhouse_url, clickhouse_database=new_id("bench")), size)
        with engine(start_mongod, under / "mongod") as mongo_url:
            name = new_id("bench")
            settings = Settings(
                mongo_url=mongo_url,
                mongo_database=name,
                clickhouse_url=clickhouse_url,
                clickhouse_database=name,
            )
            rebuilt = await _rebuilt(settings, size)
    return [live, rebuilt]


async def _live(settings: Settings, size: Size) -> Row:
    await provision(migration_resources(settings))
    events, batch = size.of(30_000, 100_000), consumer_of(EVENTS).size
    async with ClickHousePool(settings) as pool:
        projector = Projector(pool, EVENTS)
        await _pair(settings, projector, 5 * batch, batch)
        pairs = [await _pair(settings, projector, events, batch) for _ in range(size.of(7, 11))]
    ours = ours_of(pairs)
    return Row(
        name="project",
        what="project events into ClickHouse",
        n=f"{len(pairs)} pairs of {events} events, {batch} a batch",
        unit="events/s",
        ours=ours,
        reference=reference_of(pairs),
        reference_is=_BARE,
        ratio=ratio_of(pairs),
        target=Target(f"≥ {_PER_SECOND:,} events/s", ours.median >= _PER_SECOND),
    )


async def _pair(settings: Settings, projector: Projector, events: int, batch: int) -> Pair:
    received = _received(events)
    started = time.perf_counter()
    for start in range(0, events, batch):
        await projector.handle(received[start : start + batch])
    ours = events / (time.perf_counter() - started)
    return Pair(ours, _inserted(settings, _received(events), batch))


def _received(events: int) -> list[Received]:
    return [
        Received(envelope, position)
        for position, commit in enumerate(commits(new_id("run"), events), start=1)
        for envelope in commit.events
    ]


def _inserted(settings: Settings, received: Sequence[Received], batch: int) -> float:
    """Rows per second of the driver alone: the columns are ready before the clock starts."""
    now = milliseconds(utc_now())
    rows = [(*row, now) for r in received for row in EVENTS.rows(r.envelope, r.position)]
    parts = [list(zip(*rows[start : start + batch], strict=True)) for start in range(0, len(rows), batch)]
    names = (*EVENTS.columns, PROJECTED_AT)
    with _bare(settings) as client:
        types = _types(client, names)
        started = time.perf_counter()
        for part in parts:
            client.insert(
                EVENTS.table,
                part,
                column_names=names,
                column_type_names=types,
                column_oriented=True,
                settings={"async_insert": 0},
            )
        return len(rows) / (time.perf_counter() - started)


@contextmanager
def _bare(settings: Settings) -> Iterator[Client]:
    client = clickhouse_connect.get_client(
        dsn=settings.clickhouse_url, database=settings.clickhouse_database, autogenerate_session_id=False
    )
    try:
        yield client
    finally:
        client.close()


def _types(client: Client, names: Sequence[str]) -> list[str]:
    rows = client.query(_COLUMNS, {"table": EVENTS.table}).result_rows
    found = {str(name): str(kind) for name, kind in rows}
    return [found[name] for name in names]


async def _rebuilt(settings: Settings, size: Size) -> Row:
    await provision(migration_resources(settings))
    await _fill(settings, size.rebuild)
    pairs = [await _rebuild_pair(settings, size.rebuild) for _ in range(3)]
    ours = ours_of(pairs)
    return Row(
        name="rebuild",
        what="rebuild a projection from the log",
        n=f"{len(pairs)} pairs of {size.rebuild} events",
        unit="events/s",
        ours=ours,
        reference=reference_of(pairs),
        reference_is=_BARE,
        ratio=ratio_of(pairs),
        target=Target(f"1 M events < 60 s: ≥ {_REBUILT_PER_SECOND:,.0f} events/s", ours.median >= _REBUILT_PER_SECOND),
    )


async def _fill(settings: Settings, events: int) -> None:
    async with connect(settings) as mongo:
        database = mongo[settings.mongo_database]
        await provision(EventLog(database).resources())
        page = []
        for document in positioned(events):
            page.append(document)
            if len(page) == 2000:
                await database[COLLECTION].insert_many(page)
                page = []
        if page:
            await database[COLLECTION].insert_many(page)


async def _rebuild_pair(settings: Settings, events: int) -> Pair:
    done = await rebuild(EVENTS.name, settings)
    if done.rows != events:
        raise RuntimeError(f"the rebuild wrote {done.rows} rows of {events} events")
    few = min(events, 5 * BATCH)
    return Pair(events / done.seconds, _inserted(settings, _received(few), BATCH))
