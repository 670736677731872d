"""What surrounds every request: its id, its deadline, the limit of its body, the last resort, and the metrics."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dramatis_gateway.metrics import Metrics
from dramatis_gateway.problems import Problem, problem_of, unavailable
from dramatis_gateway.turnstile import Turnstile, quota_of
from dramatis_kit import new_id

log = structlog.get_logger()

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,99}")
_DISCARD_SECONDS = 1.0
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Limits:
    """`deadline` in seconds, `body` in bytes."""

    deadline: float
    body: int


@dataclass(slots=True)
class _Exchange:
    """One request and what became of its answer."""

    request_id: str
    receive: Receive
    send: Send
    limits: Limits
    deadline: asyncio.Timeout
    scope: Scope
    has_body: bool
    expects_continue: bool
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    body_bytes: int = 0
    answered: bool = False

    async def receive_limited(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.request":
            self.body_bytes += len(message.get("body", b""))
            self.has_body = message.get("more_body", False)
            if self.body_bytes > self.limits.body:
                raise too_large(self.limits.body)
        return message

    async def send_marked(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            if self.has_body:
                await self._discard()
            if self.has_body:
                headers["Connection"] = "close"
            self.status = message["status"]
            headers["X-Request-ID"] = self.request_id
            if quota := quota_of(self.scope):
                message["headers"].extend(quota.raw_headers())
            if headers.get("content-type", "").startswith("text/event-stream"):
                self.deadline.reschedule(None)
        await self.send(message)
        self.answered = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def _discard(self) -> None:
        """Read on for a moment: a client that is still sending would see a reset connection and not the answer."""
        if self.expects_continue:
            return
        remaining = 8 * self.limits.body
        with suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_SECONDS):
                while self.has_body and remaining > 0:
                    message = await self.receive()
                    remaining -= len(message.get("body", b""))
                    self.has_body = message.get("more_body", False)


class Edge:
    """ASGI middleware around the whole application. It must be the outermost."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        turnstile: Turnstile,
        metrics: Metrics,
        documentation_url: str,
        special: Mapping[str, Limits] | None = None,
    ) -> None:
        """`special` are the limits of single paths."""
        self._app = app
        self._limits = limits
        self._special = special or {}
        self._turnstile = turnstile
        self._metrics = metrics
        self._documentation_url = documentation_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
            else:
                await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        limits = self._special.get(scope["path"], self._limits)
        deadline = asyncio.timeout(limits.deadline)
        headers = Headers(scope=scope)
        exchange = _Exchange(
            request_id,
            receive,
            send,
            limits,
            deadline,
            scope,
            has_body="transfer-encoding" in headers or headers.get("content-length", "0") != "0",
            expects_continue="expect" in headers,
        )
        try:
            async with deadline:
                await self._turnstile.admit(scope)
                _refuse_announced(headers, limits.body)
                await self._app(scope, exchange.receive_limited, exchange.send_marked)
        except ClientDisconnect:
            exchange.status = exchange.status or 499
        except TimeoutError as late:
            await self._fail(scope, exchange, _late(exchange) if deadline.expired() else problem_of(late), late)
        except Exception as fault:  # noqa: BLE001 - the boundary: recorded with the request id and answered
            await self._fail(scope, exchange, problem_of(fault), fault)
        finally:
            if exchange.status == _UNAUTHORIZED:
                self._turnstile.failed(scope)
            self._metrics.answered(scope, exchange.status, time.perf_counter() - exchange.started)

    async def _fail(self, scope: Scope, exchange: _Exchange, problem: Problem, fault: BaseException) -> None:
        if exchange.answered:
            return  # by the application, which recorded the fault
        record(problem, fault, scope)
        if exchange.status:
            # Half an answer cannot be taken back; closing the connection tells the client that it is not whole.
            raise fault
        answer = problem.response(exchange.request_id, self._documentation_url)
        await answer(scope, exchange.receive, exchange.send_marked)


def record(problem: Problem, fault: BaseException, scope: Scope) -> None:
    """Log what the operator must know; what the client did wrong is the client's to know."""
    if problem.code == "INTERNAL_ERROR":
        log.error("request failed", method=scope["method"], path=scope["path"], exc_info=fault)
    elif problem.code == "SERVICE_UNAVAILABLE":
        log.warning("request not answered", method=scope["method"], path=scope["path"], issue=problem.issue)


def request_id_of(scope: Scope) -> str:
    """The client's `X-Request-ID` if it is sane, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else new_id("req")


def too_large(limit: int) -> Problem:
    return Problem("PAYLOAD_TOO_LARGE", issue=f"the limit is {limit} bytes")


def _refuse_announced(headers: Headers, limit: int) -> None:
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)


def _late(exchange: _Exchange) -> Problem:
    seconds = exchange.limits.deadline
    if exchange.has_body:
        return Problem("INVALID_REQUEST", "The body did not arrive.", issue=f"not complete after {seconds:g} seconds")
    return unavailable(f"no answer within {seconds:g} seconds")
