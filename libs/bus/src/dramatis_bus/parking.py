"""Where poisoned aggregates wait: visible, in order, never dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method
from dramatis_kit import Document
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.messages import Received


@dataclass(frozen=True, slots=True)
class ParkingKey:
    """Whose event of which aggregate: parking is per consumer."""

    consumer: str
    service: str
    tenant: str
    subject: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An aggregate that a consumer could not go on with. `owner` is the bus name of the process that consumes it."""

    owner: str
    key: ParkingKey
    reason: str
    event_types: tuple[str, ...]
    parked_at: datetime


class ParkedQuery(Request):
    """Which entry to retry or to discard."""

    consumer: str
    service: str
    tenant: str
    subject: str


class ParkedOutcome(Resource):
    """How many events were handled (or discarded), how many remain parked, and why."""

    handled: int
    remaining: int
    reason: str | None = None


def parked_retry(owner: str) -> Method[ParkedQuery, ParkedOutcome]:
    """Handle the parked events of an aggregate now, in order, until one fails or the call's budget is spent."""
    return Method(owner, "parked_retry", ParkedQuery, ParkedOutcome, timeout_seconds=30)


def parked_discard(owner: str) -> Method[ParkedQuery, ParkedOutcome]:
    """Give the parked events of an aggregate up. They stay in the event log."""
    return Method(owner, "parked_discard", ParkedQuery, ParkedOutcome)


async def list_parked(database: AsyncDatabase[Document], *, tenant: str | None = None) -> Sequence[Parked]:
    """Everything that is parked, oldest first."""
    raise NotImplementedError


class ParkingLot(Protocol):
    """What consumers need of a parking lot."""

    async def park(self, owner: str, key: ParkingKey, received: Received, reason: str) -> None: ...


class MongoParkingLot:
    """Parked aggregates in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def park(self, owner: str, key: ParkingKey, received: Received, reason: str) -> None:
        raise NotImplementedError
