"""Ports on loopback: free ones, remembered ones, and who holds a taken one."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that listens on a port, as far as this user may see it."""

    pid: int
    name: str


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now. Raises `OSError` when that has another reason than a server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: connections of an ended server that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as refusal:
            if refusal.errno != errno.EADDRINUSE:
                raise
            return False
        return True


def remembered_port(folder: Path, wanted: int | None = None) -> int:
    """The port that the engine in `folder` had last time, or another if a foreign process took it; remembered."""
    file = folder / "port"
    port = wanted or _read(file)
    if port is None or (wanted is None and not is_free(port)):
        port = free_port()
    file.write_text(f"{port}\n")
    return port


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return None


def holder_of(port: int) -> Holder | None:
    """Who listens on a TCP port, found through /proc; None where that cannot be seen."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for folder in Path("/proc").glob("[0-9]*"):
        if _holds(folder / "fd", inodes):
            return Holder(int(folder.name), _name(folder))
    return None


def _listening_inodes(port: int) -> set[str]:
    """Socket inodes in state LISTEN (0A) on the port. See proc(5), /proc/net/tcp."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _holds(descriptors: Path, inodes: set[str]) -> bool:
    try:
        return any(str(link.readlink()) in inodes for link in descriptors.iterdir())
    except OSError:  # another user's process, or one that ended meanwhile
        return False


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return "a process"
