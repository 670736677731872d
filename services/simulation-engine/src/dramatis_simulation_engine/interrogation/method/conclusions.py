"""What may be concluded about each hypothesis, and when. Pure."""

from dramatis_contracts.interrogation.v1 import Evidence, Hypothesis, HypothesisConcluded, StopReason
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import evidence_of, probabilities_of
from dramatis_simulation_engine.interrogation.method.stopping import decided
from dramatis_simulation_engine.interrogation.method.whys import chain_of
from dramatis_simulation_engine.interrogation.model import model

_AGAINST = -0.3
"""The log likelihood ratio from which a statement speaks against a hypothesis; not to know is less."""
_STOPPED = {
    "decided": "one explanation stood out",
    "exhausted": "no further question would have told anything",
    "message_limit": "the agreed number of messages was used up",
    "stakeholder_tired": "the stakeholder was tired",
}


def conclusions(dossier: Dossier) -> tuple[HypothesisConcluded, ...]:
    """What can be settled now: hypotheses that the stakeholder spoke against and that have become very improbable, and
    the leading one when the interview is decided. Nothing is concluded twice."""
    beliefs = probabilities_of(dossier)
    settled = []
    for hypothesis in dossier.open_hypotheses:
        probability = beliefs[hypothesis.id]
        spoken = [piece for piece in evidence_of(dossier) if piece.hypothesis_id == hypothesis.id]
        if probability <= model().conclude["rejected_early"] and any(
            p.log_likelihood_ratio <= _AGAINST for p in spoken
        ):
            settled.append(_concluded(dossier, hypothesis, "rejected", _against(probability, spoken)))
        elif probability >= model().stop["decided"] and decided(dossier):
            settled.append(_validated(dossier, hypothesis, probability, spoken))
    return tuple(settled)


def final_conclusions(dossier: Dossier, stopped: StopReason) -> tuple[HypothesisConcluded, ...]:
    """A conclusion for every hypothesis that has none yet."""
    beliefs = probabilities_of(dossier)
    return tuple(_final(dossier, h, beliefs[h.id], stopped) for h in dossier.open_hypotheses)


def _final(dossier: Dossier, hypothesis: Hypothesis, probability: float, stopped: StopReason) -> HypothesisConcluded:
    spoken = [piece for piece in evidence_of(dossier) if piece.hypothesis_id == hypothesis.id]
    if probability >= model().conclude["validated"] and any(p.type != "opinion" and p.strength > 0 for p in spoken):
        return _validated(dossier, hypothesis, probability, spoken)
    if probability <= model().conclude["rejected"] and any(p.log_likelihood_ratio <= _AGAINST for p in spoken):
        return _concluded(dossier, hypothesis, "rejected", _against(probability, spoken))
    if probability <= model().conclude["rejected"] and spoken_of(dossier):
        why = f"Down to {_percent(probability)}: what was told points elsewhere, though nothing was said against it."
        return _concluded(dossier, hypothesis, "inconclusive", why)
    why = f"At {probability:.0%} it is neither settled nor ruled out; the interview ended because {_STOPPED[stopped]}."
    return _concluded(dossier, hypothesis, "inconclusive", why)


def _validated(
    dossier: Dossier, hypothesis: Hypothesis, probability: float, spoken: list[Evidence]
) -> HypothesisConcluded:
    supporting = sum(1 for piece in spoken if piece.log_likelihood_ratio > 0)
    pieces = "one statement" if supporting == 1 else f"{supporting} statements"
    why = f"Now {probability:.0%} probable, on {pieces} of a simulated stakeholder; to be checked with real users."
    return _concluded(dossier, hypothesis, "validated", why)


def _against(probability: float, spoken: list[Evidence]) -> str:
    against = [piece for piece in spoken if piece.log_likelihood_ratio <= _AGAINST]
    return f"Down to {_percent(probability)}: the stakeholder said “{against[-1].quote}”"


def _percent(probability: float) -> str:
    return f"{probability:.1%}" if probability < 0.01 else f"{probability:.0%}"


def spoken_of(dossier: Dossier) -> bool:
    """Whether anything was said that moved a belief."""
    return any(abs(piece.log_likelihood_ratio) >= -_AGAINST for piece in evidence_of(dossier))


def _concluded(dossier: Dossier, hypothesis: Hypothesis, status: str, why: str) -> HypothesisConcluded:
    root = chain_of(dossier, hypothesis).root if status == "validated" else ""
    return HypothesisConcluded.model_validate(
        {"hypothesis_id": hypothesis.id, "status": status, "root_cause": root, "why": why}
    )
