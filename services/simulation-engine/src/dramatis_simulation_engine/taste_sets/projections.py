"""A taste set as it is kept, and as others see it; both made from the aggregate's state."""

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_contracts.tastes import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_simulation_engine.taste_sets.decider import Tastes
from dramatis_simulation_engine.taste_sets.interviews import METHOD, stop_of


def encode(state: Tastes) -> Document:
    """The state as a document. `personas` and `segments` are there to be looked up by."""
    return {
        "kind": state.kind,
        "name": state.name,
        "personas": list(state.applies_to.personas),
        "segments": list(state.applies_to.segments),
        "used": [one.model_dump(mode="json") for one in state.used],
        "unrecognized": list(state.unrecognized),
        "model_version": state.model_version,
        "seed": state.seed,
        "interview": state.interview.model_dump(mode="json") if state.interview else None,
        "answered": [[question.model_dump(mode="json"), chosen] for question, chosen in state.answered],
        "open": state.open.model_dump(mode="json") if state.open else None,
        "elicited": [taste.model_dump(mode="json") for taste in state.elicited],
    }


def decode(document: Document) -> Tastes:
    interview, question = document["interview"], document["open"]
    return Tastes(
        kind=document["kind"],
        name=document["name"],
        applies_to=v1.AppliesTo(personas=tuple(document["personas"]), segments=tuple(document["segments"])),
        used=tuple(TasteSet.model_validate(one, extra="ignore") for one in document["used"]),
        unrecognized=tuple(document["unrecognized"]),
        model_version=document["model_version"],
        seed=document["seed"],
        interview=v1.Interview.model_validate(interview) if interview else None,
        answered=tuple((v1.Question.model_validate(asked), chosen) for asked, chosen in document["answered"]),
        open=v1.Question.model_validate(question) if question else None,
        elicited=tuple(v1.ElicitedTaste.model_validate(taste) for taste in document["elicited"]),
    )


def resource(loaded: Loaded[Tastes], fitted: v1.Fitted | None, prior: tuple[v1.ElicitedTaste, ...]) -> v1.Tastes:
    """The public representation. `fitted` comes from the log; `prior` is what is known before the first answer."""
    state = loaded.state
    if state.kind is None or loaded.created_at is None or loaded.updated_at is None:
        raise ValueError(f"tastes {loaded.id} do not exist")
    return v1.Tastes(
        id=loaded.id,
        calibration=state.kind,
        name=state.name,
        applies_to=state.applies_to,
        fitted=fitted,
        elicited=_elicited(state, prior),
        used=state.used,
        unrecognized=state.unrecognized,
        model_version=state.model_version,
        seed=state.seed,
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
        version=loaded.version,
    )


def _elicited(state: Tastes, prior: tuple[v1.ElicitedTaste, ...]) -> v1.Elicited | None:
    if state.interview is None or state.open is None:
        return None
    return v1.Elicited(
        persona_id=state.interview.persona_id,
        persona_version=state.interview.persona_version,
        n_answers=len(state.answered),
        tastes=state.elicited or prior,
        question=state.open,
        stop=stop_of(state.open),
        method=METHOD,
    )
