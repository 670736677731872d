"""Arguments about batches."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from tinytroupe_client.params.options import CallOptions, PageOptions
from tinytroupe_client.params.people import PersonaProfile


class BatchPersona(PersonaProfile, total=False):
    """The same `idempotency_key` again, also in a later batch, gives the same persona."""

    idempotency_key: str


class BatchOptions(TypedDict, total=False):
    continue_on_error: bool


class BatchPersonaOptions(BatchOptions, total=False):
    return_errors: bool


class BatchPersonas(CallOptions, total=False):
    """100 at most."""

    personas: Required[Sequence[BatchPersona]]
    options: BatchPersonaOptions


class BatchSimulation(TypedDict, total=False):
    """`params` are those of the simulation's own method."""

    type: Required[Literal["focus_group", "marketing_campaign", "intervention"]]
    property_id: str
    campaign_id: str
    params: Mapping[str, Any]


class BatchExecution(TypedDict, total=False):
    parallel: bool
    max_concurrent: int
    priority: Literal["low", "normal", "high"]


class BatchSimulations(CallOptions, total=False):
    """100 at most."""

    simulations: Required[Sequence[BatchSimulation]]
    execution: BatchExecution
    options: BatchOptions


class BatchFilter(PageOptions, total=False):
    type: Literal["personas", "simulations"]
    status: str
