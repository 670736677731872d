"""Who may use the platform, and with which keys. Pure: the log belongs to tenants.py."""

from dataclasses import asdict, dataclass, replace
from typing import assert_never

from dramatis_contracts.gateway import v1
from dramatis_gateway.commands import Command, IssueApiKey, RegisterTenant, RevokeApiKey
from dramatis_kit import Rejected

MAX_LIVE_KEYS = 1000


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the rules need of a tenant: whether it exists and which keys it was ever given."""

    registered: bool = False
    live_keys: frozenset[str] = frozenset()
    revoked_keys: frozenset[str] = frozenset()
    bound_keys: frozenset[str] = frozenset()
    """Those, live or not, that are the keys of an agent or a team."""

    def locked_out_without(self, key_id: str) -> bool:
        """Whether nobody could manage the brokerage any more."""
        return not self.live_keys - self.bound_keys - {key_id}


def decide(command: Command, tenant: Tenant) -> list[v1.Event]:
    match command:
        case RegisterTenant(name, tier):
            return [] if tenant.registered else [v1.TenantRegistered(name=name, tier=tier)]
        case IssueApiKey() | RevokeApiKey() if not tenant.registered:
            raise Rejected("NOT_FOUND", "no such tenant")
        case IssueApiKey(key_id) if key_id in tenant.revoked_keys:
            raise Rejected("CONFLICT", "a revoked key cannot be issued again", field="key_id")
        case IssueApiKey(key_id) if key_id in tenant.live_keys:
            return []
        case IssueApiKey() if len(tenant.live_keys) >= MAX_LIVE_KEYS:
            raise Rejected("CONFLICT", f"a brokerage has at most {MAX_LIVE_KEYS} keys", issue="revoke one first")
        case IssueApiKey():
            return [v1.ApiKeyIssued(**asdict(command))]
        case RevokeApiKey(key_id) if key_id in tenant.revoked_keys:
            return []
        case RevokeApiKey(key_id, True) if key_id in tenant.live_keys and tenant.locked_out_without(key_id):
            raise Rejected("CONFLICT", "this is the brokerage's last key", field="key_id", issue="issue another first")
        case RevokeApiKey(key_id) if key_id in tenant.live_keys:
            return [v1.ApiKeyRevoked(key_id=key_id)]
        case RevokeApiKey(key_id):
            raise Rejected("NOT_FOUND", f"no key {key_id}", field="key_id")
    assert_never(command)


def evolve(tenant: Tenant, event: v1.Event) -> Tenant:
    match event:
        case v1.TenantRegistered():
            return replace(tenant, registered=True)
        case v1.ApiKeyIssued(key_id=key_id, agent_id=None, team_id=None):
            return replace(tenant, live_keys=tenant.live_keys | {key_id})
        case v1.ApiKeyIssued(key_id=key_id):
            return replace(tenant, live_keys=tenant.live_keys | {key_id}, bound_keys=tenant.bound_keys | {key_id})
        case v1.ApiKeyRevoked(key_id=key_id):
            return replace(tenant, live_keys=tenant.live_keys - {key_id}, revoked_keys=tenant.revoked_keys | {key_id})
    assert_never(event)
