"""Given a webhook's history, when a command comes, then these events."""

from functools import reduce

import pytest

from dramatis_contracts.notifier import v1
from dramatis_kit import Rejected
from dramatis_notifier.decider import Command, Disable, WebhookState, decide, evolve

URL = "https://example.com/hook"
REGISTER = v1.RegisterWebhook(webhook_id="wh_1", url=URL, events=("simulation.completed",))
REMOVE = v1.RemoveWebhook(webhook_id="wh_1")
REGISTERED = v1.WebhookRegistered(url=URL, events=("simulation.completed",))
GONE = v1.WebhookDisabled(reason="gone")
REMOVED = v1.WebhookRemoved()


def after(*history: v1.Event) -> WebhookState:
    return reduce(evolve, history, WebhookState())


def test_registering_says_where_and_what_but_no_secret() -> None:
    assert decide(REGISTER, after()) == [REGISTERED]


def test_a_name_given_twice_is_one_subscription() -> None:
    command = v1.RegisterWebhook(webhook_id="wh_1", url=URL, events=("*", "persona.created", "*"))
    assert decide(command, after()) == [v1.WebhookRegistered(url=URL, events=("*", "persona.created"))]


@pytest.mark.parametrize("history", [[REGISTERED], [REGISTERED, GONE], [REGISTERED, REMOVED]])
def test_an_id_is_registered_once(history: list[v1.Event]) -> None:
    with pytest.raises(Rejected, match="CONFLICT"):
        decide(REGISTER, after(*history))


@pytest.mark.parametrize("history", [[REGISTERED], [REGISTERED, GONE]])
def test_a_webhook_can_be_removed_also_when_disabled(history: list[v1.Event]) -> None:
    assert decide(REMOVE, after(*history)) == [REMOVED]


@pytest.mark.parametrize("history", [[], [REGISTERED, REMOVED]])
def test_what_is_not_there_cannot_be_removed(history: list[v1.Event]) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        decide(REMOVE, after(*history))


def test_disabling_happens_to_active_webhooks_only() -> None:
    gone: Command = Disable("gone")
    assert decide(gone, after(REGISTERED)) == [GONE]
    assert decide(gone, after(REGISTERED, GONE)) == []
    assert decide(gone, after(REGISTERED, REMOVED)) == []
    assert decide(gone, after()) == []


def test_removal_wins_over_disabling() -> None:
    assert after(REGISTERED, GONE, REMOVED).status == "removed"
