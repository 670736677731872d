"""`/v1/ws/events`, the feed as a WebSocket, and `/v1/stream-tickets`, the way of a browser to a stream."""

from collections.abc import Sequence
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from starlette.websockets import WebSocket

from dramatis_gateway.cursors import cursor_of
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import Door, TheCaller, TheDoor, answer, request_id_of
from dramatis_gateway.models import EventStreamQuery, NewTicket, StreamTicket
from dramatis_gateway.problems import Problem
from dramatis_gateway.replay import Gap
from dramatis_gateway.routes.events import follow
from dramatis_gateway.sockets import RESTARTING, REVOKED, TRY_AGAIN, authenticated, served, until_either_ends
from dramatis_gateway.subscribers import End, Frame
from dramatis_gateway.validation import dotted, json_body

router = APIRouter(tags=["events"])

_CODES: dict[End, int] = {
    "draining": RESTARTING,
    "overflow": TRY_AGAIN,
    "unavailable": TRY_AGAIN,
    "revoked": REVOKED,
}


async def _wish(request: Request) -> NewTicket:
    """The body may be left out."""
    return await json_body(NewTicket, "INVALID_REQUEST")(request) if await request.body() else NewTicket()


@router.post(
    "/v1/stream-tickets",
    status_code=201,
    response_model=StreamTicket,
    openapi_extra=described(NewTicket),
    responses=documented("INVALID_REQUEST", body=True),
)
async def issue_ticket(door: TheDoor, caller: TheCaller, wish: Annotated[NewTicket, Depends(_wish)]) -> Response:
    """A ticket for one stream: add `?ticket=` to its address. It is used up at once and soon too old."""
    issued = await door.tickets.issue(caller.principal, wish.origin)
    body = StreamTicket(ticket=issued.ticket, expires_at=issued.expires_at)
    return answer(body, 201, {"Cache-Control": "no-store"})


@router.websocket("/v1/ws/events")
async def follow_events(socket: WebSocket) -> None:
    """The tenant's events as they happen. The query is that of the event stream."""

    async def serve(door: Door) -> int:
        query = _query(socket)
        caller = await authenticated(socket, door)
        following = await follow(door, caller.principal, query, query.last_event_id, "last_event_id")
        subscriber = following.subscriber

        async def write() -> int:
            await following.run(_Messages(socket, caller.tenant))
            return _CODES[subscriber.ended or "draining"]

        try:
            return await until_either_ends(socket, write())
        finally:
            door.feed.close(subscriber)

    def refusal(problem: Problem, door: Door) -> str:
        error = problem.body(request_id_of(socket), door.documentation_url).error
        return orjson.dumps({"type": "error", "error": error.model_dump()}).decode()

    await served(socket, serve, refusal)


def _query(socket: WebSocket) -> EventStreamQuery:
    try:
        return EventStreamQuery.model_validate(dict(socket.query_params))
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem("INVALID_REQUEST", field=dotted(first["loc"]), issue=first["msg"]) from None


class _Messages:
    """A `Line` of messages: `{"type": "event" | "position" | "gap", "id": …}`."""

    def __init__(self, socket: WebSocket, tenant: str) -> None:
        self._socket = socket
        self._tenant = tenant

    async def begin(self, position: int) -> None:
        await self.heartbeat(position)

    async def events(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            await self._socket.send({"type": "websocket.send", "text": frame.text()})

    async def gap(self, gap: Gap) -> None:
        after, up_to = self._cursor(gap.after), self._cursor(gap.up_to)
        await self._say({"type": "gap", "id": up_to, "reason": "retention", "after": after, "up_to": up_to})

    async def heartbeat(self, position: int) -> None:
        await self._say({"type": "position", "id": self._cursor(position)})

    def _cursor(self, position: int) -> str:
        return cursor_of(self._tenant, max(position, 0))

    async def _say(self, message: dict[str, str]) -> None:
        await self._socket.send_text(orjson.dumps(message).decode())
