import pytest

from dramatis_contracts.gateway import v1
from dramatis_gateway.commands import Command, IssueApiKey, RegisterTenant, RevokeApiKey
from dramatis_gateway.decider import MAX_LIVE_KEYS, Tenant, decide, evolve
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


AGENTS = v1.ApiKeyIssued(key_id="key_2", prefix="dr_sXyZ", sha256="01", agent_id="agt_1", team_id="team_1")


def test_a_key_can_be_that_of_an_agent_and_its_team() -> None:
    command = IssueApiKey("key_2", "dr_sXyZ", "01", agent_id="agt_1", team_id="team_1")
    assert when(command, REGISTERED, ISSUED) == [AGENTS]


def test_the_last_key_of_the_brokerage_is_kept_when_asked_so() -> None:
    with pytest.raises(Rejected, match="last key"):
        when(RevokeApiKey("key_1", keep_one=True), REGISTERED, ISSUED, AGENTS)
    assert when(RevokeApiKey("key_2", keep_one=True), REGISTERED, ISSUED, AGENTS)


def test_a_brokerage_does_not_have_keys_without_end() -> None:
    many = [v1.ApiKeyIssued(key_id=f"key_{n}", prefix="dr_s", sha256=f"{n}") for n in range(2, MAX_LIVE_KEYS + 2)]
    with pytest.raises(Rejected, match="CONFLICT"):
        when(ISSUE, REGISTERED, *many)
