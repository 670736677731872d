"""A provisioned log and a small aggregate: the ring of a tenant's API keys."""

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts.gateway.v1 import ApiKeyIssued, ApiKeyRevoked
from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Document, Rejected
from dramatis_kit.provisioning import provision

Keys = tuple[str, ...]


def decide(command: str, keys: Keys) -> list[ApiKeyIssued | ApiKeyRevoked]:
    """`a,b` issues two keys, `-a` revokes one, the empty command asks for nothing."""
    if command.startswith("-"):
        return [ApiKeyRevoked(key_id=command[1:])] if command[1:] in keys else []
    wanted = [key for key in command.split(",") if key]
    if taken := [key for key in wanted if key in keys]:
        raise Rejected("CONFLICT", f"{taken} exists")
    return [ApiKeyIssued(key_id=key, prefix="p", sha256="s") for key in wanted]


def evolve(keys: Keys, event: ApiKeyIssued | ApiKeyRevoked) -> Keys:
    if isinstance(event, ApiKeyIssued):
        return (*keys, event.key_id)
    return tuple(key for key in keys if key != event.key_id)


@pytest.fixture
async def log(database: AsyncDatabase[Document]) -> EventLog:
    log = EventLog(database)
    await provision(log.resources())
    return log


@pytest.fixture
async def snapshots(database: AsyncDatabase[Document]) -> Snapshots:
    snapshots = Snapshots(database, "tenant")
    await provision(snapshots.resources())
    return snapshots


@pytest.fixture
def rings(log: EventLog, snapshots: Snapshots) -> Aggregate[Keys, str]:
    return Aggregate(
        log=log,
        snapshots=snapshots,
        category="tenant",
        initial=(),
        decide=decide,
        evolve=evolve,
        encode=lambda keys: {"keys": list(keys)},
        decode=lambda state: tuple(state["keys"]),
    )
