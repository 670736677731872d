# Generated from _async by scripts/synchronise_client.py: edit there.
"""Requests over a connection pool, repeated where that is safe, and streams that are taken up again."""

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import count
from typing import TypeVar

import httpx2

from tinytroupe_client._configuration import SILENCE_SECONDS, Configuration, limits
from tinytroupe_client._http import Answer, Call
from tinytroupe_client._parsing import ModelT, parsed
from tinytroupe_client._retries import PATIENT_RETRIES, pause_before_retry
from tinytroupe_client._sync._io import connection_errors, exchange, sleep, websocket
from tinytroupe_client.errors import APIConnectionError, TinyTroupeError, successful
from tinytroupe_client.responses import seen

log = logging.getLogger("tinytroupe_client")

MessageT = TypeVar("MessageT")


class Transport:
    """`http` is closed with the transport only if it is the transport's own."""

    def __init__(self, configuration: Configuration, http: httpx2.Client | None) -> None:
        self._configuration = configuration
        self._own = http is None
        self._http = http or httpx2.Client()

    def close(self) -> None:
        if self._own:
            self._http.close()

    def ask(self, model: type[ModelT], call: Call) -> ModelT:
        """Raises `TinyTroupeError`."""
        return parsed(model, self.send(call))

    def send(self, call: Call) -> Answer:
        """A 2xx answer, after as many attempts as it takes and may take. Raises `TinyTroupeError`."""
        seconds = call.timeout or self._configuration.timeout
        for attempt in count():
            try:
                return seen(successful(exchange(self._http, self._request(call, seconds), seconds)))
            except TinyTroupeError as error:
                pause = _pause(call, error, attempt, self._configuration.max_retries)
                if pause is None:
                    raise
            sleep(pause)
        raise AssertionError

    def follow(self, call: Call, last_event_id: str | None) -> Generator[httpx2.ServerSentEvent]:
        """The messages of an event stream. When it breaks it is taken up where it broke. Raises `TinyTroupeError`."""

        def connect() -> Generator[httpx2.ServerSentEvent]:
            return self._server_sent(call, last_event_id)

        with closing(self._taken_up(connect, call)) as messages:
            for message in messages:
                last_event_id = message.id or last_event_id
                yield message

    def listen(self, call: Call) -> Generator[str | bytes]:
        """The messages of a WebSocket. When it breaks it is connected anew. Raises `TinyTroupeError`."""
        with closing(self._taken_up(lambda: self._spoken(call), call)) as messages:
            yield from messages

    def _taken_up(self, connect: Callable[[], Generator[MessageT]], call: Call) -> Generator[MessageT]:
        failures = 0
        while True:
            try:
                with closing(connect()) as messages:
                    for message in messages:
                        failures = 0
                        yield message
                raise APIConnectionError("the stream ended")
            except TinyTroupeError as error:
                pause = _pause(call, error, failures, PATIENT_RETRIES)
                if pause is None:
                    raise
            failures += 1
            sleep(pause)

    def _server_sent(self, call: Call, last_event_id: str | None) -> Generator[httpx2.ServerSentEvent]:
        request = self._request(call, SILENCE_SECONDS)
        request.headers["Accept"] = "text/event-stream"
        if last_event_id:
            request.headers["Last-Event-ID"] = last_event_id
        with connection_errors("the stream fell silent"):
            response = self._http.send(request, stream=True)
            with closing(response):
                if not response.is_success:
                    successful(Answer(response.status_code, response.headers, response.read()))
                yield from httpx2.EventSource(response)

    def _spoken(self, call: Call) -> Generator[str | bytes]:
        url = (self._configuration.base_url + call.path).replace("http", "ws", 1)
        with websocket(url, self._configuration.headers) as messages:
            yield from messages

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
