"""Batches at the door: how their items are read, each by itself, and what is told of them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.errors import status_of
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.persona.v1 import PersonaProfile
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_contracts.simulation_engine.common import Word
from dramatis_gateway.models import CreatedPersona
from dramatis_gateway.problems import ErrorContent, ErrorDetails
from dramatis_gateway.validation import invalid

ModelT = TypeVar("ModelT", bound=BaseModel)

_WRONG = "A wrong one fails alone."
_REQUESTS: Mapping[v1.SimulationType, tuple[type[BaseModel], str | None]] = {
    "focus_group": (engine.FocusGroupRequest, "property_id"),
    "marketing_campaign": (engine.CampaignTest, "campaign_id"),
    "intervention": (engine.Intervention, None),
}
"""What `params` are of, and the id that may stand beside them."""


class BatchPersona(PersonaProfile):
    """A persona of a batch. The same `idempotency_key` again, also in a later batch, gives the same persona."""

    idempotency_key: v1.ItemKey | None = None


class BatchOptions(Request):
    """Whether a failure stops what has not begun."""

    continue_on_error: bool = True


class PersonaBatchOptions(BatchOptions):
    """`return_errors`: whether `errors` says what went wrong; failures are counted in any case."""

    return_errors: bool = True


# An item may be anything, as far as the request goes: a wrong one is told of in the answer.
AnyPersona = Annotated[BatchPersona | Any, Field(union_mode="left_to_right", description=_WRONG)]


class PersonaBatch(Request):
    """Personas to be created."""

    personas: Annotated[tuple[AnyPersona, ...], Field(min_length=1, max_length=v1.MOST_ITEMS)]
    options: PersonaBatchOptions = PersonaBatchOptions()


class BatchSimulation(Request):
    """A simulation of a batch: the request of its type as `params`, its property or campaign also beside them."""

    type: v1.SimulationType
    property_id: Word | None = None
    campaign_id: Word | None = None
    params: dict[str, Any] = Field(default_factory=dict)


AnySimulation = Annotated[BatchSimulation | Any, Field(union_mode="left_to_right", description=_WRONG)]


class SimulationBatch(Request):
    """Simulations to be run."""

    simulations: Annotated[tuple[AnySimulation, ...], Field(min_length=1, max_length=v1.MOST_ITEMS)]
    execution: v1.Execution = v1.Execution()
    options: BatchOptions = BatchOptions()


class PersonaResult(Resource):
    """A persona that was created; `index` is its place in the request."""

    index: int
    status: int
    id: str
    persona: CreatedPersona


class ItemFailure(Resource):
    """An item that failed: the HTTP status and the error that it would have been answered with alone."""

    index: int
    status: int
    error: ErrorContent


class BatchedPersonas(Resource):
    """The answer to a batch of personas: what was created and what failed, in the order of the request.

    `skipped` counts what was not tried after a failure, and `skipped_items` are its places.
    """

    batch_id: str
    status: v1.Status
    total: int
    successful: int
    failed: int
    skipped: int
    results: tuple[PersonaResult, ...]
    errors: tuple[ItemFailure, ...]
    skipped_items: tuple[int, ...]


class ItemProblem(Resource):
    """Why an item failed. `details.field` is a path into the request of the batch."""

    status: int
    code: str
    message: str
    details: ErrorDetails
    documentation_url: str


class BatchItemView(Resource):
    """One item of a batch. `id` is that of the persona or simulation, null where there is none (yet)."""

    index: int
    type: str
    status: v1.ItemStatus
    id: str | None
    error: ItemProblem | None


class BatchView(v1.BatchSummary):
    """A batch with its items, in the order of the request, and where it is read and cancelled."""

    items: tuple[BatchItemView, ...]
    links: dict[str, str]
    created_at: datetime


def persona_item(item: Any) -> v1.PersonaItem:
    """A persona of a batch, or why it is none."""
    read = item if isinstance(item, BatchPersona) else _read(BatchPersona, item, "INVALID_PERSONA")
    if isinstance(read, v1.ItemError):
        return v1.PersonaItem(refused=read)
    profile = PersonaProfile(**{name: getattr(read, name) for name in PersonaProfile.model_fields})
    return v1.PersonaItem(profile=profile, idempotency_key=read.idempotency_key)


def simulation_item(item: Any) -> v1.SimulationItem:
    """A simulation of a batch, or why it is none."""
    read = item if isinstance(item, BatchSimulation) else _read(BatchSimulation, item, "INVALID_SIMULATION")
    if isinstance(read, v1.ItemError):
        told = item.get("type") if isinstance(item, dict) else None
        known = isinstance(told, str) and told in _REQUESTS
        return v1.SimulationItem(type=told if known else "focus_group", refused=read)
    model, beside = _REQUESTS[read.type]
    if (misplaced := _misplaced(read, beside)) is not None:
        return v1.SimulationItem(type=read.type, refused=misplaced)
    named = {} if beside is None or getattr(read, beside) is None else {beside: getattr(read, beside)}
    request = _read(model, {**read.params, **named}, "INVALID_SIMULATION")
    if isinstance(request, v1.ItemError):
        field = request.field if request.field in named else ".".join(filter(None, ("params", request.field)))
        return v1.SimulationItem(type=read.type, refused=request.model_copy(update={"field": field}))
    return v1.SimulationItem(type=read.type, request=request.model_dump(mode="json", exclude_unset=True))


def personas_answer(
    created: v1.CreatedPersonas, request_id: str, documentation_url: str, *, with_errors: bool
) -> BatchedPersonas:
    """The answer to a batch of personas."""
    failures = tuple(
        ItemFailure(
            index=outcome.index,
            status=status_of(outcome.error.code),
            error=ErrorContent(
                code=outcome.error.code,
                message=outcome.error.message,
                details=_details("personas", outcome.index, outcome.error),
                request_id=request_id,
                documentation_url=f"{documentation_url}/{outcome.error.code}",
            ),
        )
        for outcome in created.outcomes
        if outcome.error is not None
    )
    results = tuple(
        PersonaResult(index=o.index, status=201, id=o.persona.id, persona=_created(o.persona))
        for o in created.outcomes
        if o.persona is not None
    )
    skipped = tuple(o.index for o in created.outcomes if o.persona is None and o.error is None)
    return BatchedPersonas(
        batch_id=created.batch.batch_id,
        status=created.batch.status,
        total=len(created.outcomes),
        successful=len(results),
        failed=len(failures),
        skipped=len(skipped),
        results=results,
        errors=failures if with_errors else (),
        skipped_items=skipped,
    )


def batch_view(batch: v1.Batch, documentation_url: str) -> BatchView:
    """A batch as its owner sees it."""
    path = f"/v1/batch/{batch.batch_id}"
    items = tuple(
        BatchItemView(
            index=item.index,
            type=item.type,
            status=item.status,
            id=item.id,
            error=None if item.error is None else _problem(batch.type, item.index, item.error, documentation_url),
        )
        for item in batch.items
    )
    common = {name: getattr(batch, name) for name in v1.BatchSummary.model_fields}
    return BatchView(**common, items=items, links={"self": path, "cancel": f"{path}/cancel"})


def _created(persona: BaseModel) -> CreatedPersona:
    return CreatedPersona.model_validate(persona.model_dump())


def _problem(kind: v1.Kind, index: int, error: v1.ItemError, documentation_url: str) -> ItemProblem:
    return ItemProblem(
        status=status_of(error.code),
        code=error.code,
        message=error.message,
        details=_details(kind, index, error),
        documentation_url=f"{documentation_url}/{error.code}",
    )


def _details(kind: v1.Kind, index: int, error: v1.ItemError) -> ErrorDetails:
    field = ".".join(filter(None, (f"{kind}[{index}]", error.field)))
    return ErrorDetails(field=field, issue=error.issue)


def _read(model: type[ModelT], item: Any, code: str) -> ModelT | v1.ItemError:
    """An item as a request of its own would be read: strictly, and an error names the field."""
    try:
        return model.model_validate_json(json.dumps(item), strict=True)
    except ValidationError as error:
        problem = invalid(model, error.errors(include_url=False, include_input=False), code)
        return v1.ItemError(code=problem.code, message=problem.message, field=problem.field, issue=problem.issue)


def _misplaced(item: BatchSimulation, beside: str | None) -> v1.ItemError | None:
    """An id that its kind of simulation does not know, or that is given twice."""
    for name in ("property_id", "campaign_id"):
        if getattr(item, name) is None:
            continue
        if name != beside:
            return _invalid(name, f"a simulation of type {item.type} has none")
        if name in item.params:
            return _invalid(f"params.{name}", f"it is given twice: {name} stands beside params")
    return None


def _invalid(field: str, issue: str) -> v1.ItemError:
    return v1.ItemError(
        code="INVALID_SIMULATION", message="The simulation asked for is invalid.", field=field, issue=issue
    )
