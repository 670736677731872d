"""Append to the log against `insert_one(w=majority, j=true)` of the same documents, on the same mongod.

The plain collection has the two unique indexes, which make an insert an append; the log has more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bson import decode
from pymongo.asynchronous.database import AsyncDatabase

from bench.engines import engine, folder
from bench.events import CAUSE, TENANT, commits, created, stream
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of
from dramatis_engines.mongod import start_mongod
from dramatis_eventlog import EventLog
from dramatis_eventlog.commits import encode_commit
from dramatis_kit import Document, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings

_PLAIN = "plain"

Write = Callable[[int, int], Awaitable[object]]
"""One write: by which writer, and which of its writes."""


async def measure(size: Size) -> list[Row]:
    with folder() as under, engine(start_mongod, under / "mongod") as url:
        async with connect(Settings(mongo_url=url)) as mongo:
            database = mongo[new_id("bench")]
            await provision(EventLog(database).resources())
            await _make_unique(database)
            many = await _pairs(database, writers=64, each=size.of(30, 100), rounds=size.of(7, 15))
            one = await _pairs(database, writers=1, each=size.of(300, 1000), rounds=size.of(7, 15))
    return [
        _row("append-64", "append, 64 writers", 64 * size.of(30, 100), many, least=3.0),
        _row("append-1", "append, 1 writer", size.of(300, 1000), one, least=1.0),
    ]


def _row(name: str, what: str, appends: int, pairs: list[Pair], least: float) -> Row:
    ratio = ratio_of(pairs)
    return Row(
        name=name,
        what=what,
        n=f"{len(pairs)} pairs of {appends} commits",
        unit="commits/s",
        ours=ours_of(pairs),
        reference=reference_of(pairs),
        reference_is="insert_one, w=majority, j=true",
        ratio=ratio,
        target=Target(f"≥ {least:g} ×", ratio.median >= least),
    )


async def _pairs(database: AsyncDatabase[Document], *, writers: int, each: int, rounds: int) -> list[Pair]:
    await _pair(database, writers, max(1, each // 10))  # connections, caches and the collections themselves
    return [await _pair(database, writers, each) for _ in range(rounds)]


async def _pair(database: AsyncDatabase[Document], writers: int, each: int) -> Pair:
    return Pair(
        ours=await _rate(_appending(database), writers, each),
        reference=await _rate(_inserting(database, writers, each), writers, each),
    )


async def _rate(write: Write, writers: int, each: int) -> float:
    async def writer(number: int) -> None:
        for turn in range(each):
            await write(number, turn)

    started = time.perf_counter()
    await asyncio.gather(*(writer(number) for number in range(writers)))
    return writers * each / (time.perf_counter() - started)


def _appending(database: AsyncDatabase[Document]) -> Write:
    log, run, body = EventLog(database), new_id("run"), created()

    def append(writer: int, turn: int) -> Awaitable[object]:
        return log.append(
            TENANT,
            stream(f"{run}-{writer}"),
            [body],
            expected_version=turn,
            command_id=f"{run}-{writer}-{turn}",
            cause=CAUSE,
        )

    return append


async def _make_unique(database: AsyncDatabase[Document]) -> None:
    """The two indexes without which an insert is no append: one against conflicts, one against repetition."""
    for keys in (["tenant", "stream", "ver_from"], ["tenant", "commit_id"]):
        await database[_PLAIN].create_index(keys, unique=True)


def _inserting(database: AsyncDatabase[Document], writers: int, each: int) -> Write:
    """The documents are ready before the clock starts: this is the bare driver."""
    plain, run = database[_PLAIN], new_id("run")
    ready = {
        writer: [decode(encode_commit(commit)) for commit in commits(f"{run}-{writer}", each)]
        for writer in range(writers)
    }

    def insert(writer: int, turn: int) -> Awaitable[object]:
        return plain.insert_one(ready[writer][turn])

    return insert
