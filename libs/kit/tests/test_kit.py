"""Ids, time, settings, provisioning, telemetry."""

import json
from datetime import UTC
from pathlib import Path

import pytest
import structlog

from dramatis_kit import Rejected, Resource, new_id, utc_now
from dramatis_kit.provisioning import Drift, drift_of, provision
from dramatis_kit.settings import Settings
from dramatis_kit.telemetry import configure, context_of, traceparent, tracer


def test_ids_carry_their_prefix_and_do_not_repeat() -> None:
    ids = {new_id("pers") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(text.startswith("pers_") for text in ids)


def test_the_time_is_aware_and_survives_mongodb() -> None:
    now = utc_now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_PORT", "8123")
    monkeypatch.setenv("DRAMATIS_DATA_DIR", "/elsewhere")
    settings = Settings()
    assert settings.gateway_port == 8123
    assert settings.data_dir == Path("/elsewhere")


def test_a_rejection_names_the_field() -> None:
    rejection = Rejected("INVALID_PERSONA", "no", field="name", issue="empty")
    assert (rejection.code, rejection.field, rejection.issue) == ("INVALID_PERSONA", "name", "empty")


class Shelf:
    """A resource that is missing until it is applied."""

    def __init__(self) -> None:
        self.built = False

    async def drift(self) -> str | None:
        return None if self.built else "missing"

    async def apply(self) -> None:
        self.built = True

    def resource(self) -> Resource:
        return Resource("shelf", "oak", self.drift, self.apply)


async def test_provisioning_reports_what_it_repaired_and_nothing_the_second_time() -> None:
    shelf = Shelf()
    assert await provision([shelf.resource()]) == [Drift("shelf", "oak", "missing")]
    assert await provision([shelf.resource()]) == []


async def test_a_drift_report_changes_nothing() -> None:
    shelf = Shelf()
    assert await drift_of([shelf.resource()]) == [Drift("shelf", "oak", "missing")]
    assert not shelf.built


def test_a_log_line_is_json_and_carries_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with tracer.start_as_current_span("work"):
        sent = traceparent()
        structlog.get_logger().info("hello", n=1)
    line = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    assert sent
    assert (line["event"], line["n"], line["trace_id"]) == ("hello", 1, sent.split("-")[1])


def test_a_trace_goes_on_in_the_receiver() -> None:
    configure()
    with tracer.start_as_current_span("caller"):
        sent = traceparent() or ""
    with tracer.start_as_current_span("receiver", context=context_of({"traceparent": sent})):
        assert (traceparent() or "").split("-")[1] == sent.split("-")[1]
