# Generated from _async by scripts/synchronise_client.py: edit there.
"""The events of the brokerage, read from the log or as they happen."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Unpack

import httpx2

from tinytroupe_client import params
from tinytroupe_client._http import call
from tinytroupe_client._parsing import parsed_message
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.errors import EventsMissed
from tinytroupe_client.models.deliveries import Event


class Events:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **which: Unpack[params.EventPage]) -> Pages[Event]:
        """In the order of the log. A page's `cursor` is the position after it, also when it is the last."""
        return Pages(self._transport, call("GET", "/events", which), Event.model_validate)

    @contextmanager
    def stream(
        self, *, last_event_id: str | None = None, **which: Unpack[params.EventFilter]
    ) -> Iterator[Iterator[Event]]:
        """Events as they happen, without an end: a connection that breaks is taken up where it broke.

        `last_event_id`: a position (a page's `cursor`) after which to begin, now if absent. Raises `EventsMissed` when
        that is longer ago than a stream reaches back. Entering opens the stream.

        ```python
        with client.events.stream(types=["simulation.completed"]) as events:
            for event in events:
                print(event.subject)
        ```
        """
        asked = call("GET", "/events/stream", which)
        with closing(self._transport.follow(asked, last_event_id)) as messages:
            # The first one tells the position: from here on nothing is missed.
            yield _events(next(messages), messages)


def _events(first: httpx2.ServerSentEvent, others: Iterator[httpx2.ServerSentEvent]) -> Generator[Event, None]:
    for event in _event(first):
        yield event
    for message in others:
        for event in _event(message):
            yield event


def _event(message: httpx2.ServerSentEvent) -> tuple[Event, ...]:
    """None for a message that only tells the position. Raises `EventsMissed`."""
    if message.event == "gap":
        raise EventsMissed(message.data)
    return (parsed_message(Event, message.data),) if message.data else ()
