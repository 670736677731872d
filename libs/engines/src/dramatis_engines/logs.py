"""Log files of child processes: appended to, and bounded."""

import shutil
from pathlib import Path

LOG_LIMIT = 10 * 2**20
"""Bytes. One older file of about this size is kept beside the current one."""


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
