# Generated from _async by scripts/synchronise_client.py: edit there.
"""A list that is fetched while it is read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Generic, TypeVar

from tinytroupe_client._http import Call
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.pages import Page, page_of

T = TypeVar("T")


class Pages(Generic[T]):
    """Nothing is asked of the server before the first item is. Each iteration begins anew."""

    def __init__(self, transport: Transport, call: Call, item: Callable[[Any], T]) -> None:
        self._transport = transport
        self._call = call
        self._item = item

    def first_page(self) -> Page[T]:
        """The page that was asked for, with the counts of the whole list."""
        return self._page(self._call)

    def pages(self) -> Iterator[Page[T]]:
        """The page that was asked for and all after it."""
        page = self._page(self._call)
        yield page
        while page.next_query is not None:
            page = self._page(replace(self._call, query=page.next_query))
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def _page(self, call: Call) -> Page[T]:
        return page_of(self._transport.send(call), self._item)
