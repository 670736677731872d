# Generated from _async by scripts/synchronise_client.py: edit there.
"""The events of the brokerage, read from the log or as they happen."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._http import call
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
        that is longer ago than a stream reaches back.

        ```python
        with client.events.stream(types=["simulation.completed"]) as events:
            for event in events:
                print(event.subject)
        ```
        """
        with closing(self._events(last_event_id, which)) as events:
            yield events

    def _events(self, last_event_id: str | None, which: params.EventFilter) -> Generator[Event, None]:
        asked = call("GET", "/events/stream", which)
        with closing(self._transport.follow(asked, last_event_id)) as messages:
            for message in messages:
                if message.event == "gap":
                    raise EventsMissed(message.data)
                if message.data:  # without, it only tells the position
                    yield Event.model_validate_json(message.data)
