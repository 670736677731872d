"""A client of event streams, as the HTML standard describes them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class ServerSent:
    """One dispatched event."""

    id: str
    type: str
    envelope: dict[str, Any]


class Stream:
    """What arrives on one connection. `last_id` is what a browser would resume from."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self.comments: list[str] = []
        self._events = self._parse()

    async def next(self, seconds: float = 5) -> ServerSent:
        """The next event. Raises `StopAsyncIteration` at the end and TimeoutError when none comes."""
        async with asyncio.timeout(seconds):
            return await anext(self._events)

    async def take(self, number: int) -> list[ServerSent]:
        return [await self.next() for _ in range(number)]

    async def _parse(self) -> AsyncIterator[ServerSent]:
        kind, data = "message", ""
        async for line in self.answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments.append(line)
            elif not line:
                if data:
                    yield ServerSent(self.last_id, kind, json.loads(data))
                kind, data = "message", ""
            elif name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data += value


@asynccontextmanager
async def listening(client: httpx.AsyncClient, after: str | None = None, **query: str) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": after} if after else {}
    async with client.stream("GET", "/v1/events/stream", params=query, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer)
