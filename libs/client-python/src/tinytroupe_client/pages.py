"""One page of a list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from tinytroupe_client._http import Answer, next_query
from tinytroupe_client._parsing import parsed
from tinytroupe_client.errors import APIResponseValidationError
from tinytroupe_client.models.base import Model

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`total` counts the items of all pages and `number` this page from 1, both None for a list without an end.

    `cursor` is the position after the page where the list has positions; `next_query` leads to the next page, if any.
    """

    items: tuple[T, ...]
    total: int | None
    number: int | None
    page_size: int | None
    cursor: str | None
    next_query: Mapping[str, str] | None

    @property
    def has_next(self) -> bool:
        return self.next_query is not None


class _Body(Model):
    items: tuple[Any, ...]
    total: int | None = None
    page: int | None = None
    page_size: int | None = None
    cursor: str | None = None


def page_of(answer: Answer, item: Callable[[Any], T]) -> Page[T]:
    """Raises `APIResponseValidationError`."""
    body = parsed(_Body, answer)
    try:
        items = tuple(item(one) for one in body.items)
    except ValidationError as error:
        raise APIResponseValidationError("an item of the list is not of the published form", answer) from error
    return Page(items, body.total, body.page, body.page_size, body.cursor, next_query(answer.headers))
