"""How often one client address may fail to authenticate: a brake on guessing, and on look-ups of unknown keys.

It is counted by each gateway for itself and in memory only: what it protects against is load.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import Scope

from dramatis_gateway.problems import Problem

_MAX_ADDRESSES = 20_000
_SECONDS = 60
_IPV6_PREFIX = 64


class Guard:
    """Failures per address and minute, at most `limit`."""

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._now = now
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def blocks(self, address: str) -> bool:
        minute, count = self._failures.get(address, (-1, 0))
        return minute == self._minute() and count >= self._limit

    def check(self, address: str) -> None:
        """Raises a 429 `Problem` for an address that failed too often."""
        if self.blocks(address):
            seconds = math.ceil(_SECONDS - self._now() % _SECONDS)
            issue = f"this address failed to authenticate {self._limit} times within a minute"
            raise Problem("RATE_LIMITED", issue=issue, headers={"Retry-After": str(max(1, seconds))})

    def failed(self, address: str) -> None:
        minute, count = self._failures.pop(address, (-1, 0))
        self._failures[address] = (self._minute(), count + 1 if minute == self._minute() else 1)
        while len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def _minute(self) -> int:
        return math.floor(self._now() / _SECONDS)


def address_of(connection: HTTPConnection | Scope) -> str:
    """The client's address; of IPv6 the network, because a client has all addresses of one."""
    scope = connection.scope if isinstance(connection, HTTPConnection) else connection
    host = str((scope.get("client") or ("unknown", 0))[0])
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if parsed.version == 4:
        return host
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
