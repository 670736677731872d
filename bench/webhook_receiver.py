"""`python -m bench.webhook_receiver`: many webhook receivers in one process, as cheap as can be.

The first part of the path says how it behaves: `/ok/…`, `/fail/…`, `/slow/…`, `/hang/…`. `GET /report` tells what
arrived since the last `GET /reset`, `GET /count` how much. Its first line of output is its port.
"""

import asyncio
import time
from collections import defaultdict
from datetime import datetime
from typing import cast

import orjson
import uvloop

from bench.measure import quantile

SLOW_SECONDS = 2.0
_ANSWERS = {b"ok": b"HTTP/1.1 204 No Content\r\n\r\n", b"slow": b"HTTP/1.1 204 No Content\r\n\r\n"}
_FAILURE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
_STAMP = b'"timestamp":"'


class Arrivals:
    """When requests arrived, by their behaviour, and how long after their event."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.count = 0
        self.first = self.last = 0.0
        self.delays: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, behaviour: bytes, body: bytes) -> None:
        now = time.time()
        self.first = self.first or now
        self.last = now
        self.count += 1
        begin = body.find(_STAMP)
        if begin >= 0:
            told = body[begin + len(_STAMP) : begin + len(_STAMP) + 24].decode()
            self.delays[behaviour.decode()].append(1000 * (now - datetime.fromisoformat(told).timestamp()))

    def report(self) -> bytes:
        spans = {
            name: {"count": len(some), "p50": quantile(some, 0.5), "p99": quantile(some, 0.99), "max": max(some)}
            for name, some in self.delays.items()
        }
        return orjson.dumps({"count": self.count, "seconds": self.last - self.first, "first": self.first, "ms": spans})


class Receiver(asyncio.Protocol):
    """One connection. A request's head comes whole or not at all from the clients that are measured."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, length = self._buffer[:end], _length(self._buffer[:end])
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        behaviour = path.split(b"/", 2)[1]
        if behaviour in (b"count", b"report", b"reset"):
            self._tell(behaviour)
            return
        self._arrivals.add(behaviour, body)
        if behaviour == b"slow":
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._write, _ANSWERS[b"slow"])
        elif behaviour != b"hang":
            self._write(_ANSWERS.get(behaviour, _FAILURE))

    def _tell(self, what: bytes) -> None:
        content = b"%d" % self._arrivals.count if what == b"count" else self._arrivals.report()
        if what == b"reset":
            self._arrivals.reset()
        self._write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)

    def _write(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    begin = head.lower().find(b"\r\ncontent-length:")
    return int(head[begin + 17 :].split(b"\r\n", 1)[0]) if begin >= 0 else 0


async def _serve() -> None:
    arrivals = Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(arrivals), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
