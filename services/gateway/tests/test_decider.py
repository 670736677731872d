import pytest

from dramatis_contracts.gateway import v1
from dramatis_gateway.commands import Command, IssueApiKey, RegisterTenant, RevokeApiKey
from dramatis_gateway.decider import Tenant, decide, evolve
from dramatis_kit import Rejected

REGISTERED = v1.TenantRegistered(name="Acme", tier="standard")
ISSUED = v1.ApiKeyIssued(key_id="key_1", prefix="dr_sAbC", sha256="00")
REVOKED = v1.ApiKeyRevoked(key_id="key_1")
ISSUE = IssueApiKey("key_1", "dr_sAbC", "00")


def when(command: Command, *given: v1.Event) -> list[v1.Event]:
    tenant = Tenant()
    for event in given:
        tenant = evolve(tenant, event)
    return decide(command, tenant)


def test_a_tenant_is_registered() -> None:
    assert when(RegisterTenant("Acme", "standard")) == [REGISTERED]


def test_registering_twice_changes_nothing() -> None:
    assert when(RegisterTenant("Acme", "standard"), REGISTERED) == []


def test_a_registered_tenant_is_issued_a_key() -> None:
    assert when(ISSUE, REGISTERED) == [ISSUED]


def test_issuing_the_same_key_twice_changes_nothing() -> None:
    assert when(ISSUE, REGISTERED, ISSUED) == []


def test_nobody_else_is_issued_a_key() -> None:
    with pytest.raises(Rejected, match="no such tenant"):
        when(ISSUE)


def test_a_key_is_revoked_once() -> None:
    assert when(RevokeApiKey("key_1"), REGISTERED, ISSUED) == [REVOKED]
    assert when(RevokeApiKey("key_1"), REGISTERED, ISSUED, REVOKED) == []


def test_a_revoked_key_is_never_issued_again() -> None:
    with pytest.raises(Rejected, match="CONFLICT"):
        when(ISSUE, REGISTERED, ISSUED, REVOKED)


def test_an_unknown_key_cannot_be_revoked() -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        when(RevokeApiKey("key_2"), REGISTERED, ISSUED)
