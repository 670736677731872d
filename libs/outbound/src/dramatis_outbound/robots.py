"""What the owners of web sites let programs read: robots.txt (RFC 9309), fetched through the same guard."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.robotparser import RobotFileParser

from yarl import URL

_KEPT_SECONDS = 3600.0
_ORIGINS = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request for robots.txt. `status` None: there was none."""

    status: int | None
    body: bytes = b""


Fetch = Callable[[URL], Awaitable[Answered]]


class Robots:
    """Rules are remembered for an hour, of at most a thousand sites."""

    def __init__(self, fetch: Fetch, agent: str) -> None:
        self._fetch = fetch
        self._agent = agent
        self._rules: OrderedDict[str, tuple[float, RobotFileParser]] = OrderedDict()

    async def allow(self, url: URL) -> bool:
        """A site without the file allows everything; one that cannot tell allows nothing for the time being."""
        rules = await self._rules_of(url)
        return rules is not None and rules.can_fetch(self._agent, str(url))

    async def _rules_of(self, url: URL) -> RobotFileParser | None:
        origin = str(url.origin())
        until, rules = self._rules.get(origin, (0.0, None))
        if rules is not None and until > time.monotonic():
            return rules
        answered = await self._fetch(URL(origin) / "robots.txt")
        rules = _parsed(answered)
        if rules is not None:
            self._rules[origin] = (time.monotonic() + _KEPT_SECONDS, rules)
            self._rules.move_to_end(origin)
            while len(self._rules) > _ORIGINS:
                self._rules.popitem(last=False)
        return rules


def _parsed(answered: Answered) -> RobotFileParser | None:
    """None when the site did not tell: RFC 9309 calls 4xx "unavailable", everything else "unreachable"."""
    if answered.status is None or not 200 <= answered.status < 500 or 300 <= answered.status < 400:
        return None
    rules = RobotFileParser()
    missing = answered.status >= 400
    text = "" if missing else answered.body.decode("utf-8", errors="replace").removeprefix("\ufeff")
    rules.parse(text.splitlines())
    return rules
