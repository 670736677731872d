"""A list that is fetched while it is read."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import Call
from tinytroupe_client.pages import Page, page_of

T = TypeVar("T")


class AsyncPages(Generic[T]):
    """Nothing is asked of the server before the first item is. Each iteration begins anew."""

    def __init__(self, transport: AsyncTransport, call: Call, item: Callable[[Any], T]) -> None:
        self._transport = transport
        self._call = call
        self._item = item

    async def first_page(self) -> Page[T]:
        """The page that was asked for, with the counts of the whole list."""
        return await self._page(self._call)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """The page that was asked for and all after it."""
        page = await self._page(self._call)
        yield page
        while page.next_query is not None:
            page = await self._page(replace(self._call, query=page.next_query))
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def _page(self, call: Call) -> Page[T]:
        return page_of(await self._transport.send(call), self._item)
