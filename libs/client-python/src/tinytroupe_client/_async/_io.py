"""What this flavour of the client does in its own way: an exchange within a deadline, a WebSocket, sleep."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2

from tinytroupe_client._configuration import CONNECT_SECONDS, LONGEST_MESSAGE
from tinytroupe_client._http import Answer
from tinytroupe_client.errors import APIConnectionError, APITimeoutError, TinyTroupeError

sleep = asyncio.sleep


async def exchange(http: httpx2.AsyncClient, request: httpx2.Request, seconds: float) -> Answer:
    """One attempt. Raises `APITimeoutError` when the whole answer is not there in time, or `APIConnectionError`."""
    async with connection_errors(f"no answer within {seconds:g} s"), asyncio.timeout(seconds):
        response = await http.send(request)
    return Answer(response.status_code, response.headers, response.content)


@asynccontextmanager
async def connection_errors(late: str) -> AsyncIterator[None]:
    """Say in this client's words what went wrong on the wire."""
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise APITimeoutError(late) from error
    except httpx2.RequestError as error:
        raise APIConnectionError(f"no answer: {error or type(error).__name__}") from error


@asynccontextmanager
async def websocket(url: str, headers: Mapping[str, str]) -> AsyncIterator[AsyncIterable[str | bytes]]:
    """The messages of a WebSocket until the server closes it. Raises `APIConnectionError`."""
    try:
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException
    except ImportError as missing:
        raise TinyTroupeError("live updates need more: install tinytroupe-client[live]") from missing
    try:
        async with connect(
            url, additional_headers=headers, open_timeout=CONNECT_SECONDS, max_size=LONGEST_MESSAGE
        ) as socket:
            yield socket
    except (OSError, WebSocketException) as error:
        raise APIConnectionError(f"the WebSocket broke: {error}") from error
