"""What is kept of requests with an `Idempotency-Key`: whose they are, what they asked, and what they were answered.

A request claims its key by a unique insert. The claim is a lease: when the gateway that answers it dies, the next
attempt takes it over, with the same seed, so that it makes the same ids and the services recognise their commands.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from dramatis_gateway.expiry import expiry_index
from dramatis_kit import Clock, Document, Resource, utc_now

log = structlog.get_logger()

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that may come again: who asks, for what, under which key, and the fingerprint of the rest."""

    tenant: str
    viewer: str
    method: str
    path: str
    key: str
    fingerprint: str

    @property
    def id(self) -> str:
        parts = (self.tenant, self.viewer, self.method, self.path, self.key)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer. `again` says that the request was answered before, but the answer was not kept."""

    id: str
    owner: str
    seed: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Somebody is answering it."""


Outcome = Claim | StoredAnswer | Mismatch | InProgress


class Claims:
    """The collection `idempotency`."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock = utc_now) -> None:
        self._claims = database["idempotency"]
        self._clock = clock
        self._given_up: set[asyncio.Task[None]] = set()

    async def claim(self, request: Repeatable, seconds: float) -> Outcome:
        """The right to answer for `seconds`, or why there is none."""
        made = Claim(request.id, secrets.token_hex(8), secrets.token_hex(16))
        for _ in range(2):
            try:
                await self._claims.insert_one(self._fresh(request, made, seconds))
            except DuplicateKeyError:
                if known := await self._known(request, made.owner, seconds):
                    return known
            else:
                return made
        return InProgress()

    async def answered(self, claim: Claim, answer: StoredAnswer | None) -> None:
        """Keep the answer; None says that there was one which is not kept."""
        kept = None if answer is None else {"status": answer.status, "headers": answer.headers, "body": answer.body}
        change = {"$set": {"state": "answered", "answer": kept}, "$unset": {"owned_until": ""}}
        await self._claims.update_one({"_id": claim.id, "owner": claim.owner}, change)

    def give_up(self, claim: Claim) -> None:
        """There was no answer that counts: the next attempt may begin at once. Nobody needs to wait for this."""
        task = asyncio.create_task(self._give_up(claim), name="give up an idempotency key")
        self._given_up.add(task)
        task.add_done_callback(self._given_up.discard)

    async def close(self) -> None:
        """Wait for what is still being written."""
        if self._given_up:
            await asyncio.wait(self._given_up)

    def resources(self) -> Sequence[Resource]:
        return [expiry_index(self._claims)]

    async def _give_up(self, claim: Claim) -> None:
        change = {"$set": {"owned_until": self._clock()}}
        try:
            await self._claims.update_one({"_id": claim.id, "owner": claim.owner}, change)
        except PyMongoError as error:
            log.warning("idempotency key not given up: it is free when its claim ends", error=str(error))

    def _fresh(self, request: Repeatable, claim: Claim, seconds: float) -> Document:
        now = self._clock()
        return {
            "_id": request.id,
            "tenant": request.tenant,
            "fingerprint": request.fingerprint,
            "seed": claim.seed,
            "state": "claimed",
            "owner": claim.owner,
            "owned_until": now + timedelta(seconds=seconds),
            "expires_at": now + KEPT,
        }

    async def _known(self, request: Repeatable, owner: str, seconds: float) -> Outcome | None:
        """What is kept of the key; None when that is too old, and gone by now."""
        row = await self._claims.find_one({"_id": request.id})
        if row is None or row["expires_at"] <= self._clock():
            await self._claims.delete_one({"_id": request.id, "expires_at": {"$lte": self._clock()}})
            return None
        if row["fingerprint"] != request.fingerprint:
            return Mismatch()
        if row["state"] == "claimed" and row["owned_until"] > self._clock():
            return InProgress()
        if answer := row.get("answer"):
            return StoredAnswer(answer["status"], tuple(map(tuple, answer["headers"])), bytes(answer["body"]))
        return await self._take_over(row, owner, seconds)

    async def _take_over(self, row: Document, owner: str, seconds: float) -> Outcome:
        until = self._clock() + timedelta(seconds=seconds)
        taken = await self._claims.update_one(
            {"_id": row["_id"], "owner": row["owner"], "state": row["state"]},
            {"$set": {"owner": owner, "state": "claimed", "owned_until": until}},
        )
        again = row["state"] == "answered"
        return Claim(row["_id"], owner, row["seed"], again) if taken.modified_count else InProgress()
