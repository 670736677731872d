"""All that happened in a run so far, folded from its events: what both minds work from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dramatis_contracts.base import EventBody
from dramatis_contracts.interrogation import v1


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer, None while it is awaited; `number` counts the exchanges of the run from 1."""

    number: int
    question: v1.QuestionAsked
    answer: v1.AnswerGiven | None = None
    weighed: v1.EvidenceWeighed | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """A run as its minds know it."""

    requested: v1.InterrogationRequested
    distilled: v1.HypothesesDistilled | None = None
    plan: v1.InterviewPlanned | None = None
    exchanges: tuple[Exchange, ...] = ()
    concluded: tuple[v1.HypothesisConcluded, ...] = ()

    @property
    def hypotheses(self) -> tuple[v1.Hypothesis, ...]:
        return self.distilled.hypotheses if self.distilled else ()

    @property
    def messages(self) -> int:
        """Questions and answers so far, over all hypotheses."""
        return sum(1 if exchange.answer is None else 2 for exchange in self.exchanges)

    @property
    def open_hypotheses(self) -> tuple[v1.Hypothesis, ...]:
        settled = {conclusion.hypothesis_id for conclusion in self.concluded}
        return tuple(hypothesis for hypothesis in self.hypotheses if hypothesis.id not in settled)

    @property
    def beliefs(self) -> tuple[v1.Belief, ...]:
        """After the last answer that was weighed; empty before the first."""
        weighed = [exchange.weighed for exchange in self.exchanges if exchange.weighed]
        return weighed[-1].beliefs if weighed else ()

    def transcript(self, hypothesis_id: str) -> tuple[Exchange, ...]:
        return tuple(exchange for exchange in self.exchanges if exchange.question.hypothesis_id == hypothesis_id)

    def message_index(self, hypothesis_id: str) -> int:
        """The index of the next message of a hypothesis's interview."""
        return sum(1 if exchange.answer is None else 2 for exchange in self.transcript(hypothesis_id))

    def after(self, event: EventBody) -> "Dossier":
        """The dossier with one more event; those that say nothing about the interview change nothing."""
        match event:
            case v1.HypothesesDistilled():
                return replace(self, distilled=event)
            case v1.InterviewPlanned():
                return replace(self, plan=event)
            case v1.QuestionAsked():
                return replace(self, exchanges=(*self.exchanges, Exchange(len(self.exchanges) + 1, event)))
            case v1.AnswerGiven():
                return self._latest(replace(self.exchanges[-1], answer=event))
            case v1.EvidenceWeighed():
                return self._latest(replace(self.exchanges[-1], weighed=event))
            case v1.HypothesesConcluded(conclusions=conclusions):
                return self.settled(conclusions)
        return self

    def settled(self, conclusions: Sequence[v1.HypothesisConcluded]) -> "Dossier":
        """The dossier with more conclusions."""
        return replace(self, concluded=(*self.concluded, *conclusions))

    def _latest(self, exchange: Exchange) -> "Dossier":
        return replace(self, exchanges=(*self.exchanges[:-1], exchange))


def dossier_of(requested: v1.InterrogationRequested, events: Sequence[EventBody]) -> Dossier:
    """The dossier after these events, in their order."""
    dossier = Dossier(requested)
    for event in events:
        dossier = dossier.after(event)
    return dossier
