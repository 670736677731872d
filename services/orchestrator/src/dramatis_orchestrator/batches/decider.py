"""The life of a batch: running → completed, stopped or cancelled, and that of its items. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import assert_never

from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_kit import Rejected

_AS_USUAL = v1.Execution()
_BROKERAGE = Viewer()


@dataclass(frozen=True, slots=True)
class Request:
    """Accept a batch; `ended` are the items of which the end is known already."""

    kind: v1.Kind
    items: tuple[v1.RequestedItem, ...]
    ended: tuple[v1.EndedItem, ...]
    continue_on_error: bool
    viewer: Viewer
    execution: v1.Execution = _AS_USUAL


@dataclass(frozen=True, slots=True)
class Start:
    """Give as many simulations their turn as may be in flight."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Some items ended."""

    ended: tuple[v1.EndedItem, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Its owner does not want it any more."""


Command = Request | Start | Finish | Cancel


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what it is called, and where it stands. What is to be simulated stays in the log."""

    type: str
    id: str | None
    status: v1.ItemStatus = "pending"
    error: v1.ItemError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Where a batch stands; `status` is None before it was asked for."""

    status: v1.Status | None = None
    kind: v1.Kind = "simulations"
    items: tuple[Item, ...] = ()
    continue_on_error: bool = True
    execution: v1.Execution = _AS_USUAL
    viewer: Viewer = _BROKERAGE

    def places(self, status: v1.ItemStatus) -> tuple[int, ...]:
        """The places of the items that stand there."""
        return tuple(place for place, item in enumerate(self.items) if item.status == status)

    @property
    def may_start(self) -> tuple[int, ...]:
        """The places of the items whose turn it is."""
        if self.status != "running":
            return ()
        free = self.execution.at_once - len(self.places("running"))
        return self.places("pending")[: max(0, free)]


def decide(command: Command, batch: Batch) -> list[v1.Event]:
    match command:
        case Request() if batch.status is not None:
            raise Rejected("CONFLICT", "a batch with this id exists already", field="batch_id")
        case Request():
            return _requested(command)
        case _ if batch.status is None:
            raise Rejected("NOT_FOUND", "no such batch", field="batch_id")
        case Start():
            return [v1.BatchItemsStarted(items=batch.may_start)] if batch.may_start else []
        case Finish(ended=ended):
            return _finished(batch, ended)
        case Cancel() if batch.status == "cancelled":
            return []
        case Cancel() if batch.status != "running":
            raise Rejected("CONFLICT", f"the batch has {_past(batch.status)} already", field="batch_id")
        case Cancel():
            return [v1.BatchCancelled()]
    assert_never(command)


def evolve(batch: Batch, event: v1.Event) -> Batch:
    match event:
        case v1.BatchRequested():
            return _running(event)
        case v1.BatchItemsStarted(items=places):
            return replace(batch, items=_with(batch, places, "running"))
        case v1.BatchItemsFinished(items=ended):
            return _after(batch, ended)
        case v1.BatchCompleted(status=status):
            return replace(batch, status=status)
        case v1.BatchCancelled():
            return replace(batch, status="cancelled", items=_given_up(batch, "cancelled"))
    assert_never(event)


def _requested(command: Request) -> list[v1.Event]:
    requested = v1.BatchRequested(
        kind=command.kind,
        items=command.items,
        continue_on_error=command.continue_on_error,
        execution=command.execution,
        viewer=command.viewer,
    )
    return [requested, *_finished(_running(requested), command.ended)]


def _finished(batch: Batch, ended: tuple[v1.EndedItem, ...]) -> list[v1.Event]:
    """The end of those that had not ended before, and that of the batch if nothing is left to do."""
    anew = tuple(item for item in ended if batch.items[item.index].status in ("pending", "running"))
    if not anew:
        return []
    after = _after(batch, anew)
    over = batch.status == "running" and not after.places("pending") and not after.places("running")
    return [v1.BatchItemsFinished(items=anew), *([_completed(after)] if over else [])]


def _completed(batch: Batch) -> v1.BatchCompleted:
    skipped = len(batch.places("skipped"))
    return v1.BatchCompleted(
        kind=batch.kind,
        status="stopped" if skipped else "completed",
        total=len(batch.items),
        successful=len(batch.places("completed")),
        failed=len(batch.places("failed")),
        skipped=skipped,
        cancelled=len(batch.places("cancelled")),
    )


def _running(event: v1.BatchRequested) -> Batch:
    return Batch(
        status="running",
        kind=event.kind,
        items=tuple(Item(item.type, item.id) for item in event.items),
        continue_on_error=event.continue_on_error,
        execution=event.execution,
        viewer=event.viewer,
    )


def _after(batch: Batch, ended: tuple[v1.EndedItem, ...]) -> Batch:
    items = list(batch.items)
    for item in ended:
        items[item.index] = replace(items[item.index], status=item.status, id=item.id, error=item.error)
    after = replace(batch, items=tuple(items))
    if batch.continue_on_error or not after.places("failed"):
        return after
    return replace(after, items=_given_up(after, "skipped"))


def _given_up(batch: Batch, status: v1.ItemStatus) -> tuple[Item, ...]:
    """Nothing that waits will start any more."""
    return tuple(replace(item, status=status, id=None) if item.status == "pending" else item for item in batch.items)


def _with(batch: Batch, places: Collection[int], status: v1.ItemStatus) -> tuple[Item, ...]:
    return tuple(replace(item, status=status) if place in places else item for place, item in enumerate(batch.items))


def _past(status: v1.Status) -> str:
    return {"stopped": "been stopped"}.get(status, status)
