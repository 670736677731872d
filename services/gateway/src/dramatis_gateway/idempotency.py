"""`Idempotency-Key`: the same request under the same key is carried out once and answered alike, for a day.

It stands between the edge and the routes, so that no route knows of it beyond making its ids by `Caller.new_id`.
"""

import hashlib
import re
from collections.abc import Callable, Sequence

import structlog
from pymongo.errors import PyMongoError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dramatis_gateway.authentication import Principal, same_brokerage
from dramatis_gateway.claims import Claim, Claims, InProgress, Mismatch, Repeatable, StoredAnswer
from dramatis_gateway.ids import Ids
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.problems import Problem

log = structlog.get_logger()

HEADER = "Idempotency-Key"
PREFIXES = ("/v1/", "/api/predict/")
"""Where every POST may carry the header."""

MAX_LENGTH = 255
PATTERN = r"^[!-~]([ -~]*[!-~])?$"
"""Printable ASCII, without blanks around it."""

_KEPT_HEADERS = ("content-type", "location", "link", "x-total-count", "x-page-size", "x-current-page", "accept")
_NOT_KEPT = frozenset({401, 408, 429})
"""They say something of the moment, not of the request."""

_SECONDS_BEYOND_THE_DEADLINE = 5.0
_IDS = "ids"


class Idempotency:
    """ASGI middleware. `deadline_of` tells the seconds that a path may take; answers above `max_bytes` are not kept."""

    def __init__(
        self,
        app: ASGIApp,
        claims: Claims,
        metrics: Metrics,
        *,
        deadline_of: Callable[[str], float],
        max_bytes: int,
        prefixes: Sequence[str] = PREFIXES,
    ) -> None:
        self._app = app
        self._claims = claims
        self._metrics = metrics
        self._deadline_of = deadline_of
        self._max_bytes = max_bytes
        self._prefixes = tuple(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = scope.get("state", {}).get("principal")
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.getlist(HEADER)
        if not given or principal is None:  # who is not known is refused by the route
            await self._app(scope, receive, send)
            return
        same_brokerage(principal, headers.get("x-brokerage-id"))
        body = await _read(receive)
        await self._once(_repeatable(principal, scope, _checked(given), body), scope, body, receive, send)

    async def _once(self, request: Repeatable, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        seconds = self._deadline_of(request.path) + _SECONDS_BEYOND_THE_DEADLINE
        outcome = await self._claims.claim(request, seconds)
        self._metrics.repeatable.labels(type(outcome).__name__).inc()
        match outcome:
            case Mismatch():
                issue = "the key was used for a request with another body or query: choose a new one"
                raise Problem("IDEMPOTENCY_MISMATCH", field=HEADER, issue=issue)
            case InProgress():
                issue = "the first request with this key is not answered yet"
                raise Problem("IDEMPOTENCY_IN_PROGRESS", field=HEADER, issue=issue, headers={"Retry-After": "1"})
            case StoredAnswer():
                await _replay(outcome, send)
            case Claim():
                await self._carry_out(outcome, scope, body, receive, send)

    async def _carry_out(self, claim: Claim, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        scope["state"][_IDS] = Ids(claim.seed)
        answer = _Answer(send, self._claims, claim, self._max_bytes)
        try:
            await self._app(scope, _given(body, receive), answer.send)
        finally:
            if not answer.settled:
                self._claims.give_up(claim)


class _Answer:
    """Holds an answer back until it is kept, if it is one to keep; passes any other on as it comes."""

    def __init__(self, send: Send, claims: Claims, claim: Claim, max_bytes: int) -> None:
        self._send = send
        self._claims = claims
        self._claim = claim
        self._max_bytes = max_bytes
        self._start: Message | None = None
        self._body = bytearray()
        self.settled = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is None:
            await self._send(message)
        else:
            await self._go_on(self._start, message)

    async def _begin(self, start: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        if start["status"] < 500 and start["status"] not in _NOT_KEPT:
            if self._claim.again:
                headers["Idempotent-Replayed"] = "true"
            if _may_be_kept(headers):
                self._start = start
                return
            await self._settle(None)
        await self._send(start)

    async def _go_on(self, start: Message, message: Message) -> None:
        self._body += message.get("body", b"")
        if len(self._body) > self._max_bytes:
            await self._settle(None)
        elif message.get("more_body", False):
            return
        else:
            await self._settle(_stored(start, bytes(self._body)))
        await self._send(start)
        await self._send({**message, "body": bytes(self._body)})
        self._start = None

    async def _settle(self, answer: StoredAnswer | None) -> None:
        try:
            await self._claims.answered(self._claim, answer)
            self.settled = True
        except PyMongoError as error:
            # What was asked for is done: the client hears of it, and a repetition makes the same ids.
            log.warning("answer not kept for its idempotency key", error=str(error))


def ids_of(scope: Scope) -> Ids:
    """How this request makes its ids."""
    found: Ids | None = scope["state"].get(_IDS)
    return found or Ids()


def _checked(given: Sequence[str]) -> str:
    if len(given) > 1 or len(given[0]) > MAX_LENGTH or not re.fullmatch(PATTERN, given[0]):
        issue = f"send it once, with 1 to {MAX_LENGTH} printable ASCII characters"
        raise Problem("INVALID_REQUEST", field=HEADER, issue=issue)
    return given[0]


def _repeatable(principal: Principal, scope: Scope, key: str, body: bytes) -> Repeatable:
    fingerprint = hashlib.sha256(scope["query_string"] + b"\0" + body).hexdigest()
    viewer = f"{principal.agent_id or ''}/{principal.team_id or ''}"
    return Repeatable(principal.tenant, viewer, scope["method"], scope["path"], key, fingerprint)


def _may_be_kept(headers: Headers) -> bool:
    """A stream has no end to wait for, and what must not be stored is not stored."""
    streamed = headers.get("content-type", "").startswith("text/event-stream")
    return not streamed and "no-store" not in headers.get("cache-control", "")


def _stored(start: Message, body: bytes) -> StoredAnswer:
    headers = Headers(raw=start["headers"])
    kept = tuple((name, headers[name]) for name in _KEPT_HEADERS if name in headers)
    return StoredAnswer(start["status"], kept, body)


async def _replay(answer: StoredAnswer, send: Send) -> None:
    headers = MutableHeaders(headers=dict(answer.headers))
    headers["Idempotent-Replayed"] = "true"
    if answer.body:
        headers["Content-Length"] = str(len(answer.body))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers.raw})
    await send({"type": "http.response.body", "body": answer.body})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _given(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Message:
        return messages.pop() if messages else await receive()

    return read
