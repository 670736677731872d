"""The chdb engine of this process: every request gets a connection of its own, which is closed after it.

chdb 4.4 leaks rows: when a query fails after some output, that output is prepended to the answer of the next query on
the same connection (measured: 50 of 50). Settings and the current database stay on a connection as well. Opening one
costs 0.4 ms, so none is ever used twice and neither can reach another request.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from types import MappingProxyType
from typing import Any

import chdb
from chdb import ChdbError

from dramatis_engines.clickhouse.failures import EngineFailure, failure_of
from dramatis_engines.clickhouse.statements import Statement

HOME = "main"
"""Stands for the database `default`, which in chdb is a view of local files and is forgotten at the end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`queries` run at once, others wait `queue_seconds` and are then refused.

    `result_bytes` bounds an answer that is not streamed, as the engine counts it: a constant column once.
    """

    queries: int = 8
    queue_seconds: float = 10.0
    result_bytes: int = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Request:
    """A statement and what it runs under. Settings and parameters are text, as they came."""

    statement: Statement
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`summary` has the keys of ClickHouse's `X-ClickHouse-Summary`."""

    body: bytes
    summary: Mapping[str, int]


class Engine:
    """Safe for any number of threads; at most `limits.queries` statements run at once."""

    def __init__(self, folder: Path, configuration: Path, limits: Limits = Limits()) -> None:
        self._address = f"{folder.resolve()}?config-file={configuration.resolve()}"
        self._limits = limits
        self._places = BoundedSemaphore(limits.queries)
        self._anchor = chdb.connect(self._address)  # the engine lives while a connection is open
        self._ask(f"CREATE DATABASE IF NOT EXISTS {HOME} ENGINE = Atomic")
        self.version = self._ask("SELECT version()")
        self.timezone = self._ask("SELECT timezone()")

    def close(self) -> None:
        """Close the engine once every place is free; it then writes nothing any more."""
        for _ in range(self._limits.queries):
            self._places.acquire(timeout=self._limits.queue_seconds)
        self._anchor.close()

    def _ask(self, sql: str) -> str:
        return str(self._anchor.query(sql, "TSV").bytes().decode().strip())

    def run(self, request: Request) -> Answer:
        """Run to the end. Raises `EngineFailure`; then nothing of a partial answer is kept."""
        bounds = {"max_result_bytes": str(self._limits.result_bytes)}
        with self._connection(request, bounds) as connection:
            if request.statement.kind == "insert":
                return _insert(connection, request.statement)
            return _query(connection, request)

    def stream(self, request: Request) -> Generator[bytes, None, None]:
        """Blocks of an answer as they come. Raises `EngineFailure`, possibly after some blocks."""
        statement = request.statement
        with self._connection(request) as connection:
            blocks = connection.send_query(statement.sql, statement.format, params=dict(request.parameters))
            for block in blocks:
                yield block.bytes()

    @contextmanager
    def _connection(self, request: Request, bounds: Mapping[str, str] = MappingProxyType({})) -> Iterator[Any]:
        if not self._places.acquire(timeout=self._limits.queue_seconds):
            limit = self._limits.queries
            raise EngineFailure(
                f"Code: 202. DB::Exception: Too many simultaneous queries. Maximum: {limit}. "
                "(TOO_MANY_SIMULTANEOUS_QUERIES)"
            )
        try:
            with chdb.connect(self._address) as connection:
                _prepare(connection, request, bounds)
                yield connection
        except (ChdbError, RuntimeError) as fault:
            raise failure_of(fault) from None
        finally:
            self._places.release()


def _prepare(connection: Any, request: Request, bounds: Mapping[str, str]) -> None:
    named = request.database not in ("", "default")
    connection.query(f"USE {quoted(request.database, '`') if named else HOME}")
    settings = {**bounds, **request.settings}
    if request.read_only:
        settings["readonly"] = "2"
    if settings:
        pairs = (f"{quoted(name, '`')} = {quoted(value)}" for name, value in settings.items())
        connection.query(f"SET {', '.join(pairs)}")


def _query(connection: Any, request: Request) -> Answer:
    result = connection.query(request.statement.sql, request.statement.format, params=dict(request.parameters))
    summary = {"read_rows": result.rows_read(), "read_bytes": result.bytes_read(), "elapsed_ns": _ns(result.elapsed())}
    return Answer(result.bytes() or b"", summary)


def _insert(connection: Any, statement: Statement) -> Answer:
    with connection.send_insert(statement.sql, statement.format) as insert:
        insert.append(statement.data)
        done = insert.finish()
    summary = {"written_rows": done.rows_written, "written_bytes": done.bytes_written, "elapsed_ns": _ns(done.elapsed)}
    return Answer(b"", summary)


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def quoted(text: str, mark: str = "'") -> str:
    """A SQL literal, or with a backtick an identifier."""
    escaped = text.replace("\\", "\\\\").replace(mark, "\\" + mark).replace("\0", "\\0")
    return f"{mark}{escaped}{mark}"
