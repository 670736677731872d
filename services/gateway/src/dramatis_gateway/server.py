"""The HTTP server in the event loop of the service: our signals, our drain, ready only when it listens."""

import asyncio
import contextlib
import gc
import math
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dramatis_gateway.problems import Problem
from dramatis_kit import new_id

_WS_MESSAGE_BYTES = 65_536
_BACKLOG = 4096
_COLLECT_AFTER = (50_000, 50, 100)
_SECONDS_SILENT = 60
_PROBES, _SECONDS_BETWEEN_PROBES = 3, 15


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service runner handles signals."""
        yield


def _protocol(documentation_url: str) -> type[HttpToolsProtocol]:
    class Protocol(HttpToolsProtocol):
        def send_400_response(self, msg: str) -> None:
            """What cannot be read as HTTP never reaches the application, and is answered in its form all the same."""
            request_id = new_id("req")
            body = Problem("INVALID_REQUEST", issue=msg).body(request_id, documentation_url).model_dump_json().encode()
            head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n" + head.encode() + b"\r\n" + body)
            self.transport.close()

    return Protocol


class AddressInUse(Exception):
    """Another process listens on the gateway's address."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `AddressInUse`, which names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise AddressInUse(f"cannot listen on {host}:{port}: {error.strerror}") from error
    _give_up_on_the_silent(listener)
    return listener


def _give_up_on_the_silent(listener: socket.socket) -> None:
    """Accepted connections inherit this: the kernel ends those whose client is gone, or reads nothing that was written.

    Without it a client that stopped reading would keep its connection, and what is buffered for it, for ever.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SECONDS_SILENT)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _SECONDS_BETWEEN_PROBES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SECONDS_SILENT * 1000)


@contextlib.contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let Python look for cyclic garbage less often.

    With ten thousand streams open a full collection stops the process for a second, and finds next to nothing. By
    default the futures that one event to all of them needs are enough to cause one every few events.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket, *, drain_seconds: float, documentation_url: str
) -> AsyncIterator[None]:
    """Serve `app` within the block; requests in flight may end within `drain_seconds` after it."""
    config = uvicorn.Config(
        app,
        http=_protocol(documentation_url),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=_WS_MESSAGE_BYTES,
        lifespan="off",
        log_config=None,
        # Failures are recorded at the edge, with their request id; uvicorn would tell them a second time.
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, math.floor(drain_seconds)),
        backlog=_BACKLOG,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
    try:
        listening = asyncio.create_task(server.listening.wait(), name="wait for the http server")
        await asyncio.wait((running, listening), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            listening.cancel()
            running.result()
        yield
    finally:
        server.should_exit = True
        await running
