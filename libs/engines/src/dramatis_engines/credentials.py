"""The door and the development key of a running platform, as `dev.json` tells them."""

from dataclasses import dataclass

from dramatis_engines.failures import CommandFailed
from dramatis_engines.files import read_private
from dramatis_engines.settings import command_settings


@dataclass(frozen=True, slots=True)
class Credentials:
    url: str
    api_key: str


def development_credentials() -> Credentials:
    """Raises `CommandFailed` when no embedded platform is ready on this data directory."""
    data_dir = command_settings().data_dir
    told = read_private(data_dir / "dev.json")
    if not told:
        raise CommandFailed(f"no platform is ready on {data_dir}: start one with `dramatis up`")
    return Credentials(told["urls"]["main"], told["api_key"])
