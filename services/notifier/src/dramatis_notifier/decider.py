"""What may happen to a webhook endpoint. Pure: the log, the network and the secrets belong elsewhere."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from dramatis_contracts.notifier import v1
from dramatis_contracts.notifier.terms import Ordering, Origin, PayloadFormat, Signing
from dramatis_kit import Rejected

Status = Literal["absent", "active", "disabled", "removed"]
By = Literal["owner", "failure"]
Fields = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Update:
    """The owner changes settings at a time: what follows a pause begins with what happens then."""

    webhook_id: str
    changes: v1.WebhookChanges
    now: datetime


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Another service's rule wants an endpoint, or changes its own."""

    wish: v1.Subscribe
    now: datetime


@dataclass(frozen=True, slots=True)
class Rotate:
    """The secret was replaced; the old one signs, too, until a time."""

    webhook_id: str
    previous_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell the owner once that an endpoint has been failing. Nobody asks for this; the worker finds it out."""

    failing_since: datetime
    disabled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Disable:
    """Stop calling an address, because of what it answered."""

    reason: str


Command = v1.RegisterWebhook | Subscribe | Update | v1.RemoveWebhook | Rotate | Warn | Disable


@dataclass(frozen=True, slots=True)
class WebhookState:
    """Where to deliver what. Secrets and the values of headers are not part of it: they never enter the log.

    `since`: events before this time are not for it, None means before its registration. `warned`: the beginning of
    the failure that its owner was told of.
    """

    url: str = ""
    events: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    fields: Fields = ()
    description: str = ""
    header_names: tuple[str, ...] = ()
    rate_limit: float | None = None
    ordering: Ordering = "none"
    payload_format: PayloadFormat = "tinytroupe"
    signing: Signing = "v1"
    origin: Origin = "webhooks"
    status: Status = "absent"
    disabled_by: By | None = None
    disabled_reason: str | None = None
    since: datetime | None = None
    warned: datetime | None = None


def decide(command: Command, webhook: WebhookState) -> list[v1.Event]:
    match command:
        case v1.RegisterWebhook() if webhook.status != "absent":
            raise Rejected("CONFLICT", "a webhook with this id exists already", field="webhook_id")
        case v1.RegisterWebhook():
            return [_registered(command)]
        case Subscribe():
            return _subscribed(command, webhook)
        case Warn() | Disable():
            return _found_out(command, webhook)
        case Update(webhook_id) | Rotate(webhook_id) if webhook.status in ("absent", "removed"):
            raise _not_found(webhook_id)
        case v1.RemoveWebhook(webhook_id=webhook_id) if webhook.status in ("absent", "removed"):
            raise _not_found(webhook_id)
        case v1.RemoveWebhook():
            return [v1.WebhookRemoved()]
        case Update(_, changes, now):
            return [*_changed(webhook, _after(webhook, changes)), *_switched(webhook, changes.enabled, now)]
        case Rotate(_, previous_expires_at):
            return [v1.WebhookSecretRotated(previous_expires_at=previous_expires_at)]
    assert_never(command)


def evolve(webhook: WebhookState, event: v1.Event) -> WebhookState:
    match event:
        case v1.WebhookRegistered():
            status: Status = "active" if event.enabled else "disabled"
            registered = replace(_with(webhook, event), ordering=event.ordering, origin=event.origin, status=status)
            return registered if event.enabled else replace(registered, disabled_by="owner", disabled_reason=_AT_FIRST)
        case v1.WebhookUpdated():
            return _with(webhook, event)
        case v1.WebhookEnabled(since=since):
            return replace(webhook, status="active", since=since, disabled_by=None, disabled_reason=None, warned=None)
        case v1.WebhookFailing(failing_since=failing_since):
            return replace(webhook, warned=failing_since)
        case v1.WebhookDisabled(reason=reason, by=by):
            return replace(webhook, status="disabled", disabled_by=by, disabled_reason=reason)
        case v1.WebhookRemoved():
            return replace(webhook, status="removed")
        case v1.WebhookSecretRotated():
            return webhook
    assert_never(event)


_AT_FIRST = "registered without being enabled"


def _not_found(webhook_id: str) -> Rejected:
    return Rejected("NOT_FOUND", f"no webhook {webhook_id}", field="webhook_id")


def _registered(command: v1.RegisterWebhook) -> v1.WebhookRegistered:
    given = command.model_dump(exclude={"webhook_id", "headers"})
    # The order of a filter means nothing; a name given twice is one name.
    named = {"events": _once(command.events), "subjects": _once(command.subjects)}
    return v1.WebhookRegistered(**(given | named), header_names=tuple(sorted(command.headers)))


def _subscribed(command: Subscribe, webhook: WebhookState) -> list[v1.Event]:
    wish = command.wish
    if webhook.status == "removed" or (webhook.status != "absent" and webhook.origin != "alerts"):
        raise Rejected("CONFLICT", "this id belongs to another webhook", field="webhook_id")
    given = wish.model_dump(exclude={"webhook_id"}) | {"events": _once(wish.events), "subjects": _once(wish.subjects)}
    if webhook.status == "absent":
        return [v1.WebhookRegistered(**given, origin="alerts")]
    settings = _settings(webhook).model_copy(update=given)
    return [*_changed(webhook, settings), *_switched(webhook, True, command.now)]  # noqa: FBT003  # "enabled"


def _found_out(command: Warn | Disable, webhook: WebhookState) -> list[v1.Event]:
    if webhook.status != "active":
        return []
    if isinstance(command, Disable):
        return [v1.WebhookDisabled(reason=command.reason)]
    if webhook.warned == command.failing_since:
        return []
    told = v1.WebhookFailing(
        failing_since=command.failing_since, disabled_at=command.disabled_at, reason=command.reason
    )
    return [told]


def _after(webhook: WebhookState, changes: v1.WebhookChanges) -> v1.WebhookUpdated:
    given = {name: getattr(changes, name) for name in changes.model_fields_set - {"enabled", "headers"}}
    for name in given.keys() & {"events", "subjects"}:
        given[name] = _once(given[name])
    if changes.headers is not None:
        given["header_names"] = tuple(sorted(changes.headers))
    return _settings(webhook).model_copy(update=given)


def _changed(webhook: WebhookState, settings: v1.WebhookUpdated) -> list[v1.Event]:
    return [] if _with(webhook, settings) == webhook else [settings]


def _switched(webhook: WebhookState, enabled: bool | None, now: datetime) -> list[v1.Event]:  # noqa: FBT001  # a wish
    if enabled is None or enabled == (webhook.status == "active"):
        return []
    return [v1.WebhookEnabled(since=now) if enabled else v1.WebhookDisabled(reason="by its owner", by="owner")]


def _settings(webhook: WebhookState) -> v1.WebhookUpdated:
    return v1.WebhookUpdated(
        url=webhook.url,
        events=webhook.events,
        subjects=webhook.subjects,
        fields=dict(webhook.fields),
        description=webhook.description,
        header_names=webhook.header_names,
        rate_limit=webhook.rate_limit,
        payload_format=webhook.payload_format,
        signing=webhook.signing,
    )


def _with(webhook: WebhookState, event: v1.WebhookRegistered | v1.WebhookUpdated) -> WebhookState:
    return replace(
        webhook,
        url=event.url,
        events=event.events,
        subjects=event.subjects,
        fields=tuple(sorted(event.fields.items())),
        description=event.description,
        header_names=event.header_names,
        rate_limit=event.rate_limit,
        payload_format=event.payload_format,
        signing=event.signing,
    )


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
