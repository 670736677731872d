"""A study of any kind as a plan: whom to ask, what to ask, what follows. And how a plan is carried out. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from dramatis_simulation_engine.diagnostics import diagnostics_of
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.questions import Answers, Question, QuestionT
from dramatis_simulation_engine.respondents import Asked, Respondents
from dramatis_simulation_engine.sequential import Stopping, ask_until_settled
from dramatis_simulation_engine.statistics import Evidence

_CELLS = 500_000
"""Numbers of one array that are worked on at a time; bounds the memory and the time between two ticks."""
_ASKING = 0.9
"""The part of the progress that asking takes; concluding takes the rest."""

Tick = Callable[[float, str, dict[str, Any]], None]
"""Told how far the work is (0–1), what is being done, and results so far. It may raise to stop the work."""


class Plan(Protocol[QuestionT]):
    """A study, ready to be carried out. The same request, people and seed make the same plan."""

    @property
    def iterations(self) -> int: ...

    @property
    def people(self) -> Sequence[Respondent]:
        """Everyone who takes part: invited personas and people drawn from segments, in the order of their ids."""
        ...

    @property
    def questions(self) -> Sequence[QuestionT]:
        """All that is asked, each question once; empty when nothing in the request is understood."""
        ...

    def step_of(self, question: QuestionT) -> str:
        """What a client reads in a progress message while this is asked."""
        ...

    def statistical(self) -> Respondents[QuestionT]:
        """The people as statistical respondents."""
        ...

    @property
    def seed(self) -> int: ...

    def conclude(self, answers: Sequence[Answers[QuestionT]], respondents: Respondents[QuestionT]) -> Outcome:
        """The results, from the answers to `questions` in their order."""
        ...


@runtime_checkable
class MayStop(Protocol[Asked]):
    """A plan of which less than everyone may be asked."""

    @property
    def stopping(self) -> Stopping | None:
        """When asking may stop; None when everyone is to be asked."""
        ...

    def asked(self, people: Sequence[Respondent]) -> Respondents[Asked]:
        """Some of the people, as statistical respondents who answer as they do among all."""
        ...


def carry_out(plan: Plan[QuestionT], tick: Tick = lambda *_: None) -> Outcome:
    """Ask statistical respondents and conclude. The same plan gives the same outcome, byte for byte."""
    tick(0.0, "inviting_respondents", {})
    respondents = plan.statistical()
    if isinstance(plan, MayStop) and plan.stopping is not None:
        answers, rows = _ask_some(plan, respondents, plan.stopping, tick)
        respondents = plan.asked([respondents.people[row] for row in rows])
    else:
        answers = ask(plan, respondents, tick)
    tick(_ASKING, "estimating", {})
    return concluded(plan, answers, respondents)


def concluded(
    plan: Plan[QuestionT], answers: Sequence[Answers[QuestionT]], respondents: Respondents[QuestionT]
) -> Outcome:
    """The results, with diagnostics among the details of every kind of study."""
    outcome = plan.conclude(answers, respondents)
    if outcome.detailed_results is None or "diagnostics" in outcome.detailed_results or not answers:
        return outcome
    evidence = Evidence.of(
        respondents.people,
        seed=plan.seed,
        model_version=respondents.model_version,
        calibration=respondents.calibration,
    )
    diagnostics = diagnostics_of(answers, respondents, evidence, None, plan.seed)
    return replace(outcome, detailed_results={**outcome.detailed_results, "diagnostics": diagnostics})


def ask(plan: Plan[QuestionT], respondents: Respondents[QuestionT], tick: Tick) -> list[Answers[QuestionT]]:
    """Put every question to everyone."""
    total, people = len(plan.questions), len(respondents.people)
    asked = []
    for done, question in enumerate(plan.questions):
        step = _Step(tick, plan.step_of(question), done / total, 1 / total, people)
        asked.append(_answers(question, respondents, plan.iterations, step))
    return asked


def _ask_some(
    plan: Plan[QuestionT], respondents: Respondents[QuestionT], stopping: Stopping, tick: Tick
) -> tuple[list[Answers[QuestionT]], list[int]]:
    planned = len(respondents.people)

    def watch(question: QuestionT, asked: int) -> None:
        tick(round(_ASKING * asked / planned, 4), plan.step_of(question), {"respondents_answered": asked})

    return ask_until_settled(plan.questions, respondents, stopping, watch)


@dataclass(frozen=True, slots=True)
class _Step:
    """Where one question stands in the progress of the whole."""

    tick: Tick
    name: str
    start: float
    weight: float
    people: int

    def answered(self, people: int) -> None:
        progress = _ASKING * (self.start + self.weight * people / self.people)
        self.tick(round(progress, 4), self.name, {"respondents_answered": people})


def _answers(
    question: QuestionT, respondents: Respondents[QuestionT], iterations: int, step: _Step
) -> Answers[QuestionT]:
    chunks = []
    for rows in chunks_of(len(respondents.people), iterations * (len(question.alternatives) + 4)):
        chunks.append(respondents.answer(question, rows))
        step.answered(rows.stop)
    return Answers(question, np.concatenate(chunks))


def chunks_of(people: int, cells_per_person: int) -> Iterator[slice]:
    """Rows to be worked on at a time. What comes out does not depend on where the cuts are."""
    size = max(1, _CELLS // cells_per_person)
    for start in range(0, people, size):
        yield slice(start, min(people, start + size))


AnyPlan = Plan[Question]
