"""A webhook receiver: a real HTTP server on loopback that answers as it is told and remembers what it got."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = int | web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it arrived; header names are in lower case."""

    headers: dict[str, str]
    body: bytes
    path: str
    method: str = "POST"
    query: str = ""

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Receiver:
    """`answers` are given in turn, then `always`. A callable may take its time."""

    url: str = ""
    always: Answer = 204
    answers: list[Answer] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)

    async def got(self, count: int, seconds: float = 15) -> list[Post]:
        """Wait until `count` requests have arrived."""
        async with asyncio.timeout(seconds):
            while len(self.posts) < count:
                self._arrival.clear()
                await self._arrival.wait()
        return self.posts[:count]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.posts.append(Post(headers, await request.read(), request.path, request.method, request.query_string))
            self._arrival.set()
            answer = self.answers.pop(0) if self.answers else self.always
            if isinstance(answer, int):
                return web.Response(status=answer)
            return answer if isinstance(answer, web.StreamResponse) else await answer(request)
        finally:
            self.at_once -= 1


@asynccontextmanager
async def receiving(answers: Iterable[Answer] = (), *, always: Answer = 204) -> AsyncIterator[Receiver]:
    """A receiver on a free port; `url` is `http://127.0.0.1:<port>/hook`."""
    receiver = Receiver(always=always, answers=list(answers))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.answer)
    # A handler that sleeps for ever must not outlive the test.
    runner = web.AppRunner(application, shutdown_timeout=0.05, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/hook"
        yield receiver
    finally:
        await runner.cleanup()


async def never(_request: web.Request) -> web.StreamResponse:
    """Take the request and say nothing."""
    await asyncio.Event().wait()
    raise AssertionError
