"""The answering side of calls, on FastStream subscribers: queue groups, many workers, a clean stop."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from faststream import AckPolicy
from faststream.nats import NatsMessage
from faststream.nats.subscriber.usecases import ConcurrentCoreSubscriber
from nats.errors import Error
from opentelemetry.trace import SpanKind, Status, StatusCode
from pydantic import BaseModel, ValidationError

from dramatis_bus import headers as names
from dramatis_bus.errors import TooLarge, is_outage
from dramatis_bus.link import Link, TimedMsg
from dramatis_bus.messages import check_size
from dramatis_bus.metrics import RPC_SECONDS
from dramatis_bus.rpc import Call, CallHandler, answering, invalid
from dramatis_contracts.base import Resource
from dramatis_contracts.rpc import Method
from dramatis_kit import Rejected, Unavailable
from dramatis_kit.telemetry import context_of, tracer

log = structlog.get_logger()

WORKERS = 256
"""Calls of one method that are answered at the same time in one process; more wait, and are dropped when too late."""

PENDING = 8192

Reply = tuple[str, bytes]


class _Anything(Resource):
    """Whatever was asked of a method that does not exist."""


class Server:
    """Answers methods. Every subscriber is FastStream's; what happens within a call is decided here."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._subscribers: list[ConcurrentCoreSubscriber] = []
        self._subjects: set[str] = set()

    def serve(self, method: Method[Any, Any], handler: CallHandler[Any, Any]) -> None:
        self._subjects.add(method.subject)

        async def answer(message: NatsMessage) -> None:
            await self._answer(method, handler, message)

        self._subscribe(method.subject, method.service, answer)

    def not_implemented(self, service: str) -> None:
        method = Method(service, "*", _Anything, _Anything)

        async def answer(message: NatsMessage) -> None:
            if message.raw_message.subject not in self._subjects:
                await self._answer(method, _not_implemented, message)

        # A queue group of its own: NATS picks one member of a group over all subjects that match.
        self._subscribe(f"rpc.{service}.>", f"{service}-rest", answer)

    def _subscribe(self, subject: str, queue: str, answer: Any) -> None:
        subscriber = self._link.broker.subscriber(
            subject,
            queue=queue,
            max_workers=WORKERS,
            pending_msgs_limit=PENDING,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            decoder=_as_it_came,
        )
        subscriber(answer)
        self._subscribers.append(subscriber)

    async def drain(self) -> None:
        """Take no further calls, answer those taken. FastStream's own stop drops what comes in while it waits."""
        await asyncio.gather(*(self._drain(subscriber) for subscriber in self._subscribers))

    async def _drain(self, subscriber: ConcurrentCoreSubscriber) -> None:
        if subscriber.subscription is None:
            return
        if self._link.connected:
            await self._link.drain(subscriber.subscription)
        subscriber.subscription = None
        quiet = 0
        while quiet < 2:  # a call is invisible for one turn of the loop between FastStream's queue and its worker
            quiet = quiet + 1 if _idle(subscriber) else 0
            await asyncio.sleep(0.002)

    async def _answer(self, method: Method[Any, Any], handler: CallHandler[Any, Any], message: NatsMessage) -> None:
        try:
            await self._answer_in_time(method, handler, _timed(message))
        except Exception:  # the boundary: FastStream without a logger swallows what is raised here
            log.exception("call not answered", method=f"{method.service}.{method.name}")

    async def _answer_in_time(
        self, method: Method[Any, Any], handler: CallHandler[Any, Any], message: TimedMsg
    ) -> None:
        headers = message.headers or {}
        deadline = message.arrived + float(headers.get(names.BUDGET_MS, method.timeout_seconds * 1000)) / 1000
        outcome = "too_late"
        if time.monotonic() < deadline:
            with tracer.start_as_current_span(
                f"answer {method.service}.{method.name}", context=context_of(headers), kind=SpanKind.SERVER
            ) as span:
                outcome, payload = await self._outcome(method, handler, message, deadline)
                if outcome == names.FAULT:
                    span.set_status(Status(StatusCode.ERROR))
                outcome = await self._reply(method, message, outcome, payload)
        seconds = time.monotonic() - message.arrived
        RPC_SECONDS.labels(method.service, method.name, outcome).observe(seconds)

    async def _outcome(
        self, method: Method[Any, Any], handler: CallHandler[Any, Any], message: TimedMsg, deadline: float
    ) -> Reply:
        what = f"{method.service}.{method.name}"
        try:
            call = _read_call(method, message, deadline)
            answering.set(call)
            async with asyncio.timeout(call.remaining()):
                response = await handler(call)
            return names.OK, response.model_dump_json().encode()
        except Rejected as no:
            body = {"code": no.code, "message": no.message, "field": no.field, "issue": no.issue}
            return names.REJECTED, orjson.dumps(body)
        except Unavailable as down:
            return names.UNAVAILABLE, orjson.dumps({"what": down.what, "retry_after": down.retry_after})
        except TimeoutError:
            log.warning("call not answered in time", method=what)
            return names.UNAVAILABLE, orjson.dumps({"what": what})
        except Exception as fault:  # the boundary: recorded here, a bare word at the caller
            if is_outage(fault):
                log.warning("call needs what is down", method=what, error=str(fault))
                return names.UNAVAILABLE, orjson.dumps({"what": what})
            log.exception("call failed", method=what, correlation_id=(message.headers or {}).get(names.CORRELATION))
            return names.FAULT, b""

    async def _reply(self, method: Method[Any, Any], message: TimedMsg, outcome: str, payload: bytes) -> str:
        if not message.reply:
            return outcome
        try:
            headers = {names.STATUS: outcome} if outcome != names.OK else {}
            check_size("the answer", payload, headers, self._link.client.max_payload)
            await self._link.client.publish(message.reply, payload, headers=headers or None)
        except TooLarge as error:
            log.exception("answer too large", method=f"{method.service}.{method.name}", size=error.size)
            return await self._reply(method, message, names.FAULT, b"")
        except Error as error:
            log.warning("answer not sent", method=f"{method.service}.{method.name}", error=str(error))
        return outcome


def _read_call(method: Method[Any, Any], message: TimedMsg, deadline: float) -> Call[Any]:
    headers: Mapping[str, str] = message.headers or {}
    if missing := [name for name in (names.TENANT, names.COMMAND, names.CORRELATION) if not headers.get(name)]:
        raise Rejected("INVALID_REQUEST", "A call needs its headers.", field=missing[0], issue="missing")
    try:
        request = method.request.model_validate_json(message.data)
    except ValidationError as error:
        raise invalid(error) from error
    return Call(
        tenant=headers[names.TENANT],
        request=request,
        command_id=headers[names.COMMAND],
        correlation_id=headers[names.CORRELATION],
        deadline=deadline,
    )


async def _not_implemented(_call: Call[Any]) -> BaseModel:
    raise Rejected("NOT_IMPLEMENTED", "This part of the platform is not built yet.")


async def _as_it_came(message: NatsMessage) -> NatsMessage:
    return message


def _timed(message: NatsMessage) -> TimedMsg:
    raw = message.raw_message
    assert isinstance(raw, TimedMsg)  # noqa: S101  # the link sets the client's message class
    return raw


def _idle(subscriber: ConcurrentCoreSubscriber) -> bool:
    waiting = subscriber.receive_stream.statistics().current_buffer_used
    return waiting == 0 and subscriber.limiter.value == subscriber.max_workers
