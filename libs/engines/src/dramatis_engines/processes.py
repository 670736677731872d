"""Child processes: started from the main thread, killed with their parent, logging into bounded files."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from dramatis_engines.guard import guarded, setpriv
from dramatis_engines.logs import bound
from dramatis_engines.ports import free_port

__all__ = ["EngineFailed", "Launched", "Running", "free_port", "reap", "spawn", "start", "wheel_file"]

Process = subprocess.Popen[bytes]


class EngineFailed(Exception):
    """An engine did not start; the message is one line for its user."""


@dataclass(frozen=True, slots=True)
class Running:
    """An engine at work."""

    url: str
    process: Process

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end; after `seconds` make it."""
        self.process.terminate()
        reap(self.process, seconds)


@dataclass(frozen=True, slots=True)
class Launched:
    """An engine that was spawned and is not ready yet. `wait` blocks until it is; it may run in any thread."""

    process: Process
    wait: Callable[[], Running]


def reap(process: Process, seconds: float) -> None:
    """Wait for the end of a child that was told to stop; kill it after `seconds`."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def spawn(
    command: Sequence[str],
    log_file: Path,
    *,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    keep: Sequence[int] = (),
) -> Process:
    """Start a child that is killed when this process dies. Its output is appended to `log_file`.

    Call it from the main thread only: the kernel binds the death signal to the spawning thread, so the child of a
    worker thread dies with that thread. `keep` are file descriptors that stay open in the child.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a child of another thread than the main one would die with that thread")
    log_file.parent.mkdir(parents=True, exist_ok=True)
    bound(log_file)
    with log_file.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - commands are composed here, never taken from a request
            guarded(command, with_setpriv=setpriv()),
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            pass_fds=keep,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the children in order
        )


def start(launch: Callable[[], Launched], attempts: int = 3) -> Running:
    """Launch and wait; again when it failed, because another process may have taken its port in between."""
    for attempt in range(1, attempts + 1):
        launched = launch()
        try:
            return launched.wait()
        except EngineFailed:
            launched.process.kill()
            launched.process.wait()
            if attempt == attempts:
                raise
    raise AssertionError("unreachable")


def await_ready(name: str, process: Process, log_file: Path, ready: Callable[[], bool], seconds: float = 20) -> None:
    """Poll `ready` until it is true. Raises `EngineFailed` when the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if (code := process.poll()) is not None:
            raise EngineFailed(f"{name} ended with code {code} while it started: {_reason(log_file)}")
        if time.monotonic() > deadline:
            raise EngineFailed(f"{name} was not ready after {seconds:g} s; its log is {log_file}")
        time.sleep(0.01)


def _reason(log_file: Path) -> str:
    """A missing shared library is the one start-up fault that a user can mend: name it."""
    tail = log_file.read_bytes()[-4000:].decode(errors="replace")
    for line in reversed(tail.splitlines()):
        if "error while loading shared libraries" in line:
            return line.partition("libraries: ")[2]
    return f"see {log_file}"


def wheel_file(name: str, suffix: str) -> Path | None:
    """The path of a file that an installed wheel brought; None where there is no such wheel."""
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if str(file).endswith(suffix)), None)
