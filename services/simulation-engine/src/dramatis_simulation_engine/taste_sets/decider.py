"""The life of a taste set: fitted at once, or elicited question by question. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_contracts.tastes import v1
from dramatis_kit import Rejected
from dramatis_simulation_engine.taste_sets.commands import Begin, Command, Observe, RecordFit

MOST_ANSWERS = 100
_NOBODY = v1.AppliesTo()


@dataclass(frozen=True, slots=True)
class Tastes:
    """What simulations and the next question need; the details of a fit stay in the log."""

    kind: Literal["fitted", "elicited"] | None = None
    name: str | None = None
    applies_to: v1.AppliesTo = _NOBODY
    used: tuple[TasteSet, ...] = ()
    unrecognized: tuple[str, ...] = ()
    model_version: str = ""
    seed: int = 0
    interview: v1.Interview | None = None
    answered: tuple[tuple[v1.Question, str], ...] = ()
    """Questions with the name of the option that was chosen."""
    open: v1.Question | None = None
    elicited: tuple[v1.ElicitedTaste, ...] = ()


def decide(command: Command, tastes: Tastes) -> Sequence[v1.Event]:
    match command:
        case RecordFit() | Begin() if tastes.kind is not None:
            raise Rejected("CONFLICT", "tastes with this id exist already", field="tastes_id")
        case RecordFit(fitted=fitted):
            return [fitted]
        case Begin(interview=interview, question=question):
            return [v1.TastesQuestionAsked(question=question, interview=interview)]
        case Observe():
            return _observed(command, tastes)
    assert_never(command)


def _observed(command: Observe, tastes: Tastes) -> Sequence[v1.Event]:
    check_answer(command.answer, tastes)
    if is_repeated(command.answer, tastes):
        return []
    answer = command.answer
    return [
        v1.TastesChoiceObserved(
            question=answer.question, chosen=answer.chosen, tastes=command.tastes, used=command.used
        ),
        v1.TastesQuestionAsked(question=command.next, interview=None),
    ]


def is_repeated(answer: v1.Answer, tastes: Tastes) -> bool:
    """Whether this very answer was given before."""
    return any(q.number == answer.question and chosen == answer.chosen for q, chosen in tastes.answered)


def check_answer(answer: v1.Answer, tastes: Tastes) -> None:
    """Raises `Rejected` for an answer that does not belong to the open question."""
    if tastes.kind is None:
        raise Rejected("NOT_FOUND", "no such tastes", field="tastes_id")
    if tastes.open is None:
        raise Rejected("CONFLICT", "these tastes were fitted: nothing is asked", field="tastes_id")
    if is_repeated(answer, tastes):
        return
    if answer.question != tastes.open.number:
        raise Rejected("CONFLICT", f"the open question is number {tastes.open.number}", field="answer.question")
    if answer.chosen not in (names := [option.name for option in tastes.open.options]):
        raise invalid("answer.chosen", f"'{answer.chosen}' is not among the options: {', '.join(names)}")
    if len(tastes.answered) >= MOST_ANSWERS:
        raise Rejected("CONFLICT", f"{MOST_ANSWERS} answers are enough", field="answer")


def evolve(tastes: Tastes, event: v1.Event) -> Tastes:
    match event:
        case v1.TastesFitted():
            return replace(
                tastes,
                kind="fitted",
                name=event.name,
                applies_to=event.applies_to,
                used=event.used,
                unrecognized=event.unrecognized,
                model_version=event.model_version,
                seed=event.seed,
            )
        case v1.TastesQuestionAsked(interview=None):
            return replace(tastes, open=event.question)
        case v1.TastesQuestionAsked():
            return _begun(tastes, event)
        case v1.TastesChoiceObserved():
            return _answered(tastes, event)
    assert_never(event)


def _begun(tastes: Tastes, event: v1.TastesQuestionAsked) -> Tastes:
    interview = event.interview
    if interview is None:
        raise ValueError("the first question carries the interview")
    return replace(
        tastes,
        kind="elicited",
        interview=interview,
        open=event.question,
        model_version=interview.model_version,
        seed=interview.seed,
    )


def _answered(tastes: Tastes, event: v1.TastesChoiceObserved) -> Tastes:
    if tastes.open is None or tastes.open.number != event.question:
        raise ValueError(f"question {event.question} was not open")
    return replace(
        tastes,
        answered=(*tastes.answered, (tastes.open, event.chosen)),
        open=None,
        elicited=event.tastes,
        used=(event.used,),
        # Only what was asked is known: an interview without answers changes nothing.
        applies_to=v1.AppliesTo(personas=event.used.personas),
    )


def invalid(field: str, issue: str) -> Rejected:
    """A refusal that names the field."""
    return Rejected("INVALID_TASTES", "Tastes cannot be estimated from this.", field=field, issue=issue)
