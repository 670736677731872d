"""Who comes in: every request that shows an API key is authenticated and counted here, before anything else sees it.

So also an answer that no route gives (an unknown path, a body that is too large) is counted and tells the key's limits.
A request without a valid key passes: the route says whether it needs one.
"""

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from dramatis_gateway.authentication import KeyRing, Principal, bearer
from dramatis_gateway.guard import Guard, address_of
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.problems import Problem
from dramatis_gateway.quotas import Quota
from dramatis_gateway.ratelimits import RateLimits

FREE = ("/health/", "/metrics", "/docs", "/openapi.json", "/console")
"""What is neither counted nor limited: it costs little, or has sessions of its own."""

_PRINCIPAL, _QUOTA = "principal", "quota"


class Turnstile:
    """The limits of keys, and of addresses that show wrong ones."""

    def __init__(self, ring: KeyRing, limits: RateLimits, guard: Guard, metrics: Metrics) -> None:
        self._ring = ring
        self._limits = limits
        self._guard = guard
        self._metrics = metrics

    async def admit(self, scope: Scope) -> None:
        """Count an HTTP request. Raises a 429 `Problem`, or pymongo's error when keys or limits cannot be read."""
        if scope["path"].startswith(FREE):
            return
        authorization = Headers(scope=scope).get("authorization")
        if authorization is None and b"ticket=" not in scope["query_string"]:
            return
        key = _shown(authorization)
        if not self._ring.knew(key):
            self._check(scope)
        try:
            principal = await self._ring.principal(key)
        except Problem:
            return  # the route refuses it, unless it asks for no key or takes the ticket
        scope["state"][_PRINCIPAL] = principal
        await self.count(scope, principal)

    async def count(self, connection: HTTPConnection | Scope, principal: Principal) -> None:
        """Take one request of a key's limits. Raises a 429 `Problem` when there is none left."""
        scope = connection.scope if isinstance(connection, HTTPConnection) else connection
        quota = await self._limits.take(principal)
        scope["state"][_QUOTA] = quota
        if seconds := quota.retry_after:
            self._metrics.refused.labels("hour" if quota.hour.refused else "minute").inc()
            raise Problem("RATE_LIMITED", issue=quota.issue, headers={"Retry-After": str(seconds)})

    def check(self, connection: HTTPConnection) -> None:
        """Raises a 429 `Problem` for an address that failed to authenticate too often."""
        self._check(connection.scope)

    def failed(self, connection: HTTPConnection | Scope) -> None:
        """Somebody was not authenticated."""
        self._guard.failed(address_of(connection))

    def _check(self, scope: Scope) -> None:
        try:
            self._guard.check(address_of(scope))
        except Problem:
            self._metrics.refused.labels("address").inc()
            raise


def _shown(authorization: str | None) -> str:
    """The key in the header; one that nobody has where the header holds none."""
    try:
        return bearer(authorization)
    except Problem:
        return ""


def principal_of_request(connection: HTTPConnection) -> Principal | None:
    """Whose key the request showed; None when it showed none that is known."""
    found: Principal | None = connection.scope["state"].get(_PRINCIPAL)
    return found


def quota_of(scope: Scope) -> Quota | None:
    """What is left to the key of a request; None of one that was not counted."""
    found: Quota | None = scope["state"].get(_QUOTA)
    return found
