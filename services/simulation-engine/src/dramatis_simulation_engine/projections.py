"""A simulation as it is kept, and as others see it; both made from the aggregate's state."""

import math
from typing import Any

from dramatis_contracts.base import Viewer
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_simulation_engine.decider import ENDED, Simulation

_ANSWERS_PER_SECOND = 1_000_000


def encode(state: Simulation) -> Document:
    """The state as a document."""
    return {
        "status": state.status,
        "kind": state.kind,
        "respondents": state.respondents,
        "horizon_days": state.horizon_days,
        "inputs_hash": state.inputs_hash,
        "derived": list(state.derived),
        "name": state.name,
        "answers": state.answers,
        "seed": state.seed,
        "started_at": state.started_at,
        "completion": state.completion.model_dump(mode="json") if state.completion else None,
        "has_details": state.has_details,
        "failure": state.failure,
        "requested_by": state.requested_by.model_dump(mode="json"),
    }


def decode(document: Document) -> Simulation:
    completion = document["completion"]
    return Simulation(
        status=document["status"],
        kind=document.get("kind", "focus_group"),
        respondents=document.get("respondents", "statistical"),
        horizon_days=document.get("horizon_days", 0),
        inputs_hash=document.get("inputs_hash", ""),
        derived=tuple(document.get("derived", ())),
        name=document["name"],
        answers=document["answers"],
        seed=document["seed"],
        started_at=document["started_at"],
        completion=v1.SimulationCompleted.model_validate(completion, extra="ignore") if completion else None,
        has_details=document["has_details"],
        failure=document["failure"],
        requested_by=Viewer.model_validate(document.get("requested_by", {}), extra="ignore"),
    )


def resource(
    loaded: Loaded[Simulation], progress: float | None = None, queue_position: int | None = None
) -> v1.Simulation:
    """The public representation. The simulation must have been asked for; `progress` is that of a running one."""
    state = loaded.state
    if state.status is None or loaded.created_at is None:
        raise ValueError(f"simulation {loaded.id} was never asked for")
    return v1.Simulation(
        simulation_id=loaded.id,
        type=state.kind,
        name=state.name,
        status=state.status,
        created_at=loaded.created_at,
        started_at=state.started_at,
        completed_at=loaded.updated_at if state.status == "completed" else None,
        progress=_progress(state, progress),
        error=state.failure,
        estimated_duration_seconds=max(1, math.ceil(state.answers / _ANSWERS_PER_SECOND)),
        version=loaded.version,
        queue_position=queue_position,
        derived=state.derived,
    )


def _progress(state: Simulation, running: float | None) -> float | None:
    if state.status == "completed":
        return 1.0
    return None if state.status in ENDED else running


def results(loaded: Loaded[Simulation], details: dict[str, Any] | None) -> v1.Results:
    """The results of a completed simulation."""
    completion = loaded.state.completion
    if completion is None:
        raise ValueError(f"simulation {loaded.id} has no results")
    return v1.Results(
        simulation_id=loaded.id,
        status="completed",
        completed_at=loaded.updated_at,
        summary=completion.summary,
        detailed_results=details,
        recommendations=completion.recommendations,
        tokens_used=completion.tokens_used,
        cost=completion.cost,
        n_respondents=completion.n_respondents,
        model_version=completion.model_version,
        seed=completion.seed,
        unrecognized=completion.unrecognized,
        type=completion.kind,
        respondents=completion.respondents,
        predicted_results=completion.predicted_results,
        derived=loaded.state.derived,
    )
