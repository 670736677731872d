"""Which webhooks want an event. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dramatis_contracts.envelope import Envelope
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
        """What happened before the webhook was registered is not for it, however late it arrives here."""
        named = EVERYTHING in self.events or event_name(event.type) in self.events
        return named and event.tenantid == self.endpoint.tenant and event.time >= self.since


def check_names(names: Collection[str]) -> None:
    """Raises `Rejected` INVALID_WEBHOOK for a name that no event has: a misspelt one would wait for ever."""
    known = known_names()
    for index, name in enumerate(names):
        if name != EVERYTHING and name not in known:
            issue = f"unknown event {name!r}; known are * and {', '.join(sorted(known))}"
            raise Rejected("INVALID_WEBHOOK", "no such event", field=f"events[{index}]", issue=issue)
