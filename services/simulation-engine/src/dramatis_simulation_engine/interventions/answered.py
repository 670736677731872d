"""People whose reactions were answered question by question, followed through any sequence. Pure.

What was asked: where they stand, what a week of silence does to who considers, how they react to each of the client's
own steps in every state, and to other versions of a step in one state. Answers alone give the client's own sequence.
For another one this is an approximation, and the results say so:
- what another version of a step changes is taken to be the same change of log-odds in every state;
- changes of one step add up in log-odds against staying (no interaction);
- where earlier steps differ from the client's own, fatigue and repetition change by the sizes of `process.toml`;
- how annoyance calms is assumed, and one mean answer stands for a person, without a deviation from time to time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dramatis_simulation_engine.interventions.process import LOST, STATES, TRANSIENT
from dramatis_simulation_engine.interventions.questions import ASKED_STATE, SILENT_DAYS, STANDINGS, Answers
from dramatis_simulation_engine.interventions.respondents import Sizes, history_costs
from dramatis_simulation_engine.interventions.sequence import Contact, Sequence_, history_of, replaced
from dramatis_simulation_engine.interventions.vocabulary import Vocabulary
from dramatis_simulation_engine.seeds import Floats

_RAREST = 0.005
"""Nothing is taken to be rarer than this, so that its odds can be compared."""
_OFTENEST = 0.999

Logits = tuple[Floats, Floats]
"""Log-odds of moving forward and of withdrawing against staying, each (transient states, people)."""


class AnsweredRespondents:
    """Answers to the questions of one plan, as a population that a process can be run for."""

    def __init__(
        self, answers: Sequence[Answers], own: Sequence_, scale: float, sizes: Sizes, vocabulary: Vocabulary
    ) -> None:
        by_kind = {a.question.about: a.probabilities for a in answers if a.question.about != "contact"}
        self.count = len(answers[0].probabilities)
        self._start, self._silence = by_kind["start"], by_kind["silence"]
        asked = [a for a in answers if a.question.contact is not None]
        self._asked = {(a.question.contact, a.question.state): _logits(a.probabilities) for a in asked}
        self._own = {contact.place: contact for contact in own}
        self._own_before = {contact.place: own[:i] for i, contact in enumerate(own)}
        self._scale, self._sizes, self._vocabulary = scale, sizes, vocabulary

    def chunks(self) -> Iterator[tuple[slice, "Answered"]]:
        forgetting, initiative = self._rates()
        start = np.zeros((len(STATES), self.count, 1))
        start[: len(STANDINGS), :, 0] = self._start.T
        start[LOST, :, 0] = np.maximum(0.0, 1.0 - self._start.sum(axis=1))
        start /= start.sum(axis=0)
        yield slice(0, self.count), Answered(self, start, forgetting, initiative, self._sizes.silence["calming"])

    def _rates(self) -> tuple[Floats, Floats]:
        """Of two competing events, from which of them happened within a week; each (people, 1), per day."""
        happened = np.clip(self._silence, _RAREST, None)
        either = np.minimum(_OFTENEST, happened.sum(axis=1, keepdims=True))
        rates = -np.log1p(-either) / SILENT_DAYS * happened / happened.sum(axis=1, keepdims=True)
        return rates[:, :1], rates[:, 1:]

    def logits(self, before: Sequence[Contact], contact: Contact) -> Logits:
        """The log-odds at a contact, composed of what was asked about its step."""
        own = self._own[contact.place]
        logits = np.stack([self._asked[own, state] for state in TRANSIENT], axis=1)
        for changed in one_at_a_time(own, contact):
            change = self._asked[changed, ASKED_STATE] - self._asked[own, ASKED_STATE]
            logits = logits + change[:, None, :]
        moved, irritated = self._other_history(before, contact)
        return logits[0] + moved, logits[1] + irritated

    def _other_history(self, before: Sequence[Contact], contact: Contact) -> tuple[float, float]:
        intrusive = self._vocabulary.channels[contact.channel].intrusive
        costs = []
        for past in (before, self._own_before[contact.place]):
            history = history_of(past, contact, self._sizes.history)
            costs.append(history_costs(history, intrusive, self._sizes.history))
        (moved, irritated), (own_moved, own_irritated) = costs
        return (moved - own_moved) / self._scale, (irritated - own_irritated) / self._scale


def one_at_a_time(own: Contact, contact: Contact) -> Iterator[Contact]:
    """The versions of a step with one thing changed that lead from its own form to this one."""
    for name in ("day", "channel", "tone"):
        if getattr(contact, name) != getattr(own, name):
            yield replaced(own, name, getattr(contact, name))


def _logits(probabilities: Floats) -> Floats:
    """From P(forward), P(withdraw), (people, 2), to their log-odds against staying, (2, people)."""
    both = np.maximum(_RAREST, probabilities.T)
    stay = np.maximum(_RAREST, 1.0 - both.sum(axis=0))
    return np.asarray(np.log(both / stay))


@dataclass(frozen=True)
class Answered:
    """Everybody, each with the one answer that was given."""

    of: AnsweredRespondents
    start: Floats
    forgetting: Floats
    initiative: Floats
    calming: float

    def reactions(self, before: Sequence[Contact], contact: Contact) -> tuple[Floats, Floats]:
        forward, withdraw = (np.exp(part)[:, :, None] for part in self.of.logits(before, contact))
        total = 1.0 + forward + withdraw
        return forward / total, withdraw / total
