"""Child processes that die with their parent, and the engines that run as such."""

import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """An engine at work."""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self, seconds: float = 10) -> None:
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def spawn(command: Sequence[str], log_file: Path) -> "subprocess.Popen[bytes]":
    """Start a child that gets SIGTERM when this thread's process dies. Call from the main thread only."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wheel_file(name: str, suffix: str) -> Path:
    """The path of a file that an installed wheel brought."""
    for file in distribution(name).files or ():
        if str(file).endswith(suffix):
            return Path(str(file.locate()))
    raise FileNotFoundError(f"{suffix} in {name}")
