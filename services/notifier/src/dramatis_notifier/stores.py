"""What the notifier keeps: webhooks in the log, their secrets beside it, and the deliveries."""

from dataclasses import dataclass
from datetime import timedelta

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Clock, Document, Resource, new_id
from dramatis_notifier.decider import WebhookState, decide, evolve
from dramatis_notifier.deliveries import Deliveries
from dramatis_notifier.endpoints import Secrets, Webhooks
from dramatis_notifier.projections import decode, encode


@dataclass(frozen=True, slots=True)
class Stores:
    """The three stores of one process."""

    webhooks: Webhooks
    secrets: Secrets
    deliveries: Deliveries

    def resources(self) -> list[Resource]:
        """Their indexes."""
        subscribed = [("state.status", 1), ("state.events", 1)]
        return [
            *self.webhooks.log.resources(),
            *self.webhooks.snapshots.resources(subscribed),
            *self.deliveries.resources(),
        ]


def open_stores(database: AsyncDatabase[Document], clock: Clock, retention: timedelta) -> Stores:
    """The stores in a database. Deliveries are claimed under a name of this process's own."""
    webhooks: Webhooks = Aggregate(
        log=EventLog(database, clock=clock),
        snapshots=Snapshots(database, "webhook"),
        category="webhook",
        initial=WebhookState(),
        decide=decide,
        evolve=evolve,
        encode=encode,
        decode=decode,
    )
    return Stores(webhooks, Secrets(database), Deliveries(database, new_id("notifier"), retention=retention))
