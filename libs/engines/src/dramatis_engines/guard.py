"""Run a command that is killed as soon as its parent dies, even when the parent gets SIGKILL.

This file is also a program, for systems whose `setpriv` cannot do it: `python guard.py <parent pid> command …`.
It imports the standard library only.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

_PR_SET_PDEATHSIG = 1

# The parent may have died between fork and prctl: then the signal never comes, and the command must not start.
_CHECK_PARENT = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"'


@cache
def setpriv() -> str | None:
    """The `setpriv` of util-linux where it knows `--pdeathsig` (busybox has one that does not)."""
    if (binary := shutil.which("setpriv")) is None:
        return None
    known = subprocess.run([binary, "--help"], capture_output=True, check=False, timeout=5)  # noqa: S603 - ours
    return binary if b"--pdeathsig" in known.stdout + known.stderr else None


def guarded(command: Sequence[str], *, with_setpriv: str | None) -> list[str]:
    """`command`, wrapped so that the kernel kills it when the spawning thread of this process ends.

    SIGKILL rather than SIGTERM: everything that runs under it reopens after a crash, and a child that hangs while
    it shuts down would outlive its parent.
    """
    parent = str(os.getpid())
    if sys.platform != "linux":
        return list(command)
    if with_setpriv:
        return [with_setpriv, "--pdeathsig", "KILL", "sh", "-c", _CHECK_PARENT, "sh", parent, *command]
    return [sys.executable, "-I", "-S", __file__, parent, *command]


def main(arguments: Sequence[str]) -> None:
    """Arrange for the signal, check that the parent still lives, become the command."""
    import ctypes

    parent, *command = arguments
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit("prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - becoming the command without a shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
