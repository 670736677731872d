"""One-time tickets: how a browser, which cannot set headers on a stream, opens one and keeps its key out of addresses.

A ticket is kept as its SHA-256 only, in MongoDB, so that any gateway takes it and none takes it twice.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_gateway.authentication import Principal, principal_of, unauthorized
from dramatis_gateway.expiry import expiry_index
from dramatis_gateway.projections import ApiKeys
from dramatis_kit import Clock, Document, Resource, utc_now

_FORM = re.compile(r"drt_[A-Za-z0-9_-]{43}")
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """A fresh ticket, shown once."""

    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """What a ticket opens. With an `origin`, only pages of that origin may use it."""

    principal: Principal
    origin: str | None = None


class Tickets:
    """The collection `stream_tickets`."""

    def __init__(
        self, database: AsyncDatabase[Document], keys: ApiKeys, *, seconds: float, clock: Clock = utc_now
    ) -> None:
        self._tickets = database["stream_tickets"]
        self._keys = keys
        self._seconds = seconds
        self._clock = clock

    async def issue(self, principal: Principal, origin: str | None = None) -> Ticket:
        ticket = f"drt_{secrets.token_urlsafe(_BYTES)}"
        expires_at = self._clock() + timedelta(seconds=self._seconds)
        row = {**asdict(principal), "origin": origin, "expires_at": expires_at}
        await self._tickets.insert_one({"_id": _print(ticket), **row})
        return Ticket(ticket, expires_at)

    async def redeem(self, ticket: str) -> Admission:
        """Use a ticket up. Raises a 401 `Problem` for one that is unknown, used, too old, or of a revoked key."""
        row = await self._tickets.find_one_and_delete({"_id": _print(ticket)}) if _FORM.fullmatch(ticket) else None
        if row is None or row["expires_at"] <= self._clock():
            raise unauthorized("the ticket is not known, was used, or is too old: ask for another", field="ticket")
        if not await self._keys.lives(row["tenant"], row["key_id"]):
            raise unauthorized("the API key of this ticket was revoked", field="ticket")
        return Admission(principal_of(row), row["origin"])

    def resources(self) -> Sequence[Resource]:
        return [expiry_index(self._tickets)]


def _print(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
