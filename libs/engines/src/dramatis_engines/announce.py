"""What a ready platform tells: `dev.json` for programs, a few lines for people."""

import json
import os
import sys

from dramatis_engines.console import Voice
from dramatis_engines.files import read_private, short, write_private
from dramatis_engines.parts import Fault
from dramatis_engines.settings import PlatformSettings


def write_dev_file(settings: PlatformSettings) -> None:
    """`dev.json`: the credentials that the gateway made for the development tenant, and where the doors are."""
    credentials = read_private(settings.data_dir / "dev-credentials.json")
    if not credentials.get("api_key"):
        raise Fault(f"the gateway wrote no {settings.data_dir / 'dev-credentials.json'}")
    told = {name: credentials[name] for name in ("api_key", "brokerage_id")}
    told |= {"urls": {"main": settings.url}, "pid": os.getpid()}
    write_private(settings.data_dir / "dev.json", json.dumps(told, indent=2) + "\n")


def announce(settings: PlatformSettings, voice: Voice) -> None:
    """Where everything is, in the order in which a newcomer wants it."""
    data = short(settings.data_dir)
    voice.title(f"Ready after {voice.elapsed():.1f} s: {settings.url}")
    voice.fact("api", f"{settings.url}/docs")
    voice.fact("key", f"{data}/dev.json (api_key)")
    voice.fact("logs", f"{data}/logs")
    voice.fact("events", feed_line(settings))


def feed_line(settings: PlatformSettings) -> str:
    """A line to paste into another terminal: the live feed of events."""
    return f'curl -N -H "Authorization: Bearer $({key_command(settings)})" {settings.url}/v1/events/stream'


def key_command(settings: PlatformSettings) -> str:
    """The command that prints the development key of this directory."""
    program = short_program()
    data = short(settings.data_dir)
    return f"{program} key" if data == ".dramatis" else f"DRAMATIS_DATA_DIR={data} {program} key"


def short_program() -> str:
    """`dramatis` as it was called, or as it can be called from here."""
    name = os.path.relpath(sys.argv[0])
    return name if os.access(name, os.X_OK) else "dramatis"
