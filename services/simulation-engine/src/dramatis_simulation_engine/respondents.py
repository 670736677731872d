"""Respondents of any kind behind one interface, and those whose answers were recorded. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dramatis_contracts.simulation_engine.v1 import Calibration
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.questions import Question
from dramatis_simulation_engine.seeds import Floats

Asked = TypeVar("Asked", bound=Question, contravariant=True)


class Respondents(Protocol[Asked]):
    """People who answer a choice set with probabilities; text is narration, never the decision."""

    @property
    def kind(self) -> Literal["statistical", "llm"]: ...

    @property
    def people(self) -> Sequence[Respondent]:
        """In the order of their ids, which is the order of the rows of every answer."""
        ...

    @property
    def model_version(self) -> str: ...

    @property
    def calibration(self) -> Calibration: ...

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        """(field, text) of what a persona says and nobody here understands; the field begins with `personas[id]`."""
        ...

    def answer(self, question: Asked, rows: slice) -> Floats:
        """Probabilities of the alternatives, shape (len(rows), alternatives)."""
        ...

    def explained(self, question: Asked, person: int, alternative: int) -> dict[str, Any] | None:
        """Why this person finds this alternative as good as it does, as JSON; None where nothing is known."""
        ...


@dataclass(frozen=True)
class Occasion:
    """What everyone answered to one question on one occasion.

    `probabilities` (people, alternatives) in the order of the question; `first` (people,): which alternative was shown
    first.
    """

    probabilities: Floats
    first: NDArray[np.intp]


@runtime_checkable
class AskedAgain(Protocol[Asked]):
    """Respondents who can be asked the same question on several occasions, independent of one another."""

    def occasions(self, question: Asked, wanted: int) -> Sequence[Occasion]:
        """As many occasions as wanted, or as there are."""
        ...

    def answers_each(self, question: Asked) -> int:
        """How many answers of each person the mean is taken over."""
        ...


@dataclass(frozen=True)
class Reply:
    """What one person answered once. `order`: the places of the alternatives as they were shown."""

    probabilities: tuple[float, ...]
    order: tuple[int, ...]
    reason: str | None = None


@dataclass(frozen=True)
class RecordedRespondents:
    """People who were asked before, replicate by replicate; the mean over their replicates is their answer.

    `replies` by (question key, person id). Everyone in `people` has answered every question.
    """

    people: Sequence[Respondent]
    replies: Mapping[tuple[str, str], Sequence[Reply]]
    model_version: str
    kind: Literal["statistical", "llm"] = "llm"
    calibration: Calibration = "assumed"
    unrecognized: Sequence[tuple[str, str]] = ()

    def answer(self, question: Question, rows: slice) -> Floats:
        """The mean of each person's replicates, shape (len(rows), alternatives)."""
        return np.stack([self.replicates(question, person).mean(axis=0) for person in self.people[rows]])

    def occasions(self, question: Question, wanted: int) -> Sequence[Occasion]:
        """The replicates, one after another, as far as everyone has as many."""
        replies = [self.replies[question.key, person.id] for person in self.people]
        several = list(zip(*replies, strict=False))[:wanted]
        return [
            Occasion(np.array([r.probabilities for r in one]), np.array([r.order[0] for r in one])) for one in several
        ]

    def answers_each(self, question: Question) -> int:
        return min(len(self.replies[question.key, person.id]) for person in self.people)

    def replicates(self, question: Question, person: Respondent) -> Floats:
        """One person's answers, shape (replicates, alternatives)."""
        return np.array([reply.probabilities for reply in self.replies[question.key, person.id]])

    def explained(self, question: Question, person: int, alternative: int) -> dict[str, Any] | None:  # noqa: ARG002  (a reason is given for the whole answer)
        reasons = [r.reason for r in self.replies[question.key, self.people[person].id] if r.reason]
        return {"narration": reasons} if reasons else None
