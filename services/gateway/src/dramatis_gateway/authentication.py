"""Who is asking: the API key of a request, and the tenant that it opens."""

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from dramatis_contracts.gateway.v1 import Tier
from dramatis_gateway.keys import KeyPrint, key_print
from dramatis_gateway.problems import Problem
from dramatis_gateway.projections import ApiKeys
from dramatis_kit import Document

_MAX_CACHED = 10_000
_SECONDS_UNKNOWN = 1.0
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="dramatis"'}


@dataclass(frozen=True, slots=True)
class Principal:
    """The tenant that a key opens, and whose key of it this is: without agent and team, the whole brokerage's."""

    tenant: str
    key_id: str
    tier: Tier
    agent_id: str | None = None
    team_id: str | None = None

    @property
    def is_brokerage(self) -> bool:
        return self.agent_id is None and self.team_id is None


def principal_of(row: Document) -> Principal:
    """The principal whose fields were stored in a row."""
    return Principal(row["tenant"], row["key_id"], row["tier"], row.get("agent_id"), row.get("team_id"))


@dataclass(frozen=True, slots=True)
class _Lookup:
    """One look-up of a key, shared by all requests that present it meanwhile."""

    result: "asyncio.Task[Principal | None]"
    asked: float

    @property
    def succeeded(self) -> bool:
        done = self.result.done() and not self.result.cancelled() and self.result.exception() is None
        return done and self.result.result() is not None

    def serves(self, now: float, seconds: float) -> bool:
        """An unknown key is soon looked up again: it may have been issued a moment ago."""
        if not self.result.done():
            return True
        if self.result.cancelled() or self.result.exception() is not None:
            return False
        return now - self.asked < (seconds if self.result.result() else min(seconds, _SECONDS_UNKNOWN))


class KeyRing:
    """Finds the principal of a key. Look-ups are cached, the unknown ones too, and bounded in number."""

    def __init__(self, keys: ApiKeys, cache_seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._cache_seconds = cache_seconds
        self._now = now
        self._cache: OrderedDict[str, _Lookup] = OrderedDict()

    async def principal(self, key: str) -> Principal:
        """The principal of a key. Raises a 401 `Problem`, or pymongo's error when the table cannot be read."""
        presented = key_print(key)
        if presented is None:
            raise unauthorized("this is not an API key of Dramatis: check it for a typing error")
        found = await asyncio.shield(self._look_up(presented))
        if found is None:
            raise unauthorized("the API key is not known or was revoked")
        return found

    def knew(self, key: str) -> bool:
        """Whether the key opened a door not long ago, from memory alone."""
        presented = key_print(key)
        known = self._cache.get(presented.sha256) if presented else None
        return known is not None and known.succeeded

    def forget(self) -> None:
        """Drop all cached look-ups: a key was revoked."""
        self._cache.clear()

    def _look_up(self, presented: KeyPrint) -> "asyncio.Task[Principal | None]":
        cached = self._cache.get(presented.sha256)
        if cached is not None and cached.serves(self._now(), self._cache_seconds):
            return cached.result
        task = asyncio.create_task(self._find(presented), name="look up an API key")
        self._cache[presented.sha256] = _Lookup(task, self._now())
        self._cache.move_to_end(presented.sha256)
        while len(self._cache) > _MAX_CACHED:
            self._cache.popitem(last=False)
        return task

    async def _find(self, presented: KeyPrint) -> Principal | None:
        for row in await self._keys.candidates(presented):
            if hmac.compare_digest(row.sha256, presented.sha256):
                return Principal(row.tenant, row.key_id, presented.tier, row.agent_id, row.team_id)
        return None


def bearer(authorization: str | None) -> str:
    """The token of an `Authorization` header. Raises a 401 `Problem` that says what is wrong with it."""
    if not authorization:
        raise unauthorized("the Authorization header is missing")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized("the scheme is not Bearer: send `Authorization: Bearer <API key>`")
    if not token.strip():
        raise unauthorized("the header holds no key: send `Authorization: Bearer <API key>`")
    return token.strip()


def same_brokerage(principal: Principal, brokerage_id: str | None) -> None:
    """Raises a 403 `Problem` when the request names a brokerage that its key does not open."""
    if brokerage_id is not None and brokerage_id.strip().lower() != principal.tenant.lower():
        raise Problem("FORBIDDEN", field="X-Brokerage-ID", issue="the API key belongs to another brokerage")


def of_the_brokerage(principal: Principal) -> None:
    """Raises a 403 `Problem` for the key of an agent or a team, which does not see what everybody does."""
    if not principal.is_brokerage:
        raise Problem("FORBIDDEN", field="Authorization", issue="this needs a key of the brokerage")


def unauthorized(issue: str, field: str = "Authorization") -> Problem:
    return Problem("UNAUTHORIZED", field=field, issue=issue, headers=_CHALLENGE)
