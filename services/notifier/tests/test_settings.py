"""Settings come from the environment and stand in the README."""

from pathlib import Path

import pytest

from dramatis_kit import Settings
from dramatis_notifier.settings import NotifierSettings, notifier_settings

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_lists_every_setting() -> None:
    own = set(NotifierSettings.model_fields) - set(Settings.model_fields)
    text = README.read_text()
    assert {name for name in own if f"`DRAMATIS_{name.upper()}`" not in text} == set()


def test_lists_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_WEBHOOK_RETRY_SECONDS", "[1, 2.5]")
    monkeypatch.setenv("DRAMATIS_WEBHOOK_REFUSED_NETWORKS", '["8.8.8.0/24"]')
    settings = NotifierSettings()
    assert settings.webhook_retry_seconds == (1.0, 2.5)
    assert not settings.guard.allows("8.8.8.8")


def test_what_the_process_was_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_MONGO_DATABASE", "from_the_environment")
    monkeypatch.setenv("DRAMATIS_WEBHOOK_IN_FLIGHT", "7")
    settings = notifier_settings(Settings(mongo_database="given", embedded=True))
    assert (settings.mongo_database, settings.webhook_in_flight) == ("given", 7)
    assert settings.guard.loopback
    assert notifier_settings(settings) is settings


def test_plain_http_and_loopback_need_the_embedded_mode() -> None:
    guard = NotifierSettings(embedded=False).guard
    assert not guard.loopback
    assert guard.ports == frozenset({443, 8443})
