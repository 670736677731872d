"""Who is signed in to the console: sessions in MongoDB, so that any gateway knows them, by digests of their tokens."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_gateway.authentication import Principal, principal_of
from dramatis_gateway.expiry import expiry_index
from dramatis_gateway.projections import ApiKeys
from dramatis_kit import Clock, Document, Resource, utc_now

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """`notice` is what the last action has to say, shown once."""

    id: str
    principal: Principal
    csrf: str
    notice: str | None = None

    def vouches_for(self, csrf: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class Sessions:
    """The collection `console_sessions`. A session ends when it is idle, after a working day, or with its API key."""

    def __init__(self, database: AsyncDatabase[Document], keys: ApiKeys, clock: Clock = utc_now) -> None:
        self._sessions = database["console_sessions"]
        self._keys = keys
        self._clock = clock

    async def begin(self, principal: Principal) -> str:
        """A new session's token, for a cookie."""
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._clock()
        await self._sessions.insert_one(
            {
                "_id": _digest(token),
                **asdict(principal),
                "csrf": secrets.token_urlsafe(_TOKEN_BYTES),
                "began": now,
                "expires_at": now + IDLE,
            }
        )
        return token

    async def find(self, token: str) -> Session | None:
        """The session of a token, which lives on by this; None when there is none any more."""
        now = self._clock()
        row = await self._sessions.find_one({"_id": _digest(token), "expires_at": {"$gt": now}})
        if row is None or not await self._keys.lives(row["tenant"], row["key_id"]):
            return None
        await self._sessions.update_one({"_id": row["_id"]}, {"$set": {"expires_at": _prolonged(row["began"], now)}})
        return Session(row["_id"], principal_of(row), row["csrf"], row.get("notice"))

    async def say(self, session: Session, notice: str) -> None:
        """Leave a notice for the next page."""
        await self._sessions.update_one({"_id": session.id}, {"$set": {"notice": notice}})

    async def heard(self, session: Session) -> None:
        """The notice was shown."""
        if session.notice is not None:
            await self._sessions.update_one({"_id": session.id}, {"$unset": {"notice": ""}})

    async def end(self, session: Session) -> None:
        await self._sessions.delete_one({"_id": session.id})

    def resources(self) -> Sequence[Resource]:
        return [expiry_index(self._sessions)]


def _prolonged(began: datetime, now: datetime) -> datetime:
    return min(now + IDLE, began + LONGEST)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
