"""When an interview ends. Pure."""

from dramatis_contracts.interrogation.v1 import RESIDUAL, StopReason
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import probabilities_of
from dramatis_simulation_engine.interrogation.method.whys import chain_of
from dramatis_simulation_engine.interrogation.model import model

_EXCHANGE = 2
"""Messages of a question and its answer."""


def stop_reason(dossier: Dossier) -> StopReason | None:
    """Why no further question may be asked; None while one may.

    A question needs an answer too, so the limit is reached when fewer than two messages are left.
    """
    if decided(dossier):
        return "decided"
    if dossier.exchanges and _fatigue(dossier) >= model().stop["tired"]:
        return "stakeholder_tired"
    if _knows_no_more(dossier):
        return "exhausted"
    if dossier.messages + _EXCHANGE > dossier.requested.max_interview_messages:
        return "message_limit"
    return "exhausted" if dossier.distilled is not None and not dossier.open_hypotheses else None


def decided(dossier: Dossier) -> bool:
    """After a few answers one hypothesis is beyond the level, all others are low, and its whys are asked to the end."""
    if sum(exchange.weighed is not None for exchange in dossier.exchanges) < model().stop["fewest"]:
        return False
    ranked = sorted(probabilities_of(dossier).items(), key=lambda item: -item[1])
    first, rest = ranked[0], ranked[1:]
    if first[0] == RESIDUAL or first[1] < model().stop["decided"]:
        return False
    if any(p > model().stop["others"] for _, p in rest):
        return False
    leading = next(h for h in dossier.hypotheses if h.id == first[0])
    return chain_of(dossier, leading).finished


def _fatigue(dossier: Dossier) -> float:
    answers = [exchange.answer for exchange in dossier.exchanges if exchange.answer]
    return answers[-1].fatigue if answers else 0.0


def _knows_no_more(dossier: Dossier) -> bool:
    run = int(model().stop["unknowns"])
    last = [exchange.answer for exchange in dossier.exchanges if exchange.answer][-run:]
    return len(last) == run and not any(answer.knows for answer in last)
