"""ClickHouse clients for asyncio: borrowed by one task at a time, and never used again after a failure.

clickhouse-connect's HTTP client blocks, so its calls run in threads of the pool. An answer that breaks off may leave
rows behind on its connection (chdb 4.4 prepends them to the next answer), and after a cancellation nobody knows how far
a call came: whatever leaves `client()` by an exception takes its client with it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import clickhouse_connect
import structlog
from clickhouse_connect.driver import options
from clickhouse_connect.driver.client import Client as HttpClient
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from dramatis_kit import Settings, Unavailable

log = structlog.get_logger()

ResultT = TypeVar("ResultT")
Row = tuple[Any, ...]

_OVERLOADED = frozenset({159, 202, 209, 210, 241, 242, 243, 252, 319, 999})
"""ClickHouse's codes for what passes: timeouts, too many queries or parts, out of memory or space, no quorum."""


class Client:
    """A ClickHouse client that one task has to itself.

    Every call ends within `seconds`, on the server as well. Raises `Unavailable` when ClickHouse is unreachable,
    overloaded or too slow, and clickhouse-connect's `DatabaseError` for what is wrong with a statement.
    """

    def __init__(self, http: HttpClient, threads: ThreadPoolExecutor, seconds: float) -> None:
        self._http = http
        self._threads = threads
        self._seconds = seconds
        self._in_use = threading.Lock()

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of an answer. Values go into `{name:Type}` placeholders, never into the text."""
        result = await self._call(lambda: self._http.query(sql, dict(parameters or {})))
        return [tuple(row) for row in result.result_rows]

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing."""
        await self._call(lambda: self._http.command(sql, dict(parameters or {})))

    async def insert(
        self, table: str, names: Sequence[str], types: Sequence[str], columns: Sequence[Sequence[Any]]
    ) -> None:
        """Insert column by column, in ClickHouse's native format; returns when the rows are stored."""
        await self._call(
            lambda: self._http.insert(
                table,
                columns,
                column_names=names,
                column_type_names=types,
                column_oriented=True,
                settings={"async_insert": 0},  # batches are made here already
            )
        )

    async def _call(self, work: Callable[[], ResultT]) -> ResultT:
        return await in_thread(self._threads, lambda: self._exclusively(work), self._seconds)

    def _exclusively(self, work: Callable[[], ResultT]) -> ResultT:
        with self._in_use:
            return work()

    def close(self) -> None:
        """Close once the call in progress, if any, has ended. Blocks."""
        with self._in_use:
            self._http.close()


async def in_thread(threads: ThreadPoolExecutor, work: Callable[[], ResultT], seconds: float) -> ResultT:
    """Run a blocking call in the pool's threads, with ClickHouse's failures in the words of the kit."""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().run_in_executor(threads, work)
    except TimeoutError:
        raise Unavailable("ClickHouse") from None
    except DatabaseError as error:
        if error.code in _OVERLOADED or (error.code is None and isinstance(error, OperationalError)):
            log.warning("ClickHouse is not available", error=str(error))
            raise Unavailable("ClickHouse") from error
        raise


class ClickHousePool:
    """At most `size` clients of one database. `async with ClickHousePool(settings) as pool`.

    Nothing is connected before the first use, so a service starts while ClickHouse is down. `database` overrides the
    setting; an empty one is the server's default.
    """

    def __init__(
        self, settings: Settings, *, database: str | None = None, size: int = 4, seconds: float = 10.0
    ) -> None:
        self._url = settings.clickhouse_url
        self._database = settings.clickhouse_database if database is None else database
        self._seconds = seconds
        self._places = asyncio.Semaphore(size)
        _leave_pandas_out()
        self._idle: list[Client] = []
        self._threads = ThreadPoolExecutor(size + 1, thread_name_prefix="clickhouse")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._idle:
            self._threads.submit(client.close)
        self._idle.clear()
        await asyncio.to_thread(self._threads.shutdown)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Borrow a client. Raises `Unavailable` when none is free or can be made within the deadline."""
        await self._take_place()
        try:
            client = self._idle.pop() if self._idle else await self._connect()
            try:
                yield client
            except BaseException:
                self._threads.submit(client.close)
                raise
            self._idle.append(client)
        finally:
            self._places.release()

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable("ClickHouse (every client is busy)") from None

    async def _connect(self) -> Client:
        http = await in_thread(self._threads, self._http, self._seconds)
        return Client(http, self._threads, self._seconds)

    def _http(self) -> HttpClient:
        return clickhouse_connect.get_client(
            dsn=self._url,
            database=self._database or None,
            compress=False if _is_loopback(self._url) else "lz4",
            connect_timeout=min(5, max(1, int(self._seconds))),
            send_receive_timeout=max(1, int(self._seconds)),
            settings={"max_execution_time": max(1, int(self._seconds))},
            autogenerate_session_id=False,  # a session would serialize the queries of a client
            dedicated_pool=True,  # closing a client closes its connections and nobody else's
            tz_mode="aware",
        )


def _leave_pandas_out() -> None:
    """Where pandas is installed, as with chdb, the first insert would import it: 1 s of a stalled loop, and 75 MB."""
    vars(options).setdefault("pd", None)
    vars(options).setdefault("pd_time_test", None)


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
