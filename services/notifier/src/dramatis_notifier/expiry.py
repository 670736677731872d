"""A TTL index as a declared resource: MongoDB deletes documents some time after a date that they hold."""

from datetime import timedelta

from pymongo.asynchronous.collection import AsyncCollection

from dramatis_kit import Document, Resource


def expiry_resource(collection: AsyncCollection[Document], field: str, after: timedelta) -> Resource:
    """Documents whose `field` is a date vanish `after` that date; those without it stay."""
    name = f"{field}_expiry"
    seconds = int(after.total_seconds())

    async def drift() -> str | None:
        found = (await collection.index_information()).get(name)
        if found is None:
            return "missing"
        present = found.get("expireAfterSeconds")
        return None if present == seconds else f"expires after {present} s, declared {seconds} s"

    async def apply() -> None:
        if await drift() == "missing":
            await collection.create_index(field, name=name, expireAfterSeconds=seconds)
            return
        change = {"name": name, "expireAfterSeconds": seconds}
        await collection.database.command({"collMod": collection.name, "index": change})

    return Resource("index", f"{collection.name}.{name}", drift, apply)
