"""Tenants and API keys: events, version 1."""

from typing import ClassVar, Literal

from dramatis_contracts.base import EventBody

Tier = Literal["development", "standard"]


class TenantRegistered(EventBody):
    """A tenant (a brokerage, a team) may use the platform.

    Produced by `gateway`. Its id is the tenant of every later event.
    """

    type: ClassVar[str] = "tenant.registered.v1"
    owner: ClassVar[str] = "gateway"

    name: str
    tier: Tier


class ApiKeyIssued(EventBody):
    """An API key was given out. Only its SHA-256 and a lookup prefix are kept; the key is shown once.

    A key of an agent or a team sees what these see; one without either is the whole brokerage's. Produced by `gateway`.
    """

    type: ClassVar[str] = "tenant.api_key_issued.v1"
    owner: ClassVar[str] = "gateway"

    key_id: str
    prefix: str
    sha256: str
    name: str | None = None
    agent_id: str | None = None
    team_id: str | None = None


class ApiKeyRevoked(EventBody):
    """An API key opens no door any more.

    Produced by `gateway`.
    """

    type: ClassVar[str] = "tenant.api_key_revoked.v1"
    owner: ClassVar[str] = "gateway"

    key_id: str


Event = TenantRegistered | ApiKeyIssued | ApiKeyRevoked
SERVICE = "gateway"
