"""Start the endpoint as a child process and wait until it answers."""

import os
import sys
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from dramatis_engines.ports import remembered_port
from dramatis_engines.processes import Launched, Process, Running, await_ready, spawn, start


def start_clickhouse(folder: Path, port: int | None = None) -> Running:
    """Start the engine on the data in `folder` and wait until `/ping` answers. Raises `EngineFailed`."""
    return start(lambda: launch_clickhouse(folder, port))


def launch_clickhouse(folder: Path, port: int | None = None, log_file: Path | None = None) -> Launched:
    """Spawn the endpoint. The engine locks its folder itself: a second one on it ends at once."""
    folder.mkdir(parents=True, exist_ok=True)
    log_file = log_file or folder / "clickhouse.log"
    port = remembered_port(folder, port)
    command = [sys.executable, "-m", "dramatis_engines.clickhouse", "--folder", str(folder), "--port", str(port)]
    process = spawn(command, log_file, env={**os.environ, "TZ": "UTC"})
    return Launched(process, partial(_wait, process, port, log_file))


def _wait(process: Process, port: int, log_file: Path) -> Running:
    await_ready("clickhouse", process, log_file, partial(answers, "127.0.0.1", port), 20)
    return Running(f"http://127.0.0.1:{port}", process)


def answers(host: str, port: int) -> bool:
    """Whether a ClickHouse server, embedded or not, answers `/ping` on this address."""
    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().read() == b"Ok.\n"
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
