"""Walk the README's path as a stranger: start, wait for the demonstration, look, stop; start again, look, stop.

Usage: walk.py COMMAND...   (the command that the README tells to type)
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("DRAMATIS_DATA_DIR", ".dramatis"))
DEADLINE = 120.0
STOP_WITHIN = 5.0


class Broken(Exception):
    """The walk did not go as the README says."""


def wait_for(what: str, found: Callable[[], Any], process: "subprocess.Popen[bytes]") -> Any:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if (result := found()) is not None:
            return result
        if process.poll() is not None:
            raise Broken(f"ended with {process.returncode} before: {what}")
        time.sleep(0.1)
    raise Broken(f"not within {DEADLINE:.0f} s: {what}")


def dev() -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((DATA / "dev.json").read_text())
    except FileNotFoundError:
        return None
    return found


def get(platform: dict[str, Any], path: str) -> Any:
    request = urllib.request.Request(platform["urls"]["main"] + path)
    request.add_header("Authorization", f"Bearer {platform['api_key']}")
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def walk(command: list[str], output: Path, *, shown: str, look: Callable[[dict[str, Any]], None]) -> None:
    begun = time.monotonic()
    with output.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        platform = wait_for("ready", dev, process)
        print(f"ready after {time.monotonic() - begun:.1f} s")
        wait_for(shown, lambda: shown in output.read_text() or None, process)
        look(platform)
        stop(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        print(output.read_text())
    if "Traceback" in output.read_text():
        raise Broken("a stack trace was shown")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """As Ctrl-C does: an interrupt to the whole foreground group."""
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    if (seconds := time.monotonic() - begun) > STOP_WITHIN:
        raise Broken(f"stopping took {seconds:.1f} s")
    print(f"stopped after {seconds:.1f} s")


def completed(platform: dict[str, Any]) -> list[str]:
    page = get(platform, "/v1/events?types=simulation.completed.v1")
    return [event["subject"] for event in page["items"]]


def main() -> int:
    seen: list[str] = []

    def look(platform: dict[str, Any]) -> None:
        found = completed(platform)
        if len(found) != 1 or (seen and found != seen):
            raise Broken(f"simulations completed: {found}, before: {seen}")
        seen[:] = found

    try:
        walk(sys.argv[1:], Path("/tmp/dramatis-first-run.txt"), shown="Ctrl-C", look=look)
        walk(sys.argv[1:], Path("/tmp/dramatis-second-run.txt"), shown="Ctrl-C", look=look)
    except Broken as reason:
        print(f"the walk failed: {reason}")
        return 1
    print("2 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
