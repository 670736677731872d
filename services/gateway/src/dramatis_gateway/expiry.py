"""Documents that MongoDB itself removes some time after their `expires_at`."""

from pymongo.asynchronous.collection import AsyncCollection

from dramatis_kit import Document, Resource


def expiry_index(collection: AsyncCollection[Document]) -> Resource:
    """The index that lets MongoDB remove documents once `expires_at` has passed, within a minute or so."""

    async def drift() -> str | None:
        found = (await collection.index_information()).get("expires_at")
        if found is None:
            return "missing"
        return None if found.get("expireAfterSeconds") == 0 else "documents do not expire"

    async def apply() -> None:
        if await drift() == "documents do not expire":
            await collection.drop_index("expires_at")
        await collection.create_index("expires_at", name="expires_at", expireAfterSeconds=0)

    return Resource("index", f"{collection.name}.expires_at", drift, apply)
