"""Who investigates and who answers: two roles that share nothing but the transcript."""

from dataclasses import dataclass
from typing import Protocol

from dramatis_contracts.interrogation import v1
from dramatis_simulation_engine.interrogation.dossier import Dossier


class Investigator(Protocol):
    """Reads the problem, chooses questions, weighs answers and draws the conclusion.

    It never sees the stakeholder's profile beyond title and product context; each call makes one event, and what it
    paid for is in the event's `usage`. Raises `LlmError`.
    """

    model_version: str

    async def distil(self, dossier: Dossier) -> v1.HypothesesDistilled: ...

    async def ask(self, dossier: Dossier) -> v1.QuestionAsked | None:
        """The question with the highest expected information gain; None when no question would tell anything."""

    async def weigh(
        self, dossier: Dossier, question: v1.QuestionAsked, answer: v1.AnswerGiven
    ) -> v1.EvidenceWeighed: ...

    async def synthesise(self, dossier: Dossier, stopped: v1.StopReason) -> v1.InterrogationCompleted:
        """The final answer; every hypothesis of the dossier is concluded by then."""


class Interviewee(Protocol):
    """Answers from its profile and the facts it was given, and says so when it does not know."""

    async def answer(self, dossier: Dossier, question: v1.QuestionAsked) -> v1.AnswerGiven: ...


@dataclass(frozen=True, slots=True)
class Mind:
    """Both roles. `free`: no step costs anything, so that several may be committed at once."""

    investigator: Investigator
    interviewee: Interviewee
    free: bool
