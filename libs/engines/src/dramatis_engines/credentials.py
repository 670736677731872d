"""The development key of a running platform."""

from dramatis_engines.failures import CommandFailed
from dramatis_engines.files import read_private
from dramatis_engines.settings import command_settings


def development_key() -> str:
    """The key in `dev.json`. Raises `CommandFailed` when no embedded platform runs on this directory."""
    settings = command_settings()
    api_key = read_private(settings.data_dir / "dev.json").get("api_key")
    if not isinstance(api_key, str):
        raise CommandFailed(f"no platform is ready on {settings.data_dir}: start one with `dramatis up`")
    return api_key
