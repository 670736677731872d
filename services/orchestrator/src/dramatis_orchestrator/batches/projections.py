"""A batch as it is kept for lists, and as others see it; both made from the aggregate's state."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_orchestrator.batches.decider import Batch, Item

RANKS: Mapping[v1.Priority, int] = {"low": 0, "normal": 1, "high": 2}
LOOKED_UP_BY = (
    [("state.status", 1), ("created_at", -1), ("id", 1)],
    [("state.kind", 1), ("created_at", -1), ("id", 1)],
    [("state.status", 1), ("state.rank", -1), ("created_at", 1), ("id", 1)],
)


def encode(state: Batch) -> Document:
    """The state as the document that lists and filters read."""
    return {
        "status": state.status,
        "kind": state.kind,
        "items": [_kept(item) for item in state.items],
        "continue_on_error": state.continue_on_error,
        "execution": state.execution.model_dump(mode="json"),
        "viewer": state.viewer.model_dump(mode="json"),
        "rank": RANKS[state.execution.priority],
        "pending": len(state.places("pending")),
    }


def decode(document: Document) -> Batch:
    return Batch(
        status=document["status"],
        kind=document["kind"],
        items=tuple(_item(kept) for kept in document["items"]),
        continue_on_error=document["continue_on_error"],
        execution=v1.Execution.model_validate(document["execution"], extra="ignore"),
        viewer=Viewer.model_validate(document["viewer"], extra="ignore"),
    )


def summary(loaded: Loaded[Batch]) -> v1.BatchSummary:
    """The public representation without the items. The batch must have been requested."""
    return v1.BatchSummary(**_common(loaded))


def resource(loaded: Loaded[Batch]) -> v1.Batch:
    """The public representation. The batch must have been requested."""
    items = tuple(_shown(index, item) for index, item in enumerate(loaded.state.items))
    return v1.Batch(**_common(loaded), items=items)


def _common(loaded: Loaded[Batch]) -> dict[str, Any]:
    batch = loaded.state
    if batch.status is None:
        raise ValueError(f"batch {loaded.id} was never requested")
    counts = Counter(item.status for item in batch.items)
    return {
        "batch_id": loaded.id,
        "type": batch.kind,
        "status": batch.status,
        "total": len(batch.items),
        "pending": counts["pending"],
        "running": counts["running"],
        "successful": counts["completed"],
        "failed": counts["failed"],
        "skipped": counts["skipped"],
        "cancelled": counts["cancelled"],
        "continue_on_error": batch.continue_on_error,
        "execution": batch.execution if batch.kind == "simulations" else None,
        "created_at": loaded.created_at,
        "completed_at": None if batch.status == "running" else loaded.updated_at,
    }


def _shown(index: int, item: Item) -> v1.BatchItem:
    known = None if item.status == "pending" else item.id
    return v1.BatchItem.model_validate(
        {"index": index, "type": item.type, "status": item.status, "id": known, "error": item.error}
    )


def _kept(item: Item) -> Document:
    error = item.error.model_dump(mode="json") if item.error else None
    return {"type": item.type, "id": item.id, "status": item.status, "error": error}


def _item(kept: Document) -> Item:
    error = v1.ItemError.model_validate(kept["error"]) if kept["error"] else None
    return Item(kept["type"], kept["id"], kept["status"], error)
