"""Which webhooks want an event. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier.v1 import WebhookRegistered
from dramatis_kit import Rejected
from dramatis_notifier.deliveries import Endpoint
from dramatis_notifier.payload import event_name, known_names

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Subscription:
    """An active webhook: which events it wants, and since when."""

    endpoint: Endpoint
    events: Collection[str]
    since: datetime

    def wants(self, event: Envelope) -> bool:
        """Whether to deliver: what happened before its registration is not for it, however late it arrives here."""
        if event.tenantid != self.endpoint.tenant or event.time < self.since:
            return False
        if event.type == WebhookRegistered.type and event.subject == self.endpoint.webhook_id:
            return False  # its own registration, which the subscriber has asked for a moment ago
        return EVERYTHING in self.events or event_name(event.type) in self.events


def check_names(names: Collection[str]) -> None:
    """Raises `Rejected` INVALID_WEBHOOK for a name that no event has: a misspelt one would wait for ever."""
    known = known_names()
    for index, name in enumerate(names):
        if name != EVERYTHING and name not in known:
            issue = f"unknown event {name!r}; known are * and {', '.join(sorted(known))}"
            raise Rejected("INVALID_WEBHOOK", "no such event", field=f"events[{index}]", issue=issue)
