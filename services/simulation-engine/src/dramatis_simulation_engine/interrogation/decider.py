"""The life of an interrogation: running → completed or failed. Pure."""

from dataclasses import dataclass, replace
from typing import assert_never

from dramatis_contracts.interrogation import v1
from dramatis_kit import Rejected
from dramatis_simulation_engine.interrogation.commands import Command, Fail, Proceed, Request, Start

ENDED: frozenset[v1.RunStatus] = frozenset({"completed", "failed"})


@dataclass(frozen=True, slots=True)
class Interrogation:
    """Where a run stands; the interview itself stays in the log. `status` is None before it was asked for."""

    status: v1.RunStatus | None = None
    requested: v1.InterrogationRequested | None = None
    started: bool = False
    steps: int = 0
    final_answer: str | None = None
    failure: str | None = None


def decide(command: Command, run: Interrogation) -> list[v1.Event]:
    match command:
        case Request() if run.status is not None:
            raise Rejected("CONFLICT", "a run with this id exists already", field="simulation_id")
        case Request():
            return [_requested(command)]
        case _ if run.status is None:
            raise Rejected("NOT_FOUND", "no such run", field="simulation_id")
        case Start() | Proceed() | Fail() if run.status in ENDED:
            # A run that was handed out twice ended already.
            return []
        case Start(model_version=model_version):
            return [] if run.started else [v1.InterrogationStarted(model_version=model_version)]
        case Proceed(after=after, events=events, model_version=model_version):
            started = [] if run.started else [v1.InterrogationStarted(model_version=model_version)]
            return [*started, *events] if after == run.steps else []
        case Fail(code=code, reason=reason):
            return [v1.InterrogationFailed(code=code, reason=reason)]
    assert_never(command)


def evolve(run: Interrogation, event: v1.Event) -> Interrogation:
    match event:
        case v1.InterrogationRequested():
            return replace(run, status="running", requested=event)
        case v1.InterrogationStarted():
            return replace(run, started=True)
        case (
            v1.HypothesesDistilled()
            | v1.InterviewPlanned()
            | v1.QuestionAsked()
            | v1.AnswerGiven()
            | v1.EvidenceWeighed()
            | v1.HypothesesConcluded()
        ):
            return replace(run, steps=run.steps + 1)
        case v1.InterrogationCompleted(final_answer=final_answer):
            return replace(run, status="completed", steps=run.steps + 1, final_answer=final_answer)
        case v1.InterrogationFailed(reason=reason):
            return replace(run, status="failed", failure=reason)
    assert_never(event)


def _requested(command: Request) -> v1.InterrogationRequested:
    return v1.InterrogationRequested(
        user_input=command.user_input,
        stakeholder=command.stakeholder,
        max_interview_messages=command.max_interview_messages,
        mind=command.mind,
        seed=command.seed,
    )
