"""Free space in the data directory."""

import shutil
from pathlib import Path

_MB = 2**20


def free_mb(folder: Path) -> int:
    """Megabytes that this user may still write where `folder` is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free // _MB
