"""Pages of a list."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

from dramatis_contracts.base import Request, Resource

ItemT = TypeVar("ItemT", bound=BaseModel)


class PageRequest(Request):
    """Which page of a list: `page` counts from 1."""

    page: int = Field(default=1, ge=1, le=100_000)
    page_size: int = Field(default=50, ge=1, le=200)


class Page(Resource, Generic[ItemT]):
    """One page and how many items there are in all."""

    items: list[ItemT]
    total: int
    page: int
    page_size: int
