"""Tables and views from numbered SQL files: applied once, recorded, and compared with what is there.

A file `ddl/0001_events.sql` holds statements that end in `;` at the end of a line and may be repeated (`IF NOT EXISTS`,
`CREATE OR REPLACE`). An applied file does not change any more: the next change is the next number.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

from dramatis_kit import Resource, Settings, utc_now
from dramatis_projections.client import ClickHousePool, Client

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_CREATED = re.compile(r"^CREATE (?:OR REPLACE )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)

CHANGED = "was changed after it had been applied"

_RECORD = """
CREATE TABLE IF NOT EXISTS migrations
(
    package LowCardinality(String),
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree ORDER BY (package, number)
"""


class ChangedAfterApplication(Exception):
    """A migration differs from the file that was applied under its number: its change belongs into a new one."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `package` is the Python package that it belongs to; numbers count within it."""

    package: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Of what the engine sees, so that a comment may be mended."""
        return hashlib.sha256(" ".join(_COMMENT.sub("", self.sql).split()).encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        return [
            part.strip() for part in re.split(r";\s*$", _COMMENT.sub("", self.sql), flags=re.MULTILINE) if part.strip()
        ]

    @property
    def creates(self) -> list[str]:
        """The tables and views that exist once it is applied."""
        return _CREATED.findall(_COMMENT.sub("", self.sql))


def migrations_of(package: str) -> list[Migration]:
    """The files in the package's folder `ddl`, by number. Raises ValueError for a name or number that is not right."""
    found = []
    for file in files(package).joinpath("ddl").iterdir():
        if not (name := _NAME.fullmatch(file.name)):
            raise ValueError(f"{package}/ddl/{file.name} is not named like 0001_what_it_makes.sql")
        found.append(Migration(package, int(name.group(1)), file.name[:-4], file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations of {package} do not count from 1 without a gap")
    return found


def migration_resources(settings: Settings, package: str = "dramatis_projections") -> list[Resource]:
    """The database, and the migrations of a package as one resource, in the order in which they must be applied."""
    return [_database(settings), _migrations(settings, migrations_of(package), package)]


def _database(settings: Settings) -> Resource:
    name = settings.clickhouse_database

    async def drift() -> str | None:
        async with _connected(settings, database="") as client:
            found = await client.query("SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name})
        return None if found else "missing"

    async def apply() -> None:
        async with _connected(settings, database="") as client:
            await client.command(f"CREATE DATABASE IF NOT EXISTS {quoted(name)}")

    return Resource("database", name, drift, apply)


def _migrations(settings: Settings, migrations: Sequence[Migration], package: str) -> Resource:
    database = settings.clickhouse_database

    async def drift() -> str | None:
        async with _connected(settings, database="") as client:
            found = await _differences(client, database, migrations)
        return "; ".join(f"{migration.name} {what}" for migration, what in found) or None

    async def apply() -> None:
        async with _connected(settings) as client:
            await _apply(client, database, migrations)

    return Resource("tables", package, drift, apply)


async def _differences(client: Client, database: str, migrations: Sequence[Migration]) -> list[tuple[Migration, str]]:
    present = await _tables(client, database)
    applied = await _applied(client, database, migrations[0].package) if "migrations" in present else {}
    compared = ((migration, _difference(migration, present, applied)) for migration in migrations)
    return [(migration, what) for migration, what in compared if what]


def _difference(migration: Migration, present: Collection[str], applied: Mapping[int, str]) -> str | None:
    if migration.number not in applied:
        return "is not applied"
    if applied[migration.number] != migration.checksum:
        return CHANGED
    missing = [name for name in migration.creates if name not in present]
    return f"has lost {', '.join(missing)}" if missing else None


async def _apply(client: Client, database: str, migrations: Sequence[Migration]) -> None:
    """Run the first that differs and all after it: a repaired view may have been replaced by a later one."""
    found = await _differences(client, database, migrations)
    if changed := [migration.name for migration, what in found if what == CHANGED]:
        raise ChangedAfterApplication(", ".join(changed))
    await client.command(_RECORD)
    first = min((migration.number for migration, _ in found), default=len(migrations) + 1)
    for migration in migrations[first - 1 :]:
        for statement in migration.statements:
            await client.command(statement)
        await _record(client, migration)


async def _record(client: Client, migration: Migration) -> None:
    await client.insert(
        "migrations",
        ["package", "number", "name", "checksum", "applied_at"],
        ["LowCardinality(String)", "UInt32", "String", "String", "DateTime64(3, 'UTC')"],
        [[migration.package], [migration.number], [migration.name], [migration.checksum], [utc_now()]],
    )


async def _tables(client: Client, database: str) -> set[str]:
    found = await client.query("SELECT name FROM system.tables WHERE database = {d:String}", {"d": database})
    return {name for (name,) in found}


async def _applied(client: Client, database: str, package: str) -> dict[int, str]:
    """The checksums of what was applied, by number."""
    source = f"{quoted(database)}.migrations"
    found = await client.query(
        f"SELECT number, checksum FROM {source} FINAL WHERE package = {{package:String}}",  # noqa: S608 - quoted
        {"package": package},
    )
    return dict(found)


@asynccontextmanager
async def _connected(settings: Settings, *, database: str | None = None) -> AsyncIterator[Client]:
    async with ClickHousePool(settings, database=database, size=1) as pool, pool.client() as client:
        yield client


def quoted(name: str) -> str:
    """A SQL identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
