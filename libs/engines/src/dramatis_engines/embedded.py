"""The three engines of a data directory: embedded, or foreign where the environment names an address."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dramatis_engines.clickhouse import launch_clickhouse
from dramatis_engines.mongod import launch_mongod
from dramatis_engines.nats_server import jetstream_answers, launch_nats
from dramatis_engines.processes import EngineFailed, Launched, Running
from dramatis_engines.settings import PlatformSettings

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

REACH_SECONDS = 5.0
"""How long a foreign engine may take to answer."""

Launch = Callable[[int | None], Launched]
"""Spawns an engine, on its remembered port or on the one that is given."""


@dataclass(frozen=True, slots=True)
class Engine:
    """`address` is the setting that holds the engine's URL."""

    name: str
    address: str
    log_file: Path
    launch: Launch
    reachable: Callable[[str], None]


def engines_of(data_dir: Path) -> Sequence[Engine]:
    """What `dramatis up` embeds: each in a folder of its own, with its log beside the others."""
    logs = data_dir / "logs"
    mongo, nats, clickhouse = logs / "mongod.log", logs / "nats.log", logs / "clickhouse.log"
    return (
        Engine("NATS", "nats_url", nats, partial(launch_nats, data_dir / "nats", log_file=nats), nats_answers),
        Engine(
            "MongoDB", "mongo_url", mongo, partial(launch_mongod, data_dir / "mongo", log_file=mongo), mongo_answers
        ),
        Engine(
            "ClickHouse",
            "clickhouse_url",
            clickhouse,
            partial(launch_clickhouse, data_dir / "clickhouse", log_file=clickhouse),
            clickhouse_answers,
        ),
    )


async def start(engine: Engine, port: int | None = None, attempts: int = 3) -> Running:
    """Spawn here, in the event loop's thread, and wait in another."""
    for attempt in range(1, attempts + 1):
        launched = engine.launch(port)
        try:
            return await asyncio.to_thread(launched.wait)
        except (EngineFailed, asyncio.CancelledError) as fault:
            launched.process.kill()
            launched.process.wait()
            if attempt == attempts or isinstance(fault, asyncio.CancelledError):
                raise
    raise AssertionError("unreachable")


def foreign(settings: PlatformSettings, engine: Engine) -> str:
    """The address of an engine that somebody else runs, checked. Raises `EngineFailed`."""
    url: str = getattr(settings, engine.address)
    try:
        engine.reachable(url)
    except Unreachable as reason:
        variable = f"DRAMATIS_{engine.address.upper()}"
        raise EngineFailed(f"{engine.name} at {redacted(url)} ({variable}) is not usable: {reason}") from None
    return url


class Unreachable(Exception):
    """An engine does not answer, or not as needed."""


def mongo_answers(url: str) -> None:
    """Raises `Unreachable` unless a writable replica set answers: change streams need one."""
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    try:
        with MongoClient[dict[str, object]](url, timeoutMS=int(REACH_SECONDS * 1000)) as client:
            hello = client.admin.command("hello")
    except PyMongoError as error:
        raise Unreachable(f"no answer ({type(error).__name__})") from None
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Unreachable("it is no replica set")


def nats_answers(url: str) -> None:
    """Raises `Unreachable` unless one of the servers has JetStream."""
    parts = [urlsplit(server.strip()) for server in url.split(",")]
    if not any(jetstream_answers(part.hostname or "127.0.0.1", part.port or 4222) for part in parts):
        raise Unreachable("no server with JetStream answers")


def clickhouse_answers(url: str) -> None:
    """Raises `Unreachable` unless `/ping` answers."""
    import httpx

    try:
        httpx.get(url.rstrip("/") + "/ping", timeout=REACH_SECONDS).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"no answer ({type(error).__name__})") from None


def redacted(url: str) -> str:
    """An address without its password and without options, to be shown."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    user = user.partition(":")[0]
    return urlunsplit((parts.scheme, f"{user}{at}{place}", parts.path, "", ""))


def forget_leases(settings: PlatformSettings) -> None:
    """End every lease, so that a restarted relay need not wait for its dead predecessor's to run out.

    Ended and not deleted: a lease remembers its epoch.
    """
    from pymongo import MongoClient

    with MongoClient[dict[str, object]](settings.mongo_url, timeoutMS=5000) as client:
        client[settings.mongo_database]["leases"].update_many({}, {"$set": {"expires": _LONG_AGO}})
