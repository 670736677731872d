"""Children die with their parent, whatever kills it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dramatis_engines import guard
from dramatis_engines.logs import bound
from dramatis_engines.processes import reap, spawn

PARENT = """
import subprocess, sys, time
from dramatis_engines.guard import guarded, setpriv
child = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(60)"
which = setpriv() if sys.argv[1] == "setpriv" else None
grandchild = guarded(["sleep", "60"], with_setpriv=which)
spawner = '''
import subprocess, sys, time
from dramatis_engines.guard import guarded, setpriv
which = setpriv() if sys.argv[1] == "setpriv" else None
print(subprocess.Popen(guarded(["sleep", "60"], with_setpriv=which)).pid, flush=True)
time.sleep(60)
'''
child = subprocess.Popen(guarded([sys.executable, "-c", spawner, sys.argv[1]], with_setpriv=which))
print(child.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("way", ["setpriv", "prctl"])
def test_a_killed_parent_takes_its_children_and_grandchildren_with_it(way: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, way], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(alive(pid) for pid in pids)
        parent.kill()
        assert until(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.parametrize("way", ["setpriv", "prctl"])
def test_a_command_whose_parent_is_already_dead_does_not_start(way: str, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    command = guard.guarded(["touch", str(mark)], with_setpriv=guard.setpriv() if way == "setpriv" else None)
    dead = subprocess.Popen(["true"])
    dead.wait()
    told = [str(dead.pid) if part == str(os.getpid()) else part for part in command]
    assert subprocess.run(told, check=False).returncode == 1
    assert not mark.exists()


def test_a_child_is_never_spawned_from_another_thread(tmp_path: Path) -> None:
    refusals: list[RuntimeError] = []

    def try_it() -> None:
        try:
            spawn(["true"], tmp_path / "log")
        except RuntimeError as refusal:
            refusals.append(refusal)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert len(refusals) == 1


def test_a_child_does_not_get_the_terminals_interrupt(tmp_path: Path) -> None:
    process = spawn(["sleep", "60"], tmp_path / "log")
    assert os.getsid(process.pid) != os.getsid(0)
    process.kill()
    process.wait()


def test_a_child_that_ignores_its_end_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = spawn(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], log)
    assert until(lambda: log.read_text() == "ready\n")
    process.terminate()
    reap(process, 0.2)
    assert process.returncode == -signal.SIGKILL


def test_a_log_that_outgrew_its_limit_is_kept_once_and_written_on(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("ab") as writer:
        writer.write(b"old\n" * 10)
        writer.flush()
        assert not bound(log, limit=40)
        assert bound(log, limit=39)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"old\n" * 10
