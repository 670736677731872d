"""Which webhooks want an event. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier.terms import Ordering, PayloadFormat
from dramatis_contracts.notifier.v1 import WebhookEnabled, WebhookRegistered
from dramatis_kit import Rejected
from dramatis_notifier.catalogue import known_names
from dramatis_notifier.payload import event_name, fact_of
from dramatis_notifier.places import Endpoint

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Subscription:
    """An active webhook: which events it wants, since when, and how it wants them."""

    endpoint: Endpoint
    events: Collection[str]
    since: datetime
    subjects: Collection[str] = ()
    fields: Mapping[str, Collection[str]] = field(default_factory=dict)
    payload_format: PayloadFormat = "tinytroupe"
    ordering: Ordering = "none"
    rated: bool = False

    def wants(self, event: Envelope) -> bool:
        """Whether to deliver: what happened before its registration is not for it, however late it arrives here."""
        return event.time >= self.since and self.selects(event)

    def selects(self, event: Envelope) -> bool:
        """Whether the filters let an event through, whenever it happened."""
        if event.tenantid != self.endpoint.tenant:
            return False
        if event.subject == self.endpoint.webhook_id and event.type in (WebhookRegistered.type, WebhookEnabled.type):
            return False  # what the subscriber itself has asked for a moment ago
        if not self.events_select(event_name(event.type)):
            return False
        if self.subjects and not any(_selects(pattern, event.subject) for pattern in self.subjects):
            return False
        return not self.fields or self._fields_select(event)

    def events_select(self, name: str) -> bool:
        return any(_selects(pattern, name) for pattern in self.events)

    def _fields_select(self, event: Envelope) -> bool:
        details = fact_of(event).details
        return all(_text(details.get(name)) in values for name, values in self.fields.items())


def names_matching(name: str) -> list[str]:
    """Every pattern that lets a name through: `persona.created`, `persona.*` and `*`."""
    return [name, f"{name.partition('.')[0]}.*", EVERYTHING]


def _selects(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _text(value: object) -> str | None:
    """A value as a filter names it: true and 5 as JSON writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def check_names(names: Collection[str]) -> None:
    """Raises `Rejected` INVALID_WEBHOOK for a name that no event has: a misspelt one would wait for ever."""
    known = known_names()
    for index, name in enumerate(names):
        if not any(_selects(name, one) for one in known):
            issue = f"unknown event {name!r}; known are * and {', '.join(sorted(known))}"
            raise Rejected("INVALID_WEBHOOK", "no such event", field=f"events[{index}]", issue=issue)


_RESERVED = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
_RESERVED_BEGINNINGS = ("webhook-", "ce-", "proxy-")


def check_headers(names: Collection[str]) -> None:
    """Raises `Rejected` INVALID_WEBHOOK for a header that is ours to set, or given twice."""
    lower = [name.lower() for name in names]
    for name in lower:
        if name in _RESERVED or name.startswith(_RESERVED_BEGINNINGS) or lower.count(name) > 1:
            issue = f"{name!r} is given twice" if lower.count(name) > 1 else f"{name!r} is set by the sender"
            raise Rejected("INVALID_WEBHOOK", "a header cannot be set", field="headers", issue=issue)
