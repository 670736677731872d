"""Batches: events, commands, queries and resources, version 1."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from dramatis_contracts.base import EventBody, Request, Resource, Viewer
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.persona.v1 import Persona, PersonaProfile
from dramatis_contracts.rpc import Method

MOST_ITEMS = 100
"""Items of one batch."""
MOST_CONCURRENT = 20
"""Simulations of one batch in flight."""

Kind = Literal["personas", "simulations"]
Status = Literal["running", "completed", "stopped", "cancelled"]
"""`completed`: every item was tried; `stopped`: the first failure ended it, as its owner wished."""
ItemStatus = Literal["pending", "running", "completed", "failed", "skipped", "cancelled"]
EndedStatus = Literal["completed", "failed", "cancelled"]
Priority = Literal["low", "normal", "high"]
SimulationType = Literal["focus_group", "marketing_campaign", "intervention"]

BatchId = Annotated[str, StringConstraints(pattern=r"^batch_[0-9a-z]{1,64}$")]
ItemKey = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""Names an item for good: the same key again, also in a later batch, is the same item."""
Index = Annotated[int, Field(ge=0, lt=MOST_ITEMS)]


class ItemError(Resource):
    """Why an item failed. `code` is one of the platform's error codes, `field` a path into the item."""

    code: str
    message: str
    field: str | None = None
    issue: str | None = None


class Execution(Request):
    """How the simulations of a batch are carried out: at most `max_concurrent` at once, or one without `parallel`.

    While items of a batch with a higher priority wait, none of a lower one of the same brokerage starts.
    """

    parallel: bool = True
    max_concurrent: Annotated[int, Field(ge=1, le=MOST_CONCURRENT)] = 5
    priority: Priority = "normal"

    @property
    def at_once(self) -> int:
        return self.max_concurrent if self.parallel else 1


class RequestedItem(Resource):
    """An item as it was asked for: its place, what it is called, and, of a simulation, what is to be simulated.

    `request` is the request of the simulation's own type; null for a persona, which is kept by its own service alone.
    """

    index: Index
    type: Literal["persona"] | SimulationType
    id: str
    request: dict[str, Any] | None = None


class EndedItem(Resource):
    """How an item ended. `id` is null where no persona or simulation came into being, `error` unless it failed."""

    index: Index
    status: EndedStatus
    id: str | None = None
    error: ItemError | None = None


# Events


class BatchRequested(EventBody):
    """A batch was accepted: several personas to be created, or several simulations to be run.

    Produced by `orchestrator` on `CreatePersonas` and `RequestSimulations`. Consumed by itself, which carries it out.
    """

    type: ClassVar[str] = "batch.requested.v1"
    owner: ClassVar[str] = "orchestrator"

    kind: Kind
    items: tuple[RequestedItem, ...]
    continue_on_error: bool
    execution: Execution = Execution()
    viewer: Viewer = Viewer()


class BatchItemsStarted(EventBody):
    """Some simulations of a batch have got their turn: they are requested of the engine, each once.

    Produced by `orchestrator`, before it asks the engine.
    """

    type: ClassVar[str] = "batch.items_started.v1"
    owner: ClassVar[str] = "orchestrator"

    items: tuple[Index, ...]


class BatchItemsFinished(EventBody):
    """Some items of a batch ended: well, with an error, or cancelled.

    Produced by `orchestrator`. Consumed by itself, which starts what comes next.
    """

    type: ClassVar[str] = "batch.items_finished.v1"
    owner: ClassVar[str] = "orchestrator"

    items: tuple[EndedItem, ...]


class BatchCompleted(EventBody):
    """A batch ended: every item was tried, or the first failure stopped it.

    Produced by `orchestrator`. Consumed by `notifier`. `skipped` counts what was not tried after a failure.
    """

    type: ClassVar[str] = "batch.completed.v1"
    owner: ClassVar[str] = "orchestrator"

    kind: Kind
    status: Literal["completed", "stopped"]
    total: int
    successful: int
    failed: int
    skipped: int
    cancelled: int


class BatchCancelled(EventBody):
    """A batch was cancelled by its owner: nothing of it starts any more, and what runs is cancelled.

    Produced by `orchestrator` on `CancelBatch`. Consumed by itself and by `notifier`.
    """

    type: ClassVar[str] = "batch.cancelled.v1"
    owner: ClassVar[str] = "orchestrator"


Event = BatchRequested | BatchItemsStarted | BatchItemsFinished | BatchCompleted | BatchCancelled


# Resources, commands and queries


class BatchItem(Resource):
    """One item of a batch. `id` is that of the persona or simulation, null where there is none (yet)."""

    index: int
    type: Literal["persona"] | SimulationType
    status: ItemStatus
    id: str | None
    error: ItemError | None


class BatchSummary(Resource):
    """Where a batch stands. `pending` + `running` + `successful` + `failed` + `skipped` + `cancelled` = `total`.

    `execution` is null for personas, which are created at once.
    """

    batch_id: str
    type: Kind
    status: Status
    total: int
    pending: int
    running: int
    successful: int
    failed: int
    skipped: int
    cancelled: int
    continue_on_error: bool
    execution: Execution | None
    created_at: datetime
    completed_at: datetime | None


class Batch(BatchSummary):
    """A batch with its items, in the order of the request."""

    items: tuple[BatchItem, ...]


class PersonaItem(Request):
    """A persona to be created, or why it cannot be: what the door could not read keeps its place in the batch."""

    profile: PersonaProfile | None = None
    idempotency_key: ItemKey | None = None
    refused: ItemError | None = None


class CreatePersonas(Request):
    """Create personas. The batch id is the caller's, so that a repeated command creates nothing twice."""

    batch_id: BatchId
    items: Annotated[tuple[PersonaItem, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    continue_on_error: bool = True
    viewer: Viewer = Viewer()


class PersonaOutcome(Resource):
    """What became of a persona of a batch: `persona` when it was created, `error` when it failed, neither if skipped.

    A persona whose creation was not answered in time has failed with `SERVICE_UNAVAILABLE`; it may exist all the same.
    """

    index: int
    persona: Persona | None = None
    error: ItemError | None = None


class CreatedPersonas(Resource):
    """The outcome of every item, in the order of the request."""

    batch: BatchSummary
    outcomes: tuple[PersonaOutcome, ...]


class SimulationItem(Request):
    """A simulation to be run, as a request of its own type, or why it cannot be."""

    type: SimulationType
    request: dict[str, Any] | None = None
    refused: ItemError | None = None


class RequestSimulations(Request):
    """Run simulations. The batch id is the caller's, so that a repeated command starts nothing twice."""

    batch_id: BatchId
    items: Annotated[tuple[SimulationItem, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    continue_on_error: bool = True
    execution: Execution = Execution()
    viewer: Viewer = Viewer()


class GetBatch(Request):
    batch_id: str
    viewer: Viewer = Viewer()


class CancelBatch(Request):
    batch_id: str
    viewer: Viewer = Viewer()


class ListBatches(PageRequest):
    """Newest first."""

    type: Kind | None = None
    status: Status | None = None
    viewer: Viewer = Viewer()


SERVICE = "orchestrator"
create_personas = Method(SERVICE, "batch_personas", CreatePersonas, CreatedPersonas, timeout_seconds=13.0)
request_simulations = Method(SERVICE, "batch_simulations", RequestSimulations, Batch)
get_batch = Method(SERVICE, "get_batch", GetBatch, Batch)
cancel_batch = Method(SERVICE, "cancel_batch", CancelBatch, Batch)
list_batches = Method(SERVICE, "list_batches", ListBatches, Page[BatchSummary])
