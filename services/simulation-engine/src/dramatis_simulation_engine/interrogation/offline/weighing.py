"""From an answer to typed, capped evidence with a literal quote, for and against each hypothesis. Pure."""

import math
from collections.abc import Iterator
from dataclasses import replace

from dramatis_contracts.interrogation.v1 import (
    RESIDUAL,
    AnswerGiven,
    Evidence,
    EvidenceType,
    Hypothesis,
    QuestionAsked,
)
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import log_likelihood_ratio, repeat_discount, repeats
from dramatis_simulation_engine.interrogation.model import model
from dramatis_simulation_engine.interrogation.reading.covering import covered
from dramatis_simulation_engine.interrogation.reading.texts import Clause, Said, clauses_of, loudness, said_in

_LEAST = 0.08
"""Strength below which a text says nothing about a cause."""
_RIVALS = 11
_FAMILY = 0.85
"""A family has many causes, so that noise finds one of them more easily (tuning cases)."""
_STORY = 1.2
_FAINT = 0.3
"""A story from the first on, with everything recognised below the second, fits no hypothesis."""


def weigh(dossier: Dossier, question: QuestionAsked, answer: AnswerGiven) -> tuple[Evidence, ...]:
    """Evidence of one answer. What names a cause outside of all hypotheses speaks for `none`."""
    number = _number(dossier, question)
    if not answer.knows:
        return _silence(dossier, question, answer, number)
    before = [e.answer.content for e in dossier.exchanges if e.answer and e.number < number]
    said = said_in(answer.content, max(map(loudness, before), default=0.0))
    named = any(clause.named for text in (*before, answer.content) for clause in clauses_of(text))
    trust = 1.0 if named else model().reliability["unnamed"]
    pieces = [
        piece
        for hypothesis in dossier.hypotheses
        for piece in _piece(dossier, hypothesis, _loudest(dossier, hypothesis, said), question, answer, number, trust)
    ]
    return (*pieces, *_outside(said, answer, number))


def _loudest(dossier: Dossier, hypothesis: Hypothesis, said: dict[str, Said]) -> Said | None:
    """What is said about the causes of a hypothesis: the strongest support, else, for a single cause, the denial."""
    about = [said[cause.name] for cause in covered(hypothesis, dossier.hypotheses) if cause.name in said]
    single = len(covered(hypothesis, dossier.hypotheses)) == 1
    best = max(about, key=lambda what: what.strength, default=None)
    if best is None or single:
        return best
    return replace(best, strength=best.strength * _FAMILY) if best.strength > 0 else None


def _number(dossier: Dossier, question: QuestionAsked) -> int:
    """The number of the exchange with this question, counted from 1."""
    for exchange in reversed(dossier.exchanges):
        if exchange.question == question:
            return exchange.number
    return len(dossier.exchanges) + 1


def type_of(clause: Clause) -> EvidenceType:
    """Measured before done before told before thought."""
    if clause.measured:
        return "measured_outcome"
    if clause.past and clause.first_person and not clause.hearsay:
        return "past_behaviour"
    return "anecdote" if clause.past or not clause.opinion else "opinion"


def reliability_of(clause: Clause, fatigue: float) -> float:
    """Hedged or second-hand words, and tired ones, count less: 0…1."""
    numbers = model().reliability
    value = numbers["base"] * (1 - numbers["fatigue"] * fatigue)
    value *= numbers["hedged"] if clause.hedged else 1.0
    return value * (numbers["hearsay"] if clause.hearsay else 1.0)


def log_ratio(question: QuestionAsked, hypothesis_id: str, *, named: bool) -> float:
    """ln P(class | the hypothesis) − ln P(class | another one), of the table that questions are chosen by."""
    return model().evidence_scale * _log_ratio(question, hypothesis_id, named=named)


def _log_ratio(question: QuestionAsked, hypothesis_id: str, *, named: bool) -> float:
    asked = question.kind != "opening" and question.hypothesis_id == hypothesis_id
    if asked:
        table = model().answers[question.kind]
        key = "named" if named else "denied"
        return math.log(table["true"][key] / table["other"][key])
    opening, probe = model().answers["opening"], model().answers["probe"]
    if named:
        return math.log(opening["true"]["named"] / (opening["true"]["another"] / _RIVALS))
    return math.log(probe["true"]["denied"] / probe["other"]["denied"])


def _piece(
    dossier: Dossier,
    hypothesis: Hypothesis,
    said: Said | None,
    question: QuestionAsked,
    answer: AnswerGiven,
    number: int,
    trust: float,
) -> Iterator[Evidence]:
    if said is None or abs(said.strength) < _LEAST:
        return
    kind, reliability = type_of(said.clause), trust * reliability_of(said.clause, answer.fatigue)
    ratio = log_ratio(question, hypothesis.id, named=said.strength > 0)
    discount = repeat_discount(repeats(dossier, hypothesis.id, said.strength))
    moved = log_likelihood_ratio(kind, said.strength, reliability, ratio) * discount
    verb = "Speaks for" if said.strength > 0 else "Speaks against"
    again = "" if discount == 1 else "; discounted, as the same person said so before"
    why = f"{verb} “{hypothesis.title.lower()}” as {kind.replace('_', ' ')}{again}."
    yield Evidence(
        hypothesis_id=hypothesis.id,
        answer=number,
        type=kind,
        strength=said.strength,
        reliability=reliability,
        log_likelihood_ratio=moved,
        quote=said.clause.text,
        why=why,
    )


def _outside(said: dict[str, Said], answer: AnswerGiven, number: int) -> tuple[Evidence, ...]:
    """A story in which nothing of the taxonomy is recognised speaks a little for a cause outside of it."""
    stories = [clause for clause in clauses_of(answer.content) if clause.story >= _STORY]
    if not stories or max((what.strength for what in said.values()), default=0.0) >= _FAINT:
        return ()
    told = max(stories, key=lambda clause: clause.story)
    table = model().answers["opening"]
    ratio = math.log(table["none"]["another"] / table["true"]["another"])
    return (
        Evidence(
            hypothesis_id=RESIDUAL,
            answer=number,
            type="anecdote",
            strength=1.0,
            reliability=reliability_of(told, answer.fatigue),
            log_likelihood_ratio=log_likelihood_ratio("anecdote", 1.0, reliability_of(told, answer.fatigue), ratio),
            quote=told.text,
            why="Something happened that fits none of the hypotheses.",
        ),
    )


def _silence(dossier: Dossier, question: QuestionAsked, answer: AnswerGiven, number: int) -> tuple[Evidence, ...]:
    """Not knowing is nearly no evidence: whoever met the cause would more often have something to tell."""
    if question.kind == "opening" or all(h.id != question.hypothesis_id for h in dossier.hypotheses):
        return ()
    table = model().answers[question.kind]
    ratio = math.log(table["true"]["silent"] / table["other"]["silent"])
    strength = -min(1.0, abs(ratio))
    discount = repeat_discount(repeats(dossier, question.hypothesis_id, -1))
    return (
        Evidence(
            hypothesis_id=question.hypothesis_id,
            answer=number,
            type="opinion",
            strength=strength,
            reliability=0.5,
            log_likelihood_ratio=log_likelihood_ratio("opinion", strength, 0.5, ratio) * discount,
            quote=answer.content,
            why="Nothing is known about it, which is nearly no evidence.",
        ),
    )
