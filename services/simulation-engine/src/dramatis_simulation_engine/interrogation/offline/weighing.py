"""From an answer to typed, capped evidence with a literal quote, for and against each hypothesis. Pure."""

import math
from collections.abc import Iterator

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
from dramatis_simulation_engine.interrogation.reading.causes import taxonomy
from dramatis_simulation_engine.interrogation.reading.texts import Clause, Said, said_in

_LEAST = 0.08
"""Strength below which a text says nothing about a cause."""
_NONE_STRENGTH = 0.3


def weigh(dossier: Dossier, question: QuestionAsked, answer: AnswerGiven) -> tuple[Evidence, ...]:
    """Evidence of one answer. What names a cause outside of all hypotheses speaks for `none`."""
    number = _number(dossier, question)
    if not answer.knows:
        return _silence(dossier, question, answer, number)
    said = said_in(answer.content)
    known = {h.cause: h for h in dossier.hypotheses if h.cause}
    pieces = [
        piece
        for cause, hypothesis in known.items()
        if cause in said
        for piece in _piece(dossier, hypothesis, said[cause], question, answer, number)
    ]
    return (*pieces, *_outside(dossier, said, set(known), answer, number))


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
    asked = question.kind != "opening" and question.hypothesis_id == hypothesis_id
    if asked:
        table = model().answers[question.kind]
        key = "named" if named else "denied"
        return math.log(table["true"][key] / table["other"][key])
    opening, probe = model().answers["opening"], model().answers["probe"]
    if named:
        return math.log(opening["true"]["named"] / (opening["none"]["another"] / 8))
    return math.log(probe["true"]["denied"] / probe["other"]["denied"])


def _piece(
    dossier: Dossier, hypothesis: Hypothesis, said: Said, question: QuestionAsked, answer: AnswerGiven, number: int
) -> Iterator[Evidence]:
    if abs(said.strength) < _LEAST:
        return
    kind, reliability = type_of(said.clause), reliability_of(said.clause, answer.fatigue)
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


def _outside(
    dossier: Dossier, said: dict[str, Said], known: set[str], answer: AnswerGiven, number: int
) -> tuple[Evidence, ...]:
    others = {cause: what for cause, what in said.items() if cause not in known and what.strength >= _NONE_STRENGTH}
    inside = max((what.strength for cause, what in said.items() if cause in known), default=0.0)
    if not others:
        return ()
    cause, what = max(others.items(), key=lambda item: item[1].strength)
    strength = what.strength - max(0.0, inside)
    if strength < _LEAST:
        return ()
    kind, reliability = type_of(what.clause), reliability_of(what.clause, answer.fatigue)
    discount = repeat_discount(repeats(dossier, RESIDUAL, 1))
    moved = log_likelihood_ratio(kind, strength, reliability, math.log(0.62 / 0.06)) * discount
    return (
        Evidence(
            hypothesis_id=RESIDUAL,
            answer=number,
            type=kind,
            strength=strength,
            reliability=reliability,
            log_likelihood_ratio=moved,
            quote=what.clause.text,
            why=f"Speaks for something outside of the hypotheses: {taxonomy().causes[cause].title.lower()}.",
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
