"""The cache that all engines share, in MongoDB. Answers go away by themselves."""

from datetime import timedelta

import structlog
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from dramatis_kit import Clock, Document, Resource, utc_now
from dramatis_llm.cache import Kept

ANSWERS = "llm_answers"
EXPIRY = "expiry"

log = structlog.get_logger()


class MongoCache:
    """`seconds` is how long an answer is kept. A cache that is down is no cache: it never fails a call."""

    def __init__(self, database: AsyncDatabase[Document], seconds: int, clock: Clock = utc_now) -> None:
        self._answers = database[ANSWERS]
        self._lifetime = timedelta(seconds=seconds)
        self._clock = clock

    async def get(self, tenant: str, key: str) -> Kept | None:
        # MongoDB removes what has expired once a minute; until then it must not be seen.
        wanted = {"_id": _id(tenant, key), "tenant": tenant, "expires_at": {"$gt": self._clock()}}
        try:
            found = await self._answers.find_one(wanted, {"completion": 1, "run": 1})
        except PyMongoError as fault:
            log.warning("the cache of answers cannot be read", tenant=tenant, error=str(fault))
            return None
        return Kept(found["completion"], found["run"]) if found else None

    async def put(self, tenant: str, key: str, kept: Kept) -> None:
        document = {
            "tenant": tenant,
            "completion": dict(kept.completion),
            "run": kept.run,
            "expires_at": self._clock() + self._lifetime,
        }
        try:
            await self._answers.replace_one({"_id": _id(tenant, key)}, document, upsert=True)
        except PyMongoError as fault:
            log.warning("an answer cannot be cached", tenant=tenant, error=str(fault))

    def resources(self) -> list[Resource]:
        """The index by which answers expire."""
        return [Resource("index", f"{ANSWERS}.{EXPIRY}", self._drift, self._apply)]

    async def _drift(self) -> str | None:
        return None if EXPIRY in await self._answers.index_information() else "missing"

    async def _apply(self) -> None:
        await self._answers.create_index([("expires_at", 1)], name=EXPIRY, expireAfterSeconds=0)


def _id(tenant: str, key: str) -> str:
    return f"{tenant}/{key}"
