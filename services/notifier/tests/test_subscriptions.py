"""Which webhooks want an event."""

from datetime import UTC, datetime, timedelta

import pytest

from dramatis_contracts.envelope import Envelope
from dramatis_kit import Rejected
from dramatis_notifier.places import Endpoint
from dramatis_notifier.subscriptions import Subscription, check_names

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDPOINT = Endpoint("brk_1", "wh_1")


def event(type_: str, *, tenant: str = "brk_1", subject: str = "pers_1", seconds: float = 0) -> Envelope:
    return Envelope(
        id="evt_abc",
        source="/dramatis/persona",
        type=type_,
        subject=subject,
        time=SINCE + timedelta(seconds=seconds),
        dataschema="urn:x",
        tenantid=tenant,
        streamversion=1,
        correlationid="req_1",
        data={},
    )


def test_a_name_means_every_version_of_the_event() -> None:
    wants = Subscription(ENDPOINT, ("persona.created",), SINCE).wants
    assert wants(event("persona.created.v1"))
    assert wants(event("persona.created.v2"))
    assert not wants(event("persona.deleted.v1"))


def test_a_star_means_everything() -> None:
    assert Subscription(ENDPOINT, ("*",), SINCE).wants(event("persona.deleted.v1"))


def test_nothing_from_before_the_registration() -> None:
    wants = Subscription(ENDPOINT, ("*",), SINCE).wants
    assert not wants(event("persona.created.v1", seconds=-0.001))
    assert wants(event("persona.created.v1", seconds=0))


def test_its_own_registration_is_no_news() -> None:
    wants = Subscription(ENDPOINT, ("*",), SINCE).wants
    assert not wants(event("webhook.registered.v1", subject="wh_1"))
    assert wants(event("webhook.registered.v1", subject="wh_2"))


def test_never_anything_of_another_tenant() -> None:
    assert not Subscription(ENDPOINT, ("*",), SINCE).wants(event("persona.created.v1", tenant="brk_2"))


def test_a_misspelt_name_is_rejected_by_its_position() -> None:
    check_names(["*", "persona.created"])
    with pytest.raises(Rejected) as rejection:
        check_names(["*", "simulation.complete"])
    assert (rejection.value.code, rejection.value.field) == ("INVALID_WEBHOOK", "events[1]")
    assert "simulation.completed" in (rejection.value.issue or "")
