"""A run on its way to one client: as server-sent events, and as the messages of a WebSocket."""

import secrets
import time
from collections.abc import Sequence

import orjson
from starlette.types import Send
from starlette.websockets import WebSocket

from dramatis_contracts.interrogation import v1
from dramatis_gateway.interrogation.following import RunFollowing, Told, published, sse
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.streams import Stream

_CONNECTED = "sse.connected"


class RunStream(Stream):
    """The story of a run as an answer. It ends with the run."""

    def __init__(self, following: RunFollowing, metrics: Metrics) -> None:
        super().__init__(following.feed, following.subscriber, metrics)
        self._following = following

    async def write(self, send: Send) -> None:
        await self._following.serve(_Events(send, self._following.run.simulation_id))


class _Events:
    """A `Line` of server-sent events. That the stream is open is no part of the story: it carries no id."""

    def __init__(self, send: Send, run_id: str) -> None:
        self._send = send
        self._run_id = run_id

    async def begin(self, status: v1.RunStatus) -> None:
        retry = 1000 + secrets.randbelow(2000)
        opened = orjson.dumps(published(self._run_id, _CONNECTED, {"status": status}, time.time()))
        await self._write(b"retry: %d\nevent: %b\ndata: %b\n\n" % (retry, _CONNECTED.encode(), opened))

    async def tell(self, told: Sequence[Told]) -> None:
        await self._write(sse(self._run_id, told))

    async def heartbeat(self) -> None:
        await self._write(b": heartbeat\n\n")

    async def _write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})


class Messages:
    """A `Line` of WebSocket messages: the published form with its `id`."""

    def __init__(self, socket: WebSocket, run_id: str) -> None:
        self._socket = socket
        self._run_id = run_id

    async def begin(self, status: v1.RunStatus) -> None:
        await self._say({"id": None, **published(self._run_id, _CONNECTED, {"status": status}, time.time())})

    async def tell(self, told: Sequence[Told]) -> None:
        for one in told:
            message = published(self._run_id, one.message.event, one.message.payload, one.timestamp)
            await self._say({"id": str(one.number), **message})

    async def heartbeat(self) -> None:
        await self._say({"id": None, **published(self._run_id, "heartbeat", {}, time.time())})

    async def _say(self, message: dict[str, object]) -> None:
        await self._socket.send_text(orjson.dumps(message).decode())
