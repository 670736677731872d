"""Arguments about batches."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from tinytroupe_client.params.options import CallOptions, PageOptions
from tinytroupe_client.params.people import PersonaProfile


class BatchPersona(PersonaProfile, total=False):
    idempotency_key: str


class BatchPersonaOptions(TypedDict, total=False):
    continue_on_error: bool
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
    idempotency_key: str


class BatchExecution(TypedDict, total=False):
    parallel: bool
    max_concurrent: int
    priority: Literal["low", "normal", "high"]


class BatchSimulations(CallOptions, total=False):
    """100 at most."""

    simulations: Required[Sequence[BatchSimulation]]
    execution: BatchExecution
    options: BatchPersonaOptions


class BatchFilter(PageOptions, total=False):
    type: Literal["personas", "simulations"]
    status: str
