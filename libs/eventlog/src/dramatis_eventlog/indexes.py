"""Indexes as declared resources."""

from collections.abc import Sequence
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from dramatis_kit import Document, Resource

Keys = Sequence[tuple[str, int]]

_INDEX_NOT_FOUND = 27


def index_resource(
    collection: AsyncCollection[Document], keys: Keys, *, unique: bool = False, where: Document | None = None
) -> Resource:
    """An index on `keys` (1 ascending, -1 descending), over the documents that match `where`."""
    name = "_".join(f"{key}_{direction}" for key, direction in keys)
    options: dict[str, Any] = {"unique": True} if unique else {}
    if where is not None:
        options["partialFilterExpression"] = where

    async def drift() -> str | None:
        found = (await collection.index_information()).get(name)
        if found is None:
            return "missing"
        present = {key: found[key] for key in ("unique", "partialFilterExpression") if found.get(key)}
        return None if present == options else f"options are {present}, declared {options}"

    async def apply() -> None:
        if await drift() not in (None, "missing"):
            await _drop(collection, name)
        await collection.create_index(list(keys), name=name, **options)

    return Resource("index", f"{collection.name}.{name}", drift, apply)


async def _drop(collection: AsyncCollection[Document], name: str) -> None:
    try:
        await collection.drop_index(name)
    except OperationFailure as error:
        if error.code != _INDEX_NOT_FOUND:  # somebody else repairs the same drift
            raise
