"""What may happen to a webhook endpoint. Pure: the log, the network and the secret belong elsewhere."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from dramatis_contracts.notifier import v1
from dramatis_kit import Rejected

Status = Literal["absent", "active", "disabled", "removed"]


@dataclass(frozen=True, slots=True)
class Disable:
    """Stop calling an address, because of what it answered. Nobody asks for this; the worker finds it out."""

    reason: str


Command = v1.RegisterWebhook | v1.RemoveWebhook | Disable


@dataclass(frozen=True, slots=True)
class WebhookState:
    """Where to deliver what. The signing secret is not part of it: secrets never enter the log."""

    url: str = ""
    events: tuple[str, ...] = ()
    status: Status = "absent"


def decide(command: Command, webhook: WebhookState) -> list[v1.Event]:
    match command:
        case v1.RegisterWebhook() if webhook.status != "absent":
            raise Rejected("CONFLICT", "a webhook with this id exists already", field="webhook_id")
        case v1.RegisterWebhook(url=url, events=events):
            # The order of a subscription means nothing; a name given twice is one name.
            return [v1.WebhookRegistered(url=url, events=tuple(dict.fromkeys(events)))]
        case v1.RemoveWebhook(webhook_id=webhook_id) if webhook.status in ("absent", "removed"):
            raise Rejected("NOT_FOUND", f"no webhook {webhook_id}", field="webhook_id")
        case v1.RemoveWebhook():
            return [v1.WebhookRemoved()]
        case Disable(reason=reason):
            return [v1.WebhookDisabled(reason=reason)] if webhook.status == "active" else []
    assert_never(command)


def evolve(webhook: WebhookState, event: v1.Event) -> WebhookState:
    match event:
        case v1.WebhookRegistered(url=url, events=events):
            return replace(webhook, url=url, events=events, status="active")
        case v1.WebhookRemoved():
            return replace(webhook, status="removed")
        case v1.WebhookDisabled():
            return replace(webhook, status="disabled")
        case v1.WebhookUpdated() | v1.WebhookEnabled() | v1.WebhookFailing() | v1.WebhookSecretRotated():
            return webhook
    assert_never(event)
