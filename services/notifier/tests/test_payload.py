"""The body that a receiver gets."""

from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from dramatis_contracts.envelope import Envelope
from dramatis_notifier.catalogue import known_names
from dramatis_notifier.payload import MAX_BYTES, event_name, message_of

AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=2)))


def event(type_: str = "simulation.completed.v1", subject: str = "sim_1", **data: Any) -> Envelope:
    return Envelope(
        id="evt_abc",
        source="/dramatis/simulation-engine",
        type=type_,
        subject=subject,
        time=AT,
        dataschema="urn:x",
        tenantid="brk_1",
        streamversion=4,
        correlationid="req_1",
        data=data,
    )


def body_of(told: Envelope) -> bytes:
    return message_of(told, "tinytroupe").body


def test_the_payload_has_the_published_structure() -> None:
    assert orjson.loads(body_of(event(name="Penthouse", n_respondents=22))) == {
        "event_type": "simulation.completed",
        "timestamp": "2026-03-01T10:30:15.250Z",
        "data": {
            "object_type": "simulation",
            "object_id": "sim_1",
            "details": {"name": "Penthouse", "n_respondents": 22},
        },
        "metadata": {"brokerage_id": "brk_1", "agent_id": None, "api_version": "v1"},
    }


def test_an_agents_persona_is_told_of_with_the_agent() -> None:
    told = event("persona.created.v1", profile={}, created_by={"agent_id": "agt_456", "team_id": None})
    assert orjson.loads(body_of(told))["metadata"]["agent_id"] == "agt_456"


def test_what_would_be_too_large_says_so_and_how_to_fetch_it() -> None:
    body = body_of(event("simulation.responses_recorded.v1", detailed_results={"text": "x" * 30_000}))
    details = orjson.loads(body)["data"]["details"]
    assert len(body) <= MAX_BYTES
    assert details["omitted"] is True
    assert "exceeds the limit of 20000 bytes" in details["reason"]
    assert details["fetch"] == "GET /v1/events?subject=sim_1&types=simulation.responses_recorded"
    assert details["event_id"] == "evt_abc"


@pytest.mark.parametrize("length", range(19_700, 19_860, 7))
def test_no_payload_exceeds_the_limit(length: int) -> None:
    body = body_of(event(name="x" * length))
    assert len(body) <= MAX_BYTES
    assert ("omitted" in orjson.loads(body)["data"]["details"]) == (length + len(body_of(event(name=""))) > MAX_BYTES)


def test_facts_about_credentials_are_withheld() -> None:
    issued = event("tenant.api_key_issued.v1", "brk_1", key_id="key_1", prefix="dr_abc", sha256="0" * 64)
    assert orjson.loads(body_of(issued))["data"]["details"] == {"key_id": "key_1"}


def test_every_published_event_can_be_subscribed_to() -> None:
    assert {"simulation.completed", "persona.created", "persona.enriched", "match.found"} <= known_names()
    assert event_name("simulation.completed.v1") == "simulation.completed"
