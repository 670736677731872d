"""A webhook in the state store and as others see it."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from dramatis_contracts.notifier import v1
from dramatis_eventlog.aggregates import Loaded
from dramatis_kit import Document
from dramatis_notifier.decider import WebhookState
from dramatis_notifier.keys import Keys

_NAMES = tuple(field.name for field in fields(WebhookState))
_LISTS = ("events", "subjects", "header_names")


def encode(state: WebhookState) -> Document:
    kept: Document = {name: getattr(state, name) for name in _NAMES}
    kept["fields"] = [[name, list(values)] for name, values in state.fields]
    return kept | {name: list(kept[name]) for name in _LISTS}


def decode(document: Document) -> WebhookState:
    """What an older encoding lacks has its default."""
    given: dict[str, Any] = {name: document[name] for name in _NAMES if name in document}
    given["fields"] = tuple((name, tuple(values)) for name, values in document.get("fields", ()))
    return WebhookState(**(given | {name: tuple(document.get(name, ())) for name in _LISTS}))


def resource(loaded: Loaded[WebhookState], keys: Keys | None, now: datetime) -> v1.Webhook:
    """The public representation, without the secret. The webhook must have been registered."""
    state = loaded.state
    if state.status == "absent" or loaded.created_at is None:
        raise ValueError(f"webhook {loaded.id} was never registered")
    previous = keys.overlapping(now)[:1] if keys else ()
    asymmetric = keys is not None and state.signing == "v1a"
    return v1.Webhook(
        id=loaded.id,
        url=state.url,
        events=state.events,
        subjects=state.subjects,
        description=state.description,
        header_names=state.header_names,
        rate_limit=state.rate_limit,
        ordering=state.ordering,
        payload_format=state.payload_format,
        signing=state.signing,
        origin=state.origin,
        status=state.status,
        disabled_by=state.disabled_by,
        disabled_reason=state.disabled_reason,
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
        public_key=keys.current.public if keys and asymmetric else None,
        previous_public_key=previous[0].key.public if previous and asymmetric else None,
        previous_secret_expires_at=previous[0].expires_at if previous else None,
    )
