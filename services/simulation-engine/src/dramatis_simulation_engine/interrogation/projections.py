"""An interrogation as it is kept, and as others see it; both made from the aggregate's state."""

from dramatis_contracts.interrogation import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_simulation_engine.interrogation.decider import ENDED, Interrogation


def encode(state: Interrogation) -> Document:
    """The state as a document."""
    return {
        "status": state.status,
        "requested": state.requested.model_dump(mode="json") if state.requested else None,
        "started": state.started,
        "steps": state.steps,
        "final_answer": state.final_answer,
        "failure": state.failure,
    }


def decode(document: Document) -> Interrogation:
    requested = document["requested"]
    return Interrogation(
        status=document["status"],
        requested=v1.InterrogationRequested.model_validate(requested, extra="ignore") if requested else None,
        started=document["started"],
        steps=document["steps"],
        final_answer=document["final_answer"],
        failure=document["failure"],
    )


def resource(loaded: Loaded[Interrogation]) -> v1.Interrogation:
    """The public representation. The run must have been asked for."""
    state = loaded.state
    if state.status is None or state.requested is None or loaded.created_at is None:
        raise ValueError(f"run {loaded.id} was never asked for")
    return v1.Interrogation(
        simulation_id=loaded.id,
        status=state.status,
        user_input=state.requested.user_input,
        stakeholder=state.requested.stakeholder,
        max_interview_messages=state.requested.max_interview_messages,
        mind=state.requested.mind,
        created_at=loaded.created_at,
        ended_at=loaded.updated_at if state.status in ENDED else None,
        error=state.failure,
        final_answer=state.final_answer,
        version=loaded.version,
    )
