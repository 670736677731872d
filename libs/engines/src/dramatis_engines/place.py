"""Where a platform runs: its directory, its port and its disk. Checked before anything is started, and watched."""

import asyncio

from dramatis_engines.console import Voice
from dramatis_engines.disk import free_mb
from dramatis_engines.files import short
from dramatis_engines.logs import bound
from dramatis_engines.parts import Fault
from dramatis_engines.ports import free_port, holder_of, is_free
from dramatis_engines.settings import PlatformSettings

_WATCH_SECONDS = 10.0


def resolved(settings: PlatformSettings) -> PlatformSettings:
    """With an absolute directory and a real port, because children and later commands need them."""
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir.resolve(),
            "gateway_port": settings.gateway_port or free_port(),
            "embedded": True,
        }
    )


def check(settings: PlatformSettings) -> None:
    """Raises `Fault`, which names what is in the way."""
    space = free_mb(settings.data_dir)
    if space < settings.disk_refuse_mb:
        raise Fault(f"{settings.data_dir} has {space} MB of free space; {settings.disk_refuse_mb} MB are needed")
    port = settings.gateway_port
    try:
        free = is_free(port, settings.host)
    except OSError as refusal:
        raise Fault(f"nothing can listen on {settings.host}, port {port}: {refusal.strerror}") from None
    if not free:
        holder = holder_of(port)
        who = f"{holder.name} (process {holder.pid})" if holder else "another program"
        raise Fault(f"port {port} is taken by {who}; stop it, or set DRAMATIS_GATEWAY_PORT to another port")


async def watch(settings: PlatformSettings, voice: Voice, *, seconds: float = _WATCH_SECONDS) -> None:
    """Bound the logs and watch the disk. Raises `Fault` while there is still space to stop in order."""
    warned = False
    while True:
        for log_file in (settings.data_dir / "logs").glob("*.log"):
            bound(log_file)
        free = free_mb(settings.data_dir)
        if free < settings.disk_stop_mb:
            raise Fault(f"only {free} MB are free in {settings.data_dir}; everything accepted so far is stored")
        if free < settings.disk_warn_mb and not warned:
            voice.notice(f"Only {free} MB are free in {short(settings.data_dir)}.")
        warned = free < settings.disk_warn_mb
        await asyncio.sleep(seconds)
