"""Engines of the bench alone: child processes on free ports, in a folder that is removed afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dramatis_engines.processes import Running


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder of one benchmark."""
    with TemporaryDirectory(prefix="dramatis-bench-") as path:
        yield Path(path)


@contextmanager
def engine(start: Callable[[Path], Running], under: Path) -> Iterator[str]:
    """The address of an engine that works in a folder of its own."""
    under.mkdir(parents=True)
    running = start(under)
    try:
        yield running.url
    finally:
        running.stop()
