"""Writes projections: events in, rows out, the same rows however often and in whichever batches the events come."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from clickhouse_connect.driver.exceptions import DatabaseError

from dramatis_bus import BatchConsumer, Received
from dramatis_contracts.envelope import Envelope
from dramatis_kit import Clock, Unavailable, utc_now
from dramatis_projections.client import ClickHousePool, Client, Row

log = structlog.get_logger()

PROJECTED_AT = "projected_at"
"""The last column of every projection: when the live projector wrote the row, null when a rebuild did."""

_COLUMNS = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"


@dataclass(frozen=True, slots=True)
class Projection:
    """A table that is a pure function of the log.

    `rows` turns an event and its position into the rows that it leads to, values in the order of `columns`; pure. The
    table is a ReplacingMergeTree whose key contains the event id and is made of constants of the event, so that a
    repeated row replaces itself. It has the column `projected_at Nullable(DateTime64(3, 'UTC'))` besides `columns`.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    services: tuple[str, ...]
    rows: Callable[[Envelope, int], Iterable[Row]]
    aggregate: str = "*"
    """The one kind of aggregate whose events give rows, where it is one; a rebuild passes the others over itself."""


def consumer_of(projection: Projection, *, size: int = 1000, wait: float = 0.2) -> BatchConsumer:
    """The consumer that keeps a projection current: `bus.consume(consumer_of(p), Projector(pool, p).handle)`."""
    # A batch in work is kept alive, so that only the batch of a dead projector waits for this to pass.
    return BatchConsumer(
        f"{projection.name}-projector",
        services=projection.services,
        aggregate=projection.aggregate,
        size=size,
        wait=wait,
        ack_wait=5,
    )


class Projector:
    """Writes one projection."""

    def __init__(self, pool: ClickHousePool, projection: Projection, clock: Clock = utc_now) -> None:
        self._pool = pool
        self._projection = projection
        self._names = (*projection.columns, PROJECTED_AT)
        self._types: dict[str, tuple[str, ...]] = {}
        self._clock = clock

    async def handle(self, batch: Sequence[Received]) -> None:
        """The bus's handler. A repeated or regrouped batch changes nothing but the time that it took.

        Raises `Unavailable` also when ClickHouse refuses the rows: that is never the fault of an event, and the bus
        keeps trying instead of parking what is well.
        """
        make = self._projection.rows
        rows = [row for received in batch for row in make(received.envelope, received.position)]
        try:
            await self.write(self._projection.table, rows, self._clock())
        except DatabaseError as error:
            if error.code is None:
                raise
            log.exception("ClickHouse refuses rows", table=self._projection.table)
            self._types.clear()
            raise Unavailable(f"the table {self._projection.table}") from error

    async def write(self, table: str, rows: Sequence[Row], projected_at: datetime | None) -> None:
        """Write rows to `table` with one insert."""
        if not rows:
            return
        stamp = None if projected_at is None else milliseconds(projected_at)
        columns = [*zip(*rows, strict=True), [stamp] * len(rows)]
        async with self._pool.client() as client:
            if table not in self._types:
                self._types[table] = await self._types_of(client, table)
            await client.insert(table, self._names, self._types[table], columns)

    async def _types_of(self, client: Client, table: str) -> tuple[str, ...]:
        """The types are the table's own, so that no list of columns is written down twice."""
        found: dict[str, str] = dict(await client.query(_COLUMNS, {"table": table}))
        if missing := [name for name in self._names if name not in found]:
            raise Unavailable(f"the table {table} (it lacks {', '.join(missing)})")
        return tuple(found[name] for name in self._names)


def milliseconds(moment: datetime) -> int:
    """A DateTime64(3) as its ticks: seven times faster for the client than a datetime."""
    return round(moment.timestamp() * 1000)
