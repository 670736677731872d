"""Whether the platform can do its work: this gateway's connections and every service's own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pymongo.errors import PyMongoError

from dramatis_bus.bus import Bus
from dramatis_bus.errors import Fault
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.models import PlatformHealth
from dramatis_kit import Rejected, Unavailable

Check = Callable[[], Awaitable[str]]
"""Answers "ok" or words for what is wrong. Raises `Unavailable` when it cannot say."""

_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Readiness:
    """Asks all at once, so that the answer takes as long as the slowest."""

    bus: Bus
    services: tuple[str, ...]
    checks: Mapping[str, Check]
    metrics: Metrics

    async def health(self) -> PlatformHealth:
        names = (*self.checks, *self.services)
        asked = [self._own(check) for check in self.checks.values()] + [self._of(name) for name in self.services]
        words = dict(zip(names, await asyncio.gather(*asked), strict=True))
        for service in self.services:
            self.metrics.ready.labels(service).set(words[service] == "ok")
        wrong = {name: word for name, word in words.items() if word != "ok"}
        return PlatformHealth(status="not_ready" if wrong else "ready", not_ready=wrong)

    async def _own(self, check: Check) -> str:
        try:
            async with asyncio.timeout(_SECONDS):
                return await check()
        except (TimeoutError, Unavailable, PyMongoError):
            return "no answer"

    async def _of(self, service: str) -> str:
        try:
            async with asyncio.timeout(_SECONDS):
                health = await self.bus.health_of(service)
        except (TimeoutError, Unavailable, Rejected, Fault):
            return "no answer"
        wrong = [f"{name}: {word}" for name, word in health.checks.items() if word != "ok"]
        return "; ".join(wrong) or health.status
