"""What this flavour of the client does in its own way: an exchange within a deadline, a WebSocket, sleep."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager

import httpx2

from tinytroupe_client._configuration import CONNECT_SECONDS, LONGEST_MESSAGE
from tinytroupe_client._http import Answer
from tinytroupe_client.errors import APIConnectionError, APITimeoutError, TinyTroupeError

sleep = time.sleep


def exchange(http: httpx2.Client, request: httpx2.Request, seconds: float) -> Answer:
    """One attempt. Raises `APITimeoutError` when the whole answer is not there in time, or `APIConnectionError`.

    Nothing can interrupt a read: the time is looked at with every piece that arrives, and no read waits longer.
    """
    deadline = time.monotonic() + seconds
    pieces = []
    with connection_errors(f"no answer within {seconds:g} s"), closing(http.send(request, stream=True)) as response:
        for piece in response.iter_bytes():
            pieces.append(piece)
            if time.monotonic() > deadline:
                raise TimeoutError
    return Answer(response.status_code, response.headers, b"".join(pieces))


@contextmanager
def connection_errors(late: str) -> Iterator[None]:
    """Say in this client's words what went wrong on the wire."""
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise APITimeoutError(late) from error
    except httpx2.RequestError as error:
        raise APIConnectionError(f"no answer: {error or type(error).__name__}") from error


@contextmanager
def websocket(url: str, headers: Mapping[str, str]) -> Iterator[Iterable[str | bytes]]:
    """The messages of a WebSocket until the server closes it. Raises `APIConnectionError`."""
    try:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect
    except ImportError as missing:
        raise TinyTroupeError("live updates need more: install tinytroupe-client[live]") from missing
    try:
        with connect(url, additional_headers=headers, open_timeout=CONNECT_SECONDS, max_size=LONGEST_MESSAGE) as socket:
            yield socket
    except (OSError, WebSocketException) as error:
        raise APIConnectionError(f"the WebSocket broke: {error}") from error
