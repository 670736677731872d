"""What may be asked of a tenant. Only this service asks: there is no RPC for it."""

from dataclasses import dataclass

from dramatis_contracts.gateway.v1 import Tier


@dataclass(frozen=True, slots=True)
class RegisterTenant:
    name: str
    tier: Tier


@dataclass(frozen=True, slots=True)
class IssueApiKey:
    """`sha256` in hexadecimal; the key itself is never part of a command. Without agent and team it is everybody's."""

    key_id: str
    prefix: str
    sha256: str
    name: str | None = None
    agent_id: str | None = None
    team_id: str | None = None


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """With `keep_one`, not the last key of the whole brokerage."""

    key_id: str
    keep_one: bool = False


Command = RegisterTenant | IssueApiKey | RevokeApiKey
