"""`dramatis up`: engines, provisioning and services as one process tree, in this order; stopped in the reverse one.

The supervisor imports no service and does no work of its own: it spawns, watches and tells.
"""

import asyncio
import signal
from importlib.metadata import entry_points
from pathlib import Path

from dramatis_engines.announce import announce, write_dev_file
from dramatis_engines.console import Voice
from dramatis_engines.embedded import Engine, engines_of, foreign, forget_leases, redacted, start
from dramatis_engines.files import Unusable, make_folder, short
from dramatis_engines.locks import DirectoryHeld, DirectoryLock
from dramatis_engines.logs import record
from dramatis_engines.parts import Fault, Part, dramatis, end, first, keep, release
from dramatis_engines.place import check, resolved, watch
from dramatis_engines.processes import EngineFailed, Process
from dramatis_engines.readiness import await_ready
from dramatis_engines.settings import PlatformSettings, remove_addresses, write_addresses

_GATEWAY_SECONDS = 1.0
_ENGINE_SECONDS = 1.5


def up(settings: PlatformSettings, voice: Voice, *, demo: bool) -> int:
    """Run the platform until Ctrl-C, SIGTERM or a fault. Returns the exit code."""
    settings = resolved(settings)
    try:
        make_folder(settings.data_dir / "logs")
        with DirectoryLock(settings.data_dir, settings.url):
            asyncio.run(_until_stopped(Platform(settings, voice), demo=demo))
    except DirectoryHeld as held:
        voice.problem(f"Dramatis already runs: {held}.")
        voice.line("Stop it there with Ctrl-C, or choose another directory with DRAMATIS_DATA_DIR.")
    except (Fault, EngineFailed, Unusable) as fault:
        voice.problem(f"Dramatis does not run: {fault}.")
        voice.line(f"Logs: {short(settings.data_dir)}/logs")
    except Exception as defect:  # noqa: BLE001 - the boundary to a person: the stack trace goes to a file
        record(defect, settings.data_dir / "logs" / "supervisor.log")
        voice.problem(f"Dramatis failed: {defect!r}. Please report {short(settings.data_dir)}/logs/supervisor.log.")
    else:
        return 0
    return 1


async def _until_stopped(platform: "Platform", *, demo: bool) -> None:
    """The first signal stops in order, a second one at once."""
    loop = asyncio.get_running_loop()
    run = asyncio.create_task(platform.run(demo=demo))

    def stop() -> None:
        if platform.stopping:
            platform.hurry.set()
        platform.stopping = True
        run.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        await run
    except asyncio.CancelledError:
        platform.voice.line()  # the terminal has written ^C
        platform.voice.line(f"Stopped after {platform.stopping_seconds:.1f} s. The data stays.")


class Platform:
    """One running platform and its children."""

    def __init__(self, settings: PlatformSettings, voice: Voice) -> None:
        self.settings = settings
        self.voice = voice
        self.stopping = False
        self.hurry = asyncio.Event()
        self._engines: list[Part] = []
        self._children: dict[str, Process] = {}
        names = sorted(point.name for point in entry_points(group="dramatis.services"))
        self._groups = {"gateway": ["gateway"], "services": [name for name in names if name != "gateway"]}

    async def run(self, *, demo: bool) -> None:
        """Begin, tell, demonstrate and serve until cancelled."""
        check(self.settings)
        self._forget_last_run()
        self.voice.title(f"Dramatis starts in {short(self.settings.data_dir)}")
        try:
            async with asyncio.TaskGroup() as watchers:
                await self._begin(watchers)
                await self._serve(demo=demo)
        except* (Fault, EngineFailed) as faults:
            raise first(faults) from None
        finally:
            await self._stop()

    async def _serve(self, *, demo: bool) -> None:
        await await_ready(self.settings)
        write_dev_file(self.settings)
        announce(self.settings, self.voice)
        if demo:
            from dramatis_engines.demo import demonstrate

            await demonstrate(self.settings, self.voice)
        self.voice.line("Ctrl-C stops everything.")
        await asyncio.Event().wait()

    def _forget_last_run(self) -> None:
        """A killed supervisor leaves files that tell of addresses where nobody answers."""
        (self.settings.data_dir / "dev.json").unlink(missing_ok=True)
        remove_addresses(self.settings.data_dir)

    async def _begin(self, watchers: asyncio.TaskGroup) -> None:
        """Spawn everything at once: the services import what they need while the engines start."""
        engines = asyncio.create_task(self._begin_engines(watchers))
        await asyncio.sleep(0)  # engines first
        for group in self._groups:
            self._spawn(group)
        await engines
        watchers.create_task(watch(self.settings, self.voice))
        for group in self._groups:
            release(self._children[group], self._addresses())
            self._keep_service(watchers, group)

    async def _begin_engines(self, watchers: asyncio.TaskGroup) -> None:
        engines = engines_of(self.settings.data_dir)
        urls = await asyncio.gather(*(self._begin_engine(engine, watchers) for engine in engines))
        addresses = {engine.address: url for engine, url in zip(engines, urls, strict=True)}
        ours = not self.settings.is_foreign("mongo_url")
        self.settings = self.settings.model_copy(update=addresses)
        if ours:
            # We hold the directory, so whoever held a lease in this database is dead.
            await asyncio.to_thread(forget_leases, self.settings)
        write_addresses(self.settings)
        self.voice.fact("engines", f"ready after {self.voice.elapsed():.1f} s")

    async def _begin_engine(self, engine: Engine, watchers: asyncio.TaskGroup) -> str:
        if self.settings.is_foreign(engine.address):
            url = await asyncio.to_thread(foreign, self.settings, engine)
            self.voice.fact(engine.name, f"yours, at {redacted(url)}")
            return url
        running = await start(engine)
        port = int(running.url.split("/")[2].rpartition(":")[2])

        async def begin() -> Process:
            return (await start(engine, port, attempts=1)).process

        part = Part(engine.name, engine.log_file, begin, running.process)
        self._engines.append(part)
        watchers.create_task(keep(part, self.settings, self.voice))
        return running.url

    def _keep_service(self, watchers: asyncio.TaskGroup, group: str) -> None:
        async def begin() -> Process:
            process = self._spawn(group)
            release(process, self._addresses())
            return process

        part = Part(f"The {group}", self._log_file(group), begin, self._children[group])
        watchers.create_task(keep(part, self.settings, self.voice))

    def _spawn(self, group: str) -> Process:
        env = {
            "DRAMATIS_EMBEDDED": "1",
            "DRAMATIS_DATA_DIR": str(self.settings.data_dir),
            "DRAMATIS_HOST": self.settings.host,
            "DRAMATIS_GATEWAY_PORT": str(self.settings.gateway_port),
        }
        arguments = ["serve", *self._groups[group], "--provision"]
        self._children[group] = process = dramatis(arguments, self._log_file(group), env)
        return process

    def _addresses(self) -> dict[str, str]:
        names = ("mongo_url", "nats_url", "clickhouse_url")
        return {f"DRAMATIS_{name.upper()}": getattr(self.settings, name) for name in names}

    def _log_file(self, name: str) -> Path:
        return self.settings.data_dir / "logs" / f"{name}.log"

    async def _stop(self) -> None:
        """The doors first, then the services, which drain what they hold, then the engines."""
        begun = self.voice.elapsed()
        self._forget_last_run()
        gateway = [process for name, process in self._children.items() if name == "gateway"]
        services = [process for name, process in self._children.items() if name != "gateway"]
        await end(gateway, _GATEWAY_SECONDS, self.hurry)
        await end(services, max(0.5, self.settings.drain_seconds - _GATEWAY_SECONDS), self.hurry)
        await end([part.process for part in self._engines], _ENGINE_SECONDS, self.hurry)
        self.stopping_seconds = self.voice.elapsed() - begun
