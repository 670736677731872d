"""Beliefs in log-odds: priors, moved by typed and capped evidence, over all hypotheses and "none of these". Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence

from dramatis_contracts.interrogation.v1 import RESIDUAL, Belief, Evidence, EvidenceType
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.model import model

_LEAST = 1e-9
_SLIGHT = 0.05


def log_likelihood_ratio(kind: EvidenceType, strength: float, reliability: float, log_ratio: float) -> float:
    """Strength (−1…1) × reliability (0…1) × |log ratio| in nats, within the cap of its type."""
    cap = model().caps[kind]
    return max(-cap, min(cap, strength * reliability * abs(log_ratio)))


def repeat_discount(earlier: int) -> float:
    """What a further statement of the same source about the same hypothesis is worth, after `earlier` ones."""
    return float(model().repeat_discount ** earlier)


def repeats(dossier: Dossier, hypothesis_id: str, sign: float) -> int:
    """How often this stakeholder has already said something to the same effect about a hypothesis."""
    return sum(
        1
        for piece in evidence_of(dossier)
        if piece.hypothesis_id == hypothesis_id
        and piece.log_likelihood_ratio * sign > 0
        and abs(piece.log_likelihood_ratio) > _SLIGHT
    )


def evidence_of(dossier: Dossier) -> tuple[Evidence, ...]:
    """All evidence of a run, in order."""
    return tuple(piece for exchange in dossier.exchanges if exchange.weighed for piece in exchange.weighed.evidence)


def updated(priors: Mapping[str, float], evidence: Iterable[Evidence]) -> dict[str, float]:
    """Probabilities by hypothesis id and `none`, summing to 1; `none` keeps at least the model's floor.

    `priors` holds every hypothesis and `none`. The order of the evidence makes no difference.
    """
    scores = {key: math.log(max(prior, _LEAST)) for key, prior in priors.items()}
    for piece in evidence:
        if piece.hypothesis_id in scores:
            scores[piece.hypothesis_id] += piece.log_likelihood_ratio
    return _floored(_softmax(scores))


def _softmax(scores: Mapping[str, float]) -> dict[str, float]:
    highest = max(scores.values())
    powers = {key: math.exp(score - highest) for key, score in scores.items()}
    total = math.fsum(powers.values())
    return {key: power / total for key, power in powers.items()}


def _floored(probabilities: dict[str, float]) -> dict[str, float]:
    floor = model().residual_floor
    kept = {key: (1 - floor) * p for key, p in probabilities.items()}
    kept[RESIDUAL] = kept.get(RESIDUAL, 0.0) + floor
    return kept


def priors_of(dossier: Dossier) -> dict[str, float]:
    """The priors as distilled, normalised, with the residual."""
    if dossier.distilled is None:
        return {RESIDUAL: 1.0}
    priors = {h.id: h.prior for h in dossier.hypotheses} | {RESIDUAL: dossier.distilled.residual}
    total = math.fsum(priors.values())
    if total <= 0:
        return dict.fromkeys(priors, 1 / len(priors))
    return {key: prior / total for key, prior in priors.items()}


def probabilities_of(dossier: Dossier) -> dict[str, float]:
    """What is believed now, by hypothesis id and `none`."""
    return updated(priors_of(dossier), evidence_of(dossier))


def beliefs_after(dossier: Dossier, evidence: Sequence[Evidence]) -> tuple[Belief, ...]:
    """The beliefs of a dossier after further evidence that is not in it yet."""
    return stated(updated(priors_of(dossier), (*evidence_of(dossier), *evidence)))


def beliefs_of(dossier: Dossier) -> tuple[Belief, ...]:
    """The beliefs of a dossier; the priors before the first answer."""
    return stated(probabilities_of(dossier))


def stated(probabilities: Mapping[str, float]) -> tuple[Belief, ...]:
    """Probabilities as beliefs, with their log-odds."""
    return tuple(Belief(hypothesis_id=key, probability=p, log_odds=log_odds(p)) for key, p in probabilities.items())


def log_odds(probability: float) -> float:
    """Finite at 0 and 1 too."""
    p = min(1 - _LEAST, max(_LEAST, probability))
    return math.log(p / (1 - p))
