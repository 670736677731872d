"""What a consumer declares: which events it wants, how they are delivered and what happens when its handler fails.

`events` names types (`persona.created.v1`), all of an aggregate (`persona.*`) or all (`*`).
Handlers get every event at least once and must be idempotent. How a handler fails decides what happens next:

- `Rejected` or `Poison`: the event's aggregate is parked at once (see `parking`).
- `Unavailable`: something the handler needs is down. Retried with a growing delay for as long as it takes.
- anything else: retried with a growing delay, parked after `retry.max_attempts` attempts.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from dramatis_bus.messages import Received
from dramatis_bus.subjects import PARTITIONS, event_filter, event_tokens, stream_name, token

Handler = Callable[[Received], Awaitable[object]]
BatchHandler = Callable[[list[Received]], Awaitable[object]]

ALL = ("*",)


@dataclass(frozen=True, slots=True)
class Retry:
    """Attempt n waits base·2ⁿ⁻¹ seconds, at most `cap`. `max_crashes`: attempts that may end without any outcome."""

    max_attempts: int = 8
    base: float = 0.2
    cap: float = 30.0
    max_crashes: int = 5

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the `attempt`-th failure, counted from 1."""
        return float(min(self.cap, self.base * 2.0 ** min(attempt - 1, 30)))


@dataclass(frozen=True, slots=True)
class Durable:
    """One JetStream consumer as it must exist on the server."""

    service: str
    name: str
    filter_subject: str
    max_ack_pending: int
    ack_wait: float

    @property
    def stream(self) -> str:
        return stream_name(self.service)


@dataclass(frozen=True, slots=True)
class OrderedConsumer:
    """Handles the events of each aggregate in order, one at a time per partition, in however many replicas.

    `timeout`: seconds after which an attempt counts as failed. `ack_wait`: seconds after which another replica takes
    over the partition of one that died.
    """

    name: str
    service: str
    events: Sequence[str] = ALL
    handler: Handler | None = None
    retry: Retry = Retry()
    timeout: float = 30.0
    ack_wait: float = 10.0

    def durables(self) -> list[Durable]:
        return [
            Durable(
                service=self.service,
                name=f"{token(self.name)}-p{partition}",
                filter_subject=filter_of(self.service, self.events, partition),
                max_ack_pending=1,
                ack_wait=self.ack_wait,
            )
            for partition in range(PARTITIONS)
        ]


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """Hands each event to one worker of many, in no order; a worker that lives keeps its event however long it takes.

    `concurrency`: events in work per process. `ack_wait`: seconds after which the event of a dead worker is handed
    out again. `timeout`: seconds after which an attempt counts as failed.
    """

    name: str
    service: str
    events: Sequence[str]
    handler: Handler | None = None
    concurrency: int = 4
    ack_wait: float = 5.0
    retry: Retry = Retry()
    timeout: float = 3600.0

    def durables(self) -> list[Durable]:
        return [
            Durable(
                service=self.service,
                name=token(self.name),
                filter_subject=filter_of(self.service, self.events),
                max_ack_pending=1000,
                ack_wait=self.ack_wait,
            )
        ]


@dataclass(frozen=True, slots=True)
class BatchConsumer:
    """Hands over up to `size` events of one service at a time, at the latest `wait` seconds after the first.

    `aggregate` limits them to one kind: `simulation` gets what `simulation.*` names.

    A batch that fails as a whole is tried again event by event once its attempts are used up, so that one poisoned
    event does not hold up the others.
    """

    name: str
    services: Sequence[str]
    aggregate: str = "*"
    handler: BatchHandler | None = None
    size: int = 500
    wait: float = 0.2
    retry: Retry = Retry()
    timeout: float = 30.0
    ack_wait: float = 30.0

    def durables(self) -> list[Durable]:
        return [
            Durable(
                service=service,
                name=token(self.name),
                filter_subject=event_filter(service, aggregate=self.aggregate),
                max_ack_pending=max(self.size * 4, 1000),
                ack_wait=self.ack_wait,
            )
            for service in self.services
        ]


Consumer = OrderedConsumer | WorkQueue | BatchConsumer


def filter_of(service: str, events: Sequence[str], partition: int | str = "*") -> str:
    """One filter, also for several event types: of those that share an aggregate, all of that aggregate's.

    Several filters on one durable slow JetStream down by an order of magnitude once there are many subjects, and
    there are as many as tenants and event types; skipping costs an acknowledgement.
    """
    wanted = [event_tokens(event) if event not in ALL else ("*", "*") for event in events]
    aggregates, names = {aggregate for aggregate, _ in wanted}, {name for _, name in wanted}
    aggregate = aggregates.pop() if len(aggregates) == 1 else "*"
    name = names.pop() if aggregate != "*" and len(wanted) == 1 else "*"
    return event_filter(token(service), partition, aggregate=aggregate, event=name)
