"""Subjects and messages: what must never change."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dramatis_bus import Retry, TooLarge, decode_event, encode_event
from dramatis_bus.consumers import filter_of
from dramatis_bus.messages import check_size
from dramatis_bus.subjects import (
    PARTITIONS,
    event_filter,
    event_subject,
    partition_of,
    progress_subject,
    stream_name,
)
from dramatis_contracts.envelope import Envelope, schema_of, source_of

EVENT = Envelope(
    id="evt_1",
    source=source_of("simulation-engine"),
    type="simulation.focus_group_requested.v1",
    subject="sim_1",
    time=datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    dataschema=schema_of("simulation.focus_group_requested.v1"),
    tenantid="ten_1",
    streamversion=3,
    correlationid="cor_1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data={"seed": 7, "name": "Müller", "none": None},
)


def test_the_partition_of_an_aggregate_never_changes() -> None:
    """Other numbers would move aggregates that are in flight: these are part of the log's format."""
    golden = {("ten_1", "pers_1"): 2, ("ten_1", "pers_2"): 0, ("ten_2", "pers_1"): 1, ("", ""): 5}
    assert {key: partition_of(*key) for key in golden} == golden
    assert PARTITIONS == 8


@given(st.text(), st.text())
def test_every_aggregate_has_a_partition(tenant: str, aggregate: str) -> None:
    assert 0 <= partition_of(tenant, aggregate) < PARTITIONS


def test_the_subject_of_an_event_names_service_partition_tenant_aggregate_and_event() -> None:
    partition = partition_of("ten_1", "sim_1")
    assert event_subject(EVENT) == f"ev.simulation-engine.{partition}.ten_1.simulation.focus_group_requested-v1"
    assert stream_name("simulation-engine") == "EV_simulation-engine"
    assert event_filter("persona", 3) == "ev.persona.3.*.*.*"
    assert progress_subject("ten_1", "sim_1") == "progress.ten_1.sim_1"


@pytest.mark.parametrize(
    ("events", "filtered"),
    [
        (["*"], "ev.persona.3.*.*.*"),
        (["persona.created.v1"], "ev.persona.3.*.persona.created-v1"),
        (["persona.created.v1", "persona.deleted.v1"], "ev.persona.3.*.persona.*"),
        (["persona.*"], "ev.persona.3.*.persona.*"),
        (["persona.created.v1", "match.found.v1"], "ev.persona.3.*.*.*"),
        (["persona.*", "*"], "ev.persona.3.*.*.*"),
    ],
)
def test_a_consumer_has_one_filter_that_is_as_narrow_as_one_can_be(events: list[str], filtered: str) -> None:
    assert filter_of("persona", events, 3) == filtered


@pytest.mark.parametrize("tenant", ["a.b", "*", ">", "a b", "", "ten\r\n1"])
def test_a_tenant_that_would_break_out_of_its_place_in_a_subject_is_refused(tenant: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        event_subject(EVENT.model_copy(update={"tenantid": tenant}))
    with pytest.raises(ValueError, match="subject"):
        progress_subject(tenant, "sim_1")


def test_an_event_survives_its_journey() -> None:
    subject, payload, headers = encode_event(EVENT, 4711)
    received = decode_event(payload, headers, delivered=2)
    assert (received.envelope, received.position, received.delivered) == (EVENT, 4711, 2)
    assert subject == event_subject(EVENT)
    assert headers == {
        "Nats-Msg-Id": "evt_1",
        "Dr-Subject": "sim_1",
        "Dr-Position": "4711",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }


def test_headers_count_towards_the_size_that_the_server_carries() -> None:
    check_size("it", b"x" * 100, {}, 114)
    with pytest.raises(TooLarge, match="it has 121 bytes, the NATS server carries 120"):
        check_size("it", b"x" * 100, {"a": "bc"}, 120)


def test_retries_wait_twice_as_long_each_time_up_to_a_limit() -> None:
    retry = Retry(base=0.2, cap=30)
    assert [retry.delay(attempt) for attempt in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert retry.delay(10_000) == 30
