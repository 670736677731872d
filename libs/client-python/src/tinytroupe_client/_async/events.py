"""The events of the brokerage, read from the log or as they happen."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Unpack

import httpx2

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import call
from tinytroupe_client._parsing import parsed_message
from tinytroupe_client.errors import EventsMissed
from tinytroupe_client.models.deliveries import Event


class AsyncEvents:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list(self, **which: Unpack[params.EventPage]) -> AsyncPages[Event]:
        """In the order of the log. A page's `cursor` is the position after it, also when it is the last."""
        return AsyncPages(self._transport, call("GET", "/events", which), Event.model_validate)

    @asynccontextmanager
    async def stream(
        self, *, last_event_id: str | None = None, **which: Unpack[params.EventFilter]
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """Events as they happen, without an end: a connection that breaks is taken up where it broke.

        `last_event_id`: a position (a page's `cursor`) after which to begin, now if absent. Raises `EventsMissed` when
        that is longer ago than a stream reaches back. Entering opens the stream.

        ```python
        async with client.events.stream(types=["simulation.completed"]) as events:
            async for event in events:
                print(event.subject)
        ```
        """
        asked = call("GET", "/events/stream", which)
        async with aclosing(self._transport.follow(asked, last_event_id)) as messages:
            # The first one tells the position: from here on nothing is missed.
            yield _events(await anext(messages), messages)


async def _events(
    first: httpx2.ServerSentEvent, others: AsyncIterator[httpx2.ServerSentEvent]
) -> AsyncGenerator[Event, None]:
    for event in _event(first):
        yield event
    async for message in others:
        for event in _event(message):
            yield event


def _event(message: httpx2.ServerSentEvent) -> tuple[Event, ...]:
    """None for a message that only tells the position. Raises `EventsMissed`."""
    if message.event == "gap":
        raise EventsMissed(message.data)
    return (parsed_message(Event, message.data),) if message.data else ()
