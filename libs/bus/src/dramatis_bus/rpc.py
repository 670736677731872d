"""Calls between services: typed, with a deadline that travels, and errors that keep their meaning."""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError

from dramatis_bus import headers as names
from dramatis_bus.errors import Fault, TooLarge
from dramatis_bus.inbox import Inbox
from dramatis_contracts.rpc import Method
from dramatis_kit import Rejected, Unavailable, new_id
from dramatis_kit.telemetry import traceparent, tracer

RequestT = TypeVar("RequestT", bound=BaseModel)
ResponseT = TypeVar("ResponseT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call(Generic[RequestT]):
    """One call as its handler gets it. `deadline` is on the clock of `time.monotonic`."""

    tenant: str
    request: RequestT
    command_id: str
    correlation_id: str
    deadline: float

    def remaining(self) -> float:
        """Seconds until the caller gives up."""
        return max(0.0, self.deadline - time.monotonic())


CallHandler = Callable[[Call[RequestT]], Awaitable[ResponseT]]

answering: ContextVar[Call[Any] | None] = ContextVar("answering", default=None)
"""The call that this task is answering: what it calls in turn inherits deadline and correlation id."""


class Caller:
    """The asking side."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        tenant: str,
        command_id: str | None,
        correlation_id: str | None,
        timeout: float | None,  # noqa: ASYNC109  # the deadline crosses the wire
    ) -> ResponseT:
        outer = answering.get()
        seconds = _budget(method, timeout, outer)
        correlation_id = correlation_id or (outer.correlation_id if outer else new_id("cor"))
        what = f"{method.service}.{method.name}"
        with tracer.start_as_current_span(f"call {what}", kind=SpanKind.CLIENT, record_exception=False):
            headers = {
                names.TENANT: tenant,
                names.COMMAND: command_id or new_id("cmd"),
                names.CORRELATION: correlation_id,
                names.BUDGET_MS: str(round(seconds * 1000)),
            }
            if trace := traceparent():
                headers[names.TRACEPARENT] = trace
            payload = request.model_dump_json().encode()
            reply = await self._request(what, method.subject, payload, headers, seconds)
        return _read_reply(method, reply, correlation_id)

    async def _request(
        self, what: str, subject: str, payload: bytes, headers: Mapping[str, str], seconds: float
    ) -> Msg:
        try:
            return await self._inbox.request(what, subject, payload, headers, seconds)
        except TooLarge as error:
            raise Rejected("PAYLOAD_TOO_LARGE", str(error), issue=f"at most {error.limit} bytes") from error


def _budget(method: Method[Any, Any], timeout: float | None, outer: Call[Any] | None) -> float:
    seconds = method.timeout_seconds if timeout is None else timeout
    if outer is not None:
        seconds = min(seconds, outer.remaining())
    if seconds <= 0:
        raise Unavailable(f"{method.service}.{method.name}")
    return seconds


def _read_reply(method: Method[Any, ResponseT], reply: Msg, correlation_id: str) -> ResponseT:
    status = (reply.headers or {}).get(names.STATUS, names.OK)
    if status == names.OK:
        return method.response.model_validate_json(reply.data)
    if status == names.REJECTED:
        raise _rejected(orjson.loads(reply.data))
    if status == names.UNAVAILABLE:
        raise Unavailable(**orjson.loads(reply.data))
    raise Fault(f"{method.service}.{method.name}", correlation_id)


def _rejected(body: dict[str, Any]) -> Rejected:
    return Rejected(body["code"], body["message"], field=body["field"], issue=body["issue"])


def invalid(error: ValidationError) -> Rejected:
    """What a request that is not as its model says is answered with: the first fault in it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    issue = first["msg"].removeprefix("Value error, ")
    return Rejected("VALIDATION_FAILED", "The request is invalid.", field=field, issue=issue)
