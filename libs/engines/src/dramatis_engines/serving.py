"""`dramatis serve` and `dramatis provision`: the installed services, in this process."""

import asyncio
import sys
from collections.abc import Sequence
from typing import NoReturn

import structlog
import uvloop

from dramatis_engines.failures import explained
from dramatis_engines.parts import UNPREPARED, held
from dramatis_engines.settings import PlatformSettings, command_settings
from dramatis_kit import telemetry
from dramatis_kit.provisioning import Drift, drift_of
from dramatis_kit.provisioning import provision as apply
from dramatis_kit.service import Resource, Runtime, Service, connect, installed, select
from dramatis_kit.service import serve as host
from dramatis_kit.settings import Settings

log = structlog.get_logger()

_PROVISION_SECONDS = 120.0


def serve(names: Sequence[str], *, prepare: bool, hold: bool) -> None:
    """Host services until SIGTERM; `prepare` provisions first.

    The process ends with code 1 on a fault of a service, and with `UNPREPARED` when it cannot even begin.
    """
    try:
        telemetry.configure(PlatformSettings().log_level)
        services = select(names)
        if hold:
            held()
        settings = PlatformSettings()
        if prepare:
            asyncio.run(_provision(services, settings, check=False))
    except Exception as fault:  # noqa: BLE001 - the boundary of the process: recorded, then its end
        _end(UNPREPARED, fault, names)
    try:
        uvloop.run(host(services, settings))
    except Exception as fault:  # noqa: BLE001 - as above
        _end(1, fault, names)


def _end(code: int, fault: Exception, names: Sequence[str]) -> NoReturn:
    words = explained(fault)
    log.error("the services ended", services=list(names), why=words, exc_info=None if words else fault)
    print(f"dramatis: {words or repr(fault)}", file=sys.stderr, flush=True)  # noqa: T201 - for a person
    raise SystemExit(code)


def provision(*, check: bool) -> list[Drift]:
    """What differed from the declarations of the installed services; unless `check`, it is made right."""
    settings = command_settings()
    return asyncio.run(_provision(list(installed().values()), settings, check=check))


async def _provision(services: Sequence[Service], settings: Settings, *, check: bool) -> list[Drift]:
    async with asyncio.timeout(_PROVISION_SECONDS), connect(settings) as mongo:
        resources = declared(services, Runtime(settings=settings, mongo=mongo))
        return await (drift_of(resources) if check else apply(resources))


def declared(services: Sequence[Service], runtime: Runtime) -> list[Resource]:
    """What the services need, each resource once: two services may read the same stream."""
    found = {
        (resource.kind, resource.name): resource for service in services for resource in service.resources(runtime)
    }
    return list(found.values())
