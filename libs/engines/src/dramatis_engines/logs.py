"""Log files of child processes: appended to, and bounded."""

import shutil
import traceback
from datetime import UTC, datetime
from pathlib import Path

LOG_LIMIT = 10 * 2**20
"""Bytes. One older file of about this size is kept beside the current one."""


def record(defect: BaseException, log_file: Path) -> None:
    """Append a stack trace."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("a") as output:
        output.write(f"{datetime.now(UTC).isoformat()}\n")
        traceback.print_exception(defect, file=output)


def bound(log_file: Path, limit: int = LOG_LIMIT) -> bool:
    """Move the content of a log that outgrew its limit to `<name>.1`; True when it did.

    The writer keeps its descriptor: every log is opened for appending, so after the truncation it goes on at the
    new end. Lines written between copy and truncation are lost; they are log lines.
    """
    try:
        if log_file.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    shutil.copyfile(log_file, log_file.with_name(log_file.name + ".1"))
    with log_file.open("r+b") as file:
        file.truncate(0)
    return True
