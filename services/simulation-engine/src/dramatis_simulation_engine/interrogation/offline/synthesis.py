"""The final answer in plain language: what it rests on, what stays open, and what to check with real users. Pure."""

from dramatis_contracts.interrogation.v1 import (
    RESIDUAL,
    Citation,
    Evidence,
    Hypothesis,
    InterrogationCompleted,
    StopReason,
)
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import beliefs_of, evidence_of, probabilities_of
from dramatis_simulation_engine.interrogation.method.whys import chain_of
from dramatis_simulation_engine.interrogation.offline.wording import shortened
from dramatis_simulation_engine.interrogation.reading.causes import taxonomy
from dramatis_simulation_engine.interrogation.reading.covering import covered

_CITED = 3
_OTHERS = 3
_WORTH_NAMING = 0.05
_TELLING = 0.2
_STOPPED = {
    "decided": "it ended because one explanation stood out",
    "exhausted": "it ended because no further question would have told anything",
    "message_limit": "it ended because the agreed number of messages was used up",
    "stakeholder_tired": "it ended because the stakeholder had enough",
}


def synthesise(dossier: Dossier, stopped: StopReason) -> InterrogationCompleted:
    """One paragraph each: the answer, its evidence, the other explanations, the uncertainty, the next step."""
    beliefs = probabilities_of(dossier)
    ranked = sorted(dossier.hypotheses, key=lambda h: (-beliefs[h.id], h.id))
    leading = ranked[0]
    citations = _citations(dossier, leading)
    uncertainty = _uncertainty(dossier, leading, beliefs, stopped)
    parts = (
        _verdict(dossier, leading, beliefs),
        _rests_on(dossier, leading),
        _others(dossier, ranked[1:], beliefs),
        uncertainty,
        _next_step(dossier, leading, ranked[1:], beliefs),
    )
    return InterrogationCompleted(
        final_answer="\n\n".join(filter(None, parts)),
        beliefs=beliefs_of(dossier),
        citations=citations,
        uncertainty=uncertainty,
        stop_reason=stopped,
    )


def _likelihood(probability: float) -> str:
    for level, words in ((0.85, "very likely"), (0.65, "likely"), (0.45, "about as likely as not"), (0.2, "possible")):
        if probability >= level:
            return words
    return "only one possibility among several"


def _verdict(dossier: Dossier, leading: Hypothesis, beliefs: dict[str, float]) -> str:
    problem, probability = shortened(dossier.requested.user_input), beliefs[leading.id]
    if beliefs[RESIDUAL] > probability:
        return (
            f"For “{problem}”, none of the explanations examined fits well: “none of these” stands at "
            f"{beliefs[RESIDUAL]:.0%}. The best of them, “{_named(leading)}”, reaches {probability:.0%}."
        )
    if not any(_in_favour(dossier, hypothesis) for hypothesis in dossier.hypotheses):
        return (
            f"For “{problem}”, this simulated interview found no explanation. Of those examined, “{_named(leading)}” "
            f"stands highest, at {probability:.0%}."
        )
    root = chain_of(dossier, leading).root
    why = f" What seems to lie behind it: {_uncapped(root)}." if root else ""
    return (
        f"For “{problem}”, the leading explanation is “{_named(leading)}”: {_likelihood(probability)} "
        f"({probability:.0%}) after this simulated interview.{why}"
    )


def _named(hypothesis: Hypothesis) -> str:
    """A hypothesis by its title; what is left of a family by the family's."""
    return hypothesis.title if hypothesis.cause in taxonomy().causes else hypothesis.title.split(":")[0]


def _uncapped(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".") if not text.startswith("I ") else text.rstrip(".")


def _telling(dossier: Dossier, hypothesis_id: str) -> list[Evidence]:
    """Evidence that moved a belief noticeably, strongest first; one piece for each answer."""
    pieces = [e for e in evidence_of(dossier) if e.hypothesis_id == hypothesis_id]
    pieces = [e for e in pieces if abs(e.log_likelihood_ratio) >= _TELLING]
    best: dict[int, Evidence] = {}
    for piece in sorted(pieces, key=lambda e: -abs(e.log_likelihood_ratio)):
        best.setdefault(piece.answer, piece)
    return list(best.values())


def _in_favour(dossier: Dossier, hypothesis: Hypothesis) -> list[Evidence]:
    return [piece for piece in _telling(dossier, hypothesis.id) if piece.log_likelihood_ratio > 0]


def _citations(dossier: Dossier, leading: Hypothesis) -> tuple[Citation, ...]:
    cited = sorted(_in_favour(dossier, leading)[:_CITED], key=lambda e: e.answer)
    outside = sorted(_telling(dossier, RESIDUAL)[:1], key=lambda e: e.answer)
    asked_of = {exchange.number: exchange.question.hypothesis_id for exchange in dossier.exchanges}
    return tuple(
        Citation(hypothesis_id=asked_of.get(e.answer, leading.id), answer=e.answer, quote=e.quote)
        for e in (*cited, *outside)
    )


def _rests_on(dossier: Dossier, leading: Hypothesis) -> str:
    pieces = sorted(_in_favour(dossier, leading)[:_CITED], key=lambda e: e.answer)
    if not pieces:
        return "The stakeholder said nothing that bears on it: this is hardly more than the assumptions of the start."
    lines = [f"answer {piece.answer}: “{piece.quote}”" for piece in pieces]
    against = [e for e in _telling(dossier, leading.id) if e.log_likelihood_ratio < 0]
    turned = f" Against it stands answer {against[0].answer}." if against else ""
    return f"It rests on what the simulated stakeholder said: {'; '.join(lines)}.{turned}"


def _others(dossier: Dossier, others: list[Hypothesis], beliefs: dict[str, float]) -> str:
    worth = [h for h in others if beliefs[h.id] >= _WORTH_NAMING][:_OTHERS]
    named = "; ".join(f"“{_named(h)}” ({beliefs[h.id]:.0%})" for h in worth)
    contradicted = [h for h in others if any(e.log_likelihood_ratio < 0 for e in _telling(dossier, h.id))][:_OTHERS]
    against = "; ".join(f"“{_named(h)}” ({_said_against(dossier, h)})" for h in contradicted)
    first = f"Also in question: {named}." if named else "No other of the explanations examined stays above 5 %."
    return f"{first} The stakeholder spoke against: {against}." if against else first


def _said_against(dossier: Dossier, hypothesis: Hypothesis) -> str:
    piece = next(e for e in _telling(dossier, hypothesis.id) if e.log_likelihood_ratio < 0)
    return f"answer {piece.answer}"


def _uncertainty(dossier: Dossier, leading: Hypothesis, beliefs: dict[str, float], stopped: StopReason) -> str:
    unknown = sum(1 for e in dossier.exchanges if e.answer and not e.answer.knows)
    answers = sum(1 for e in dossier.exchanges if e.answer)
    silent = f", {unknown} of them “I don't know”," if unknown else ""
    outside = [e for e in _telling(dossier, RESIDUAL) if e.log_likelihood_ratio > 0]
    beyond = f" Answer {outside[0].answer} hints at something that no hypothesis covers." if outside else ""
    interview = f"one interview of {answers} answer{'' if answers == 1 else 's'}{silent}"
    return (
        f"What stays uncertain: {1 - beliefs[leading.id]:.0%} that “{_named(leading)}” is not the main cause, of which "
        f"{beliefs[RESIDUAL]:.0%} that it is none of those examined.{beyond} This was {interview} with a simulated "
        f"person who knows only their profile; {_STOPPED[stopped]}. It is not evidence about real users, and the "
        "strengths of belief are assumed, not measured on them."
    )


def _next_step(dossier: Dossier, leading: Hypothesis, others: list[Hypothesis], beliefs: dict[str, float]) -> str:
    if not _in_favour(dossier, leading):
        return "Before acting, ask real users: let those who left tell what they did on their last day."
    first = _verify(dossier, leading)
    rival = next((h for h in others if beliefs[h.id] >= _WORTH_NAMING and _verify(dossier, h)), None)
    also = f" To tell it from “{_named(rival)}”: {_verify(dossier, rival)}." if rival else ""
    asked = first or "ask those who left what they did on their last day"
    return f"Before acting, check it with real users: {asked}.{also}"


def _verify(dossier: Dossier, hypothesis: Hypothesis) -> str:
    causes = covered(hypothesis, dossier.hypotheses)
    return causes[0].verify if causes else ""
