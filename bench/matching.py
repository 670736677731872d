"""One property against a crowd of personas: the call to the service with reasons for the best 20, and how it grows."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.engines import engine, folder
from bench.measure import Pair, Row, Size, Target, ours_of, quantile, ratio_of, reference_of
from dramatis_bus import Bus
from dramatis_contracts.matching import v1
from dramatis_engines.clickhouse import start_clickhouse
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_kit import new_id
from dramatis_kit.settings import Settings
from dramatis_matching.app import service
from dramatis_matching.projections import PERSONAS
from dramatis_projections.client import ClickHousePool
from dramatis_testkit.hosting import hosted

_PERSONAS = 100_000
_MOST = 200.0
_TENANT = "bench"
_PROPERTY = v1.Listing(
    price=20e6,
    type="penthouse",
    locations=("Manhattan",),
    features=("pool", "home_office", "wine_cellar", "waterfront", "elevator", "concierge"),
    styles=("modern",),
)
_ASKED = v1.MatchClients(property_id="prop_bench", matching_criteria=v1.MatchingCriteria(minimum_score=0.5))
_BARE = "SELECT count() over the same rows, arrays included"
_FILL = """
INSERT INTO matching_personas
SELECT {tenant:String}, concat('pers_', leftPad(toString(number), 16, '0')), 1, 0, 'brokerage',
    worth * 0.8, worth * 1.2, 1e6 * (1 + h % 150) AS worth,
    arraySlice(kinds, 1 + h % 5, 2), arraySlice(cities, 1 + h % 8, 3), arraySlice(features, 1 + h % 13, 4),
    if(h % 3 = 0, [features[1 + h % 17]], ['highway_noise', 'no_privacy']), [styles[1 + h % 4]],
    (h % 5) / 4, (h % 7) / 6, (h % 4) / 3,
    'analytical', if(h % 2 = 0, 'children', ''), 'working', NULL, '', ''
FROM
(
    WITH ['penthouse', 'estate', 'townhouse', 'apartment', 'house', 'waterfront'] AS kinds,
        ['manhattan', 'hampton', 'miami_beach', 'tribeca', 'aspen', 'malibu', 'boston', 'chicago', 'austin', 'london']
            AS cities,
        ['pool', 'home_office', 'wine_cellar', 'home_gym', 'library', 'garden', 'garage', 'elevator', 'concierge',
         'doorman', 'smart_home', 'guest_house', 'tennis_court', 'roof_terrace', 'home_theater', 'private_dock', 'spa']
            AS features,
        ['modern', 'traditional', 'minimalist', 'rustic'] AS styles
    SELECT number, cityHash64(number) AS h, kinds, cities, features, styles
    FROM numbers({first:UInt64}, {count:UInt64})
)
"""
_CHANGE = """
INSERT INTO matching_personas
SELECT * REPLACE (version + 1 AS version) FROM matching_personas FINAL WHERE cityHash64(id) % 100 = {share:UInt64}
"""
_SCAN = """
SELECT count(), sum(length(types) + length(places) + length(musts) + length(breakers) + length(styles))
FROM matching_personas FINAL WHERE tenant = {tenant:String} AND NOT gone
"""


async def measure(size: Size) -> list[Row]:
    with folder() as under:
        async with _service(under) as (bus, settings):
            rows = [await _row(bus, settings, personas, size) for personas in _crowds(size)]
    return rows


def _crowds(size: Size) -> Iterator[int]:
    yield _PERSONAS
    if size.full:
        yield 10 * _PERSONAS


@asynccontextmanager
async def _service(under: Path) -> AsyncIterator[tuple[Bus, Settings]]:
    """The service in this process, its engines beside it, and the property that is matched."""
    with (
        engine(start_clickhouse, under / "clickhouse") as clickhouse,
        engine(start_mongod, under / "mongod") as mongo,
        engine(start_nats, under / "nats") as nats,
    ):
        name = new_id("bench")
        settings = Settings(
            mongo_url=mongo,
            mongo_database=name,
            nats_url=nats,
            clickhouse_url=clickhouse,
            clickhouse_database=name,
            data_dir=under,
            embedded=True,
        )
        async with hosted(settings, service) as bus:
            listed = v1.ListProperty(property_id=_ASKED.property_id, listing=_PROPERTY)
            await bus.call(v1.list_property, listed, tenant=_TENANT)
            yield bus, settings


async def _row(bus: Bus, settings: Settings, personas: int, size: Size) -> Row:
    async with ClickHousePool(settings, seconds=120) as pool:
        await _fill(pool, personas)
        for _ in range(3):
            await _pair(bus, pool, personas)
        pairs = [await _pair(bus, pool, personas) for _ in range(size.of(15, 40))]
    ours = ours_of(pairs)
    most = _MOST * personas / _PERSONAS
    words = f"< {most:g} ms" if personas == _PERSONAS else f"linear: < {most:g} ms"
    return Row(
        name="matching" if personas == _PERSONAS else "matching-large",
        what=f"match a property against {personas:,} personas, reasons for the best 20",
        n=f"{len(pairs)} pairs",
        unit="ms",
        ours=ours,
        reference=reference_of(pairs),
        reference_is=_BARE,
        ratio=ratio_of(pairs),
        p95=quantile([pair.ours for pair in pairs], 0.95),
        target=Target(words, ours.median < most),
    )


async def _fill(pool: ClickHousePool, personas: int) -> None:
    """Bring the crowd up to this number, and change some of it, so that the newest versions have to be found."""
    async with pool.client() as client:
        ((present,),) = await client.query(f"SELECT count() FROM {PERSONAS.table} FINAL")
        parameters = {"tenant": _TENANT, "first": present, "count": personas - present}
        await client.command(_FILL, parameters)
        for share in range(3):
            await client.command(_CHANGE, {"share": share})


async def _pair(bus: Bus, pool: ClickHousePool, personas: int) -> Pair:
    return Pair(await _matched(bus, personas), await _scanned(pool))


async def _matched(bus: Bus, personas: int) -> float:
    """Milliseconds of the call, through NATS, with the event that it records."""
    started = time.perf_counter()
    run = await bus.call(v1.match_clients, _ASKED, tenant=_TENANT, command_id=new_id("cmd"))
    taken = 1000 * (time.perf_counter() - started)
    if (run.pool, len(run.matches)) != (personas, 20):
        raise RuntimeError(f"matched {len(run.matches)} of {run.pool} personas")
    return taken


async def _scanned(pool: ClickHousePool) -> float:
    async with pool.client() as client:
        started = time.perf_counter()
        await client.query(_SCAN, {"tenant": _TENANT})
        return 1000 * (time.perf_counter() - started)
