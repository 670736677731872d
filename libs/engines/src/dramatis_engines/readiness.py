"""Whether the platform's door is open."""

import asyncio
import json
import time
from http.client import HTTPConnection, HTTPException

from dramatis_engines.parts import Fault
from dramatis_engines.settings import PlatformSettings


async def await_ready(settings: PlatformSettings) -> None:
    """Ask `/health/ready` until it answers 200. Raises `Fault`, which says what is not ready, after a deadline."""
    deadline = time.monotonic() + settings.ready_seconds
    while (why := await asyncio.to_thread(_not_ready, settings)) is not None:
        if time.monotonic() > deadline:
            raise Fault(f"not ready after {settings.ready_seconds:g} s: {why}")
        await asyncio.sleep(0.03)


def _not_ready(settings: PlatformSettings) -> str | None:
    """None when ready, else what the gateway says about it."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    connection = HTTPConnection(host, settings.gateway_port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        body = answer.read(65536)
    except (OSError, HTTPException):
        return "the gateway does not answer"
    finally:
        connection.close()
    return None if answer.status == 200 else _complaints(body)


def _complaints(body: bytes) -> str:
    """`service: check: words` of everything that is not ok, from whatever shape the answer has."""
    try:
        found = list(_not_ok("", json.loads(body)))
    except ValueError:
        found = []
    return "; ".join(found) or "the gateway is not ready"


def _not_ok(name: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in _not_ok(f"{name}.{key}".strip("."), part)]
    return [f"{name}: {value}"] if isinstance(value, str) and value not in ("ok", "ready") else []
