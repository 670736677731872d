"""Many event-stream clients in one process, as raw sockets: `python -m bench.stream_clients PORT KEY NUMBER`.

Prints `{"open": NUMBER}` when all have their first lines, then one line per event: how many got it, and when the last
one did, on the clock that all processes of a machine share (`time.monotonic`).
"""

import asyncio
import json
import resource
import sys
import time
from collections import Counter

import uvloop

_TOGETHER = 100
_SPARE_FILES = 200
_SECONDS = 60.0


class Crowd:
    """What all clients of this process got."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.open = 0
        self._got: Counter[bytes] = Counter()

    def begun(self) -> None:
        self.open += 1
        if self.open == self.number:
            say({"open": self.open})

    def got(self, event_id: bytes) -> None:
        self._got[event_id] += 1
        if self._got[event_id] == self.number:
            say({"id": event_id.decode(), "got": self.number, "last": time.monotonic()})


class Client(asyncio.Protocol):
    """One client. An event is complete with its empty line."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._buffer = b""
        self._begun = False

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._begun and b": dramatis\n" in self._buffer:
            self._begun = True
            self._crowd.begun()
        while (end := self._buffer.find(b"\n\n")) >= 0:
            block, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
            if b"\ndata: " in block:
                self._crowd.got(block[block.index(b"id: ") + 4 : block.index(b"\nevent: ")])

    def connection_lost(self, exc: Exception | None) -> None:
        say({"lost": repr(exc)})


def say(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)


def more_files(number: int) -> None:
    """Raises ValueError when the machine does not allow so many open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + _SPARE_FILES
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise ValueError(f"{wanted} open files are wanted, {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def run(port: int, key: str, number: int) -> None:
    loop, crowd = asyncio.get_running_loop(), Crowd(number)
    request = (
        f"GET /v1/events/stream?types=persona.created HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()
    for first in range(0, number, _TOGETHER):
        connecting = [
            loop.create_connection(lambda: Client(crowd), "127.0.0.1", port)
            for _ in range(min(_TOGETHER, number - first))
        ]
        for transport, _ in await asyncio.gather(*connecting):
            transport.write(request)
        async with asyncio.timeout(_SECONDS):
            while crowd.open < min(first + _TOGETHER, number):
                await asyncio.sleep(0.002)
    await loop.run_in_executor(None, sys.stdin.read)  # until the bench closes it


if __name__ == "__main__":
    more_files(int(sys.argv[3]))
    uvloop.run(run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
