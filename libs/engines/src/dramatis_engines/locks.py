"""Advisory locks on directories, held by the kernel for as long as their holder lives."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


class Held(Exception):
    """Another process holds the lock."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """Who holds a data directory. `since` is ISO 8601 in UTC."""

    pid: int
    since: str
    url: str


class DirectoryHeld(Held):
    """Another supervisor works on the data directory; `tenure` is None if it has not said yet who it is."""

    def __init__(self, folder: Path, tenure: Tenure | None) -> None:
        who = f"by process {tenure.pid} since {tenure.since}, {tenure.url}" if tenure else "by another process"
        super().__init__(f"{folder} is in use {who}")
        self.folder = folder
        self.tenure = tenure


def take(file: Path, *, wait: float = 0) -> int:
    """Lock `file` and return the descriptor that holds the lock. Raises `Held` after `wait` seconds."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise Held(str(file)) from None
            time.sleep(0.02)
        else:
            return descriptor


def take_store(folder: Path, *, wait: float = 10) -> int:
    """Lock an engine's store; give the descriptor to the engine process, and the lock lives exactly as long as it.

    A killed supervisor's engine may still be on its way out: hence the wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return take(folder / "lock", wait=wait)


class DirectoryLock:
    """The right to run a platform on a data directory. Use as a context manager."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self._descriptor = -1

    def __enter__(self) -> "DirectoryLock":
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._descriptor = take(self.folder / "lock")
        except Held:
            raise DirectoryHeld(self.folder, self._tenure()) from None
        tenure = Tenure(os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"), self.url)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(asdict(tenure)).encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _tenure(self) -> Tenure | None:
        try:
            return Tenure(**json.loads((self.folder / "lock").read_text()))
        except (ValueError, TypeError):
            return None
