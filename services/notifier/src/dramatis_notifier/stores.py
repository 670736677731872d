"""What the notifier keeps: webhooks in the log, their secrets beside it, and everything about deliveries."""

from dataclasses import dataclass
from datetime import timedelta

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_eventlog import Aggregate, EventLog, Snapshots
from dramatis_kit import Clock, Document, Resource, new_id
from dramatis_notifier.chains import Chains
from dramatis_notifier.condition import Conditions
from dramatis_notifier.decider import WebhookState, decide, evolve
from dramatis_notifier.deliveries import Deliveries
from dramatis_notifier.endpoints import Webhooks
from dramatis_notifier.history import History
from dramatis_notifier.keys import Secrets
from dramatis_notifier.projections import decode, encode
from dramatis_notifier.rates import Rates


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one process."""

    webhooks: Webhooks
    secrets: Secrets
    deliveries: Deliveries
    chains: Chains
    history: History
    conditions: Conditions
    rates: Rates

    def resources(self) -> list[Resource]:
        """Their indexes."""
        subscribed = [("state.status", 1), ("state.events", 1)]
        return [
            *self.webhooks.log.resources(),
            *self.webhooks.snapshots.resources(subscribed),
            *self.deliveries.resources(),
            *self.chains.resources(),
            *self.conditions.resources(),
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
    worker = new_id("notifier")
    return Stores(
        webhooks=webhooks,
        secrets=Secrets(database),
        deliveries=Deliveries(database, worker, retention=retention),
        chains=Chains(database, worker, retention=retention),
        history=History(database),
        conditions=Conditions(database),
        rates=Rates(database),
    )
