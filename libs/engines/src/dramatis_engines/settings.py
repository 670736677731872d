"""Settings of the embedded platform and of the command line."""

import json
import os
from pathlib import Path

from pydantic import Field

from dramatis_engines.files import read_private, write_private
from dramatis_kit.settings import Settings

_ADDRESSES = ("mongo_url", "nats_url", "clickhouse_url")


class PlatformSettings(Settings):
    """Read from `DRAMATIS_*`. Sizes in MB, times in seconds."""

    disk_refuse_mb: int = Field(default=500, ge=0)
    """With less free space than this in the data directory, `up` does not start."""

    disk_warn_mb: int = Field(default=2000, ge=0)
    disk_stop_mb: int = Field(default=200, ge=0)
    """A running platform stops cleanly below this: mongod aborts on a full disk, in the middle of its work."""

    ready_seconds: float = Field(default=60.0, gt=0)
    crash_limit: int = Field(default=5, ge=1)
    """So many ends in a row, each soon after a start, and the platform gives up."""

    crash_quiet_seconds: float = Field(default=30.0, gt=0)
    """A part that ran for so long has recovered: its earlier crashes no longer count."""

    doctor_relay_seconds: float = Field(default=5.0, gt=0)
    """A commit that waits longer for its publication is a fault to `dramatis doctor`."""

    doctor_consumer_events: int = Field(default=1000, ge=0)
    """More events waiting for one consumer are."""

    def is_foreign(self, address: str) -> bool:
        """Whether the user named this engine's address, so that none is embedded."""
        return address in self.model_fields_set

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.gateway_port}"


def write_addresses(settings: Settings) -> None:
    """Tell other `dramatis` commands where the engines of this data directory are (their URLs may hold passwords)."""
    addresses = {name: getattr(settings, name) for name in _ADDRESSES}
    write_private(settings.data_dir / "engines.json", json.dumps(addresses))


def remove_addresses(data_dir: Path) -> None:
    (data_dir / "engines.json").unlink(missing_ok=True)


def command_settings() -> PlatformSettings:
    """Settings of a command beside a running platform: its engines, unless the environment names others."""
    settings = PlatformSettings()
    told = read_private(settings.data_dir / "engines.json")
    addresses = {name: url for name, url in told.items() if not settings.is_foreign(name)}
    embedded = bool(told) or "DRAMATIS_EMBEDDED" in os.environ
    return settings.model_copy(update={**addresses, "embedded": embedded})
