"""Requests over a connection pool, repeated where that is safe, and streams that are taken up again."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from itertools import count
from typing import TypeVar

import httpx2

from tinytroupe_client._async._io import connection_errors, exchange, sleep, websocket
from tinytroupe_client._configuration import SILENCE_SECONDS, Configuration, limits
from tinytroupe_client._http import Answer, Call
from tinytroupe_client._parsing import ModelT, parsed
from tinytroupe_client._retries import PATIENT_RETRIES, pause_before_retry
from tinytroupe_client.errors import APIConnectionError, TinyTroupeError, successful
from tinytroupe_client.responses import seen

log = logging.getLogger("tinytroupe_client")

MessageT = TypeVar("MessageT")


class AsyncTransport:
    """`http` is closed with the transport only if it is the transport's own."""

    def __init__(self, configuration: Configuration, http: httpx2.AsyncClient | None) -> None:
        self._configuration = configuration
        self._own = http is None
        self._http = http or httpx2.AsyncClient()

    async def aclose(self) -> None:
        if self._own:
            await self._http.aclose()

    async def ask(self, model: type[ModelT], call: Call) -> ModelT:
        """Raises `TinyTroupeError`."""
        return parsed(model, await self.send(call))

    async def send(self, call: Call) -> Answer:
        """A 2xx answer, after as many attempts as it takes and may take. Raises `TinyTroupeError`."""
        seconds = call.timeout or self._configuration.timeout
        for attempt in count():
            try:
                return seen(successful(await exchange(self._http, self._request(call, seconds), seconds)))
            except TinyTroupeError as error:
                pause = _pause(call, error, attempt, self._configuration.max_retries)
                if pause is None:
                    raise
            await sleep(pause)
        raise AssertionError

    async def follow(self, call: Call, last_event_id: str | None) -> AsyncGenerator[httpx2.ServerSentEvent]:
        """The messages of an event stream. When it breaks it is taken up where it broke. Raises `TinyTroupeError`."""

        def connect() -> AsyncGenerator[httpx2.ServerSentEvent]:
            return self._server_sent(call, last_event_id)

        async with aclosing(self._taken_up(connect, call)) as messages:
            async for message in messages:
                last_event_id = message.id or last_event_id
                yield message

    async def listen(self, call: Call) -> AsyncGenerator[str | bytes]:
        """The messages of a WebSocket. When it breaks it is connected anew. Raises `TinyTroupeError`."""
        async with aclosing(self._taken_up(lambda: self._spoken(call), call)) as messages:
            async for message in messages:
                yield message

    async def _taken_up(self, connect: Callable[[], AsyncGenerator[MessageT]], call: Call) -> AsyncGenerator[MessageT]:
        failures = 0
        while True:
            try:
                async with aclosing(connect()) as messages:
                    async for message in messages:
                        failures = 0
                        yield message
                raise APIConnectionError("the stream ended")
            except TinyTroupeError as error:
                pause = _pause(call, error, failures, PATIENT_RETRIES)
                if pause is None:
                    raise
            failures += 1
            await sleep(pause)

    async def _server_sent(self, call: Call, last_event_id: str | None) -> AsyncGenerator[httpx2.ServerSentEvent]:
        request = self._request(call, SILENCE_SECONDS)
        request.headers["Accept"] = "text/event-stream"
        if last_event_id:
            request.headers["Last-Event-ID"] = last_event_id
        async with connection_errors("the stream fell silent"):
            response = await self._http.send(request, stream=True)
            async with aclosing(response):
                if not response.is_success:
                    successful(Answer(response.status_code, response.headers, await response.aread()))
                async for message in httpx2.EventSource(response):
                    yield message

    async def _spoken(self, call: Call) -> AsyncGenerator[str | bytes]:
        url = (self._configuration.base_url + call.path).replace("http", "ws", 1)
        async with websocket(url, self._configuration.headers) as messages:
            async for message in messages:
                yield message

    def _request(self, call: Call, seconds: float) -> httpx2.Request:
        return self._http.build_request(
            call.method,
            self._configuration.base_url + call.path,
            params=call.query or None,
            content=call.content,
            headers={**self._configuration.headers, **call.headers},
            timeout=limits(seconds),
        )


def _pause(call: Call, error: TinyTroupeError, attempt: int, usual: int) -> float | None:
    pause = pause_before_retry(error, attempt, usual if call.max_retries is None else call.max_retries)
    if pause is not None:
        log.info("%s %s failed, again in %.2f s: %s", call.method, call.path, pause, error)
    return pause
