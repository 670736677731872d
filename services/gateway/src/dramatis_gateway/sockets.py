"""What all WebSockets of the gateway share: who may open one, how it is refused, that a client's leaving is noticed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pymongo.errors import PyMongoError
from starlette.websockets import WebSocket, WebSocketDisconnect

from dramatis_gateway.authentication import Principal, bearer, same_brokerage, unauthorized
from dramatis_gateway.door import Caller, Door, door_of, request_id_of
from dramatis_gateway.origins import admit_origin
from dramatis_gateway.problems import Problem, problem_of
from dramatis_kit import Rejected, Unavailable

NORMAL, FAULT, RESTARTING, TRY_AGAIN, REVOKED = 1000, 1011, 1012, 1013, 4401

_CLOSE_CODES = {400: 4400, 401: 4401, 403: 4403, 404: 4404, 429: 4429, 503: TRY_AGAIN}
_ANSWERS = (Problem, Rejected, Unavailable, PyMongoError)


async def served(
    socket: WebSocket, serve: Callable[[Door], Awaitable[int]], refusal: Callable[[Problem, Door], str]
) -> None:
    """Accept the socket, run `serve` and close with its code; what it raises is sent as `refusal` says, then closed."""
    door = door_of(socket)
    try:
        if "ticket" not in socket.query_params:
            admit_origin(socket, door.settings.gateway_allowed_origins)
    except Problem:
        await socket.close()  # before it is accepted: the handshake fails with 403
        return
    await socket.accept()
    with door.metrics.ws_clients.track_inprogress():
        try:
            code = await serve(door)
        except WebSocketDisconnect:
            return
        except _ANSWERS as failure:
            problem = problem_of(failure)
            await socket.send_text(refusal(problem, door))
            code = _CLOSE_CODES.get(problem.status, FAULT)
        await socket.close(code)


async def authenticated(socket: WebSocket, door: Door) -> Caller:
    """By a ticket, by the `Authorization` header, else by the first message, which must come in time.

    It counts as one request of the key. Raises a `Problem`: 401, 403 or 429.
    """
    try:
        principal = await _principal(socket, door)
    except Problem as problem:
        if problem.code == "UNAUTHORIZED":
            door.turnstile.failed(socket)
        raise
    await door.turnstile.count(socket, principal)
    same_brokerage(principal, socket.headers.get("x-brokerage-id"))
    return Caller(principal, request_id_of(socket), door.bus)


async def _principal(socket: WebSocket, door: Door) -> Principal:
    door.turnstile.check(socket)
    if ticket := socket.query_params.get("ticket"):
        admission = await door.tickets.redeem(ticket)
        admit_origin(socket, door.settings.gateway_allowed_origins, admission)
        return admission.principal
    return await door.keys.principal(await _key(socket, door))


async def until_either_ends(socket: WebSocket, writing: Awaitable[int]) -> int:
    """The close code that `writing` comes to. Raises `WebSocketDisconnect` when the client leaves before."""
    reader = asyncio.create_task(_until_gone(socket), name="read a WebSocket")
    writer = asyncio.ensure_future(writing)
    try:
        await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        if not writer.done():
            raise WebSocketDisconnect
        return writer.result()
    finally:
        for task in (reader, writer):
            task.cancel()
        await asyncio.wait((reader, writer))


async def _key(socket: WebSocket, door: Door) -> str:
    header = socket.headers.get("authorization")
    try:
        async with asyncio.timeout(door.settings.gateway_ws_auth_seconds):
            return bearer(header) if header else _token(await socket.receive())
    except TimeoutError:
        raise unauthorized("no auth message came in time") from None


def _token(message: Any) -> str:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    try:
        auth = orjson.loads(message.get("text") or message.get("bytes") or b"")
    except orjson.JSONDecodeError:
        auth = None
    match auth:
        case {"type": "auth", "token": str(token)}:
            return token
    raise unauthorized('the first message must be {"type": "auth", "token": "<API key>"}')


async def _until_gone(socket: WebSocket) -> None:
    """What a client says after its authentication is not read, but its leaving is noticed."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
