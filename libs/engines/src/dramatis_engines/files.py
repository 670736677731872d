"""Small files that only their owner may read, replaced as a whole."""

import json
import os
from pathlib import Path
from typing import Any


class Unusable(Exception):
    """A folder cannot be made or written to."""


def make_folder(folder: Path) -> None:
    """A folder for its owner only. Raises `Unusable` where that is impossible."""
    try:
        for part in (folder.parent, folder):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as refusal:
        raise Unusable(f"{folder.parent} cannot be the data directory: {refusal.strerror}") from None


def write_private(file: Path, text: str) -> None:
    """Replace a file atomically, mode 0600: a reader sees the old content or the new one."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text)
        output.flush()
        os.fsync(descriptor)
    fresh.replace(file)


def read_private(file: Path) -> dict[str, Any]:
    """A JSON object; empty when the file is absent or was not written to its end."""
    try:
        content = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def short(path: Path) -> str:
    """A path as its user would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
