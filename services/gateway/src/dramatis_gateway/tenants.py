"""Registering tenants, and the development tenant of the embedded platform."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from dramatis_contracts.gateway.v1 import Tier
from dramatis_eventlog import Aggregate, Cause, EventLog, Snapshots, StreamId
from dramatis_gateway.commands import Command, IssueApiKey, RegisterTenant, RevokeApiKey
from dramatis_gateway.decider import Tenant, decide, evolve
from dramatis_gateway.keys import KeyPrint, key_print, new_key
from dramatis_gateway.projections import ApiKeys, KeyOnFile
from dramatis_kit import Document, Resource

DEVELOPMENT_TENANT = str(uuid5(NAMESPACE_OID, "dramatis development tenant"))
"""The same on every laptop, so that a lost credentials file does not part a developer from the stored personas."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs. `brokerage_id` is the tenant's id."""

    api_key: str
    brokerage_id: str


class Holder(NamedTuple):
    """Whose key it is, and what they call it."""

    name: str | None
    agent_id: str | None
    team_id: str | None


class Tenants:
    """Commands to tenants. The look-up table of keys is written after each commit; a consumer repairs it."""

    def __init__(self, event_log: EventLog, snapshots: Snapshots, keys: ApiKeys) -> None:
        self._log = event_log
        self._snapshots = snapshots
        self._keys = keys
        self.aggregate: Aggregate[Tenant, Command] = Aggregate(
            log=event_log,
            snapshots=snapshots,
            category="tenant",
            initial=Tenant(),
            decide=decide,
            evolve=evolve,
            encode=_encode,
            decode=_decode,
        )

    async def register(self, tenant: str, name: str, tier: Tier, *, key: str | None = None) -> Credentials:
        """Register a tenant if it is new, and issue it a key: the given one, or a fresh one. Repeatable."""
        key = key or new_key(tier)
        printed = key_print(key)
        if printed is None:
            raise ValueError("this is not an API key")
        key_id = _key_id(printed)
        await self._handle(tenant, RegisterTenant(name, tier), f"register:{tenant}")
        await self._handle(tenant, IssueApiKey(key_id, printed.prefix, printed.sha256), f"issue:{key_id}")
        return Credentials(key, tenant)

    async def issue(self, tenant: str, key: str, holder: Holder) -> KeyOnFile:
        """Let a key open the door, for whom it names. Repeatable."""
        printed = key_print(key)
        if printed is None:
            raise ValueError("this is not an API key")
        command = IssueApiKey(_key_id(printed), printed.prefix, printed.sha256, *holder)
        await self._handle(tenant, command, f"issue:{command.key_id}")
        return await self._keys.get(tenant, command.key_id)

    async def list_keys(self, tenant: str, skip: int, limit: int) -> tuple[list[KeyOnFile], int]:
        """Live keys, newest first, and how many there are in all."""
        return await self._keys.live(tenant, skip, limit)

    async def revoke(self, tenant: str, key_id: str, *, keep_one: bool = False) -> None:
        """Raises `Rejected`: NOT_FOUND, or CONFLICT for the brokerage's last key when one must be kept."""
        await self._handle(tenant, RevokeApiKey(key_id, keep_one), f"revoke:{key_id}")

    def resources(self) -> Sequence[Resource]:
        return self._snapshots.resources()

    async def _handle(self, tenant: str, command: Command, command_id: str) -> None:
        await self.aggregate.handle(tenant, tenant, command, command_id=command_id, cause=Cause(command_id))
        for envelope in await self._log.read(tenant, StreamId("tenant", tenant)):
            await self._keys.apply(envelope)


def _key_id(printed: KeyPrint) -> str:
    return f"key_{printed.sha256[:16]}"


async def development_credentials(tenants: Tenants, file: Path) -> Credentials:
    """The development tenant's credentials: those of the file, or fresh ones that are written there.

    The tenant and the key are registered either way: the file may be older than the log.
    """
    credentials = _read(file) or Credentials(new_key("development"), DEVELOPMENT_TENANT)
    _write(file, credentials)
    return await tenants.register(credentials.brokerage_id, "Development", "development", key=credentials.api_key)


def _read(file: Path) -> Credentials | None:
    if not file.is_file():
        return None
    stored = json.loads(file.read_text())
    if not isinstance(stored, dict) or key_print(str(stored.get("api_key"))) is None:
        return None
    return Credentials(str(stored["api_key"]), str(UUID(stored["brokerage_id"])))


def _write(file: Path, credentials: Credentials) -> None:
    """Whole or not at all, and readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        json.dump(asdict(credentials), output, indent=2)
        output.write("\n")
        output.flush()
        os.fsync(output.fileno())
    beside.rename(file)


def _encode(tenant: Tenant) -> Document:
    return {
        "registered": tenant.registered,
        "live_keys": sorted(tenant.live_keys),
        "revoked_keys": sorted(tenant.revoked_keys),
        "bound_keys": sorted(tenant.bound_keys),
    }


def _decode(state: Document) -> Tenant:
    keys = (frozenset(state.get(name, ())) for name in ("live_keys", "revoked_keys", "bound_keys"))
    return Tenant(state["registered"], *keys)
