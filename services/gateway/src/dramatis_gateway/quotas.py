"""How many requests a key may make: limits of the tiers, windows of time, and the headers that tell of both. Pure.

Windows are fixed, and begin at another moment for every key, so that not all clients come back at the same one.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

HOUR, MINUTE = 3600, 60


class Allowance(NamedTuple):
    """The limits of a tier, in requests."""

    per_hour: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of one key. `name` is what the headers call it, `seconds` its length, `offset` where it begins."""

    name: str
    seconds: int
    limit: int
    offset: int

    def index(self, now: float) -> int:
        """The number of the window that `now` (Unix time in seconds) falls into."""
        return math.floor((now + self.offset) / self.seconds)

    def end(self, index: int) -> int:
        """When a window is over, in Unix time."""
        return (index + 1) * self.seconds - self.offset

    @property
    def largest_lease(self) -> int:
        """What one gateway may hold unused: 1 % of an hour's requests, 10 % of a minute's, which are soon renewed."""
        return max(1, self.limit // (100 if self.seconds >= HOUR else 10))


def windows_of(key: str, allowance: Allowance) -> tuple[Window, Window]:
    """The hour and the minute of a key."""
    offset = crc32(key.encode()) % HOUR
    return (
        Window("hour", HOUR, allowance.per_hour, offset),
        Window("minute", MINUTE, allowance.per_minute, offset),
    )


class Standing(NamedTuple):
    """What is left of one window. `reset` is when it ends, in Unix time."""

    window: Window
    remaining: int
    reset: int
    refused: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left to a key after a request, or why the request was refused, at `now` in Unix time."""

    hour: Standing
    minute: Standing
    now: float

    @property
    def retry_after(self) -> int:
        """Seconds until a refused request may succeed; 0 for one that was let in."""
        waits = [self._seconds(standing) for standing in (self.hour, self.minute) if standing.refused]
        return max(waits, default=0)

    @property
    def issue(self) -> str:
        standing = self.hour if self.hour.refused else self.minute
        return f"{standing.window.limit} requests per {standing.window.name} are used up"

    def headers(self) -> list[tuple[str, str]]:
        """Those of the published interface, and those of draft-ietf-httpapi-ratelimit-headers."""
        both = (self.hour, self.minute)
        policy = ", ".join(f'"{s.window.name}";q={s.window.limit};w={s.window.seconds}' for s in both)
        left = ", ".join(f'"{s.window.name}";r={s.remaining};t={self._seconds(s)}' for s in both)
        return [
            ("X-RateLimit-Limit", str(self.hour.window.limit)),
            ("X-RateLimit-Remaining", str(self.hour.remaining)),
            ("X-RateLimit-Reset", str(self.hour.reset)),
            ("X-RateLimit-Burst-Remaining", str(self.minute.remaining)),
            ("RateLimit-Policy", policy),
            ("RateLimit", left),
        ]

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI wants them."""
        return [(name.lower().encode(), value.encode()) for name, value in self.headers()]

    def _seconds(self, standing: Standing) -> int:
        return max(1, math.ceil(standing.reset - self.now))
