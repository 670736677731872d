"""A platform in a process of its own, as `dramatis up` starts it, and its API as a client uses it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from bench.engines import folder
from dramatis_engines.example import PERSONAS
from dramatis_kit import new_id
from dramatis_testkit.platforms import running_platform

NO_LIMITS = {f"DRAMATIS_GATEWAY_DEVELOPMENT_{window}": "1000000000" for window in ("PER_HOUR", "PER_MINUTE")}
"""For a gateway that counts requests as ever, and refuses none."""


@asynccontextmanager
async def platform() -> AsyncIterator["Api"]:
    """The API of a new platform that is ready."""
    with folder() as under, running_platform(under, env=NO_LIMITS) as running:
        headers = {"Authorization": f"Bearer {running.api_key}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with aiohttp.ClientSession(running.url, headers=headers, timeout=timeout) as session:
            yield Api(session)


def somebody() -> bytes:
    """The body of a request for a persona whom nobody asked for yet."""
    return orjson.dumps({**PERSONAS[0], "name": new_id("name")})


class Refused(Exception):
    """The API did not accept a request."""


class Api:
    """One tenant's client. Its clock is `time.perf_counter`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, path: str, body: bytes, key: str | None = None) -> tuple[dict[str, Any], float]:
        """The answer, and when its last byte had arrived. `key` is an `Idempotency-Key`. Raises `Refused`."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        async with self._session.post(path, data=body, headers=headers) as response:
            content = await response.read()
            arrived = time.perf_counter()
        if response.status not in (201, 202):
            raise Refused(f"POST {path}: {response.status} {content[:200]!r}")
        return orjson.loads(content), arrived

    async def get(self, path: str) -> dict[str, Any]:
        async with self._session.get(path) as response:
            if response.status != 200:
                raise Refused(f"GET {path}: {response.status}")
            content: dict[str, Any] = await response.json()
            return content

    async def status(self, path: str, headers: Mapping[str, str] | None = None) -> int:
        """The status of a GET, whatever it is."""
        async with self._session.get(path, headers=headers) as response:
            await response.read()
            return response.status

    @asynccontextmanager
    async def seen(self, event_type: str) -> AsyncIterator["Seen"]:
        """When the events of a type arrive on an event stream, from now on."""
        async with self._session.get("/v1/events/stream", params={"types": event_type}) as response:
            if response.status != 200:
                raise Refused(f"GET /v1/events/stream: {response.status}")
            seen = Seen()
            reader = asyncio.create_task(seen.read(response.content), name="event stream")
            try:
                yield seen
            finally:
                reader.cancel()
                await asyncio.wait([reader])


class Seen:
    """The moments at which the `data:` lines of an event stream were read, by the event's subject."""

    def __init__(self) -> None:
        self._moments: dict[str, asyncio.Future[float]] = {}

    async def read(self, lines: aiohttp.StreamReader) -> None:
        async for line in lines:
            if line.startswith(b"data:"):
                self._of(orjson.loads(line[5:])["subject"]).set_result(time.perf_counter())

    async def of(self, subject: str, seconds: float = 30.0) -> float:
        """Raises TimeoutError when the event does not come."""
        async with asyncio.timeout(seconds):
            return await self._of(subject)

    def _of(self, subject: str) -> "asyncio.Future[float]":
        return self._moments.setdefault(subject, asyncio.get_running_loop().create_future())
