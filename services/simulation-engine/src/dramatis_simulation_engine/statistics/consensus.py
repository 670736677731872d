"""Whether people agree on one answer, and how sure that is. Pure.

Consensus is a claim of two parts: the leading option is the single best, and its share reaches the threshold. Options
that mean the same have the same expected answers, whoever answers: swapping two of them changes nothing. So a lead is
held against the leads that come about when every person's preference between two options has its sign drawn at random
(Fisher's randomisation test, exact for any n). A lead has to survive two such draws in 95 of 100 resamples, so that a
study of equal options declares consensus in some 2.5 % of runs at most. Fewer than seven people cannot show one.

Where results are looked at while they come in, the same claim is bet on, person by person: a bet that is fair if the
claim is wrong multiplies its stake by 1/a at any time with probability at most a (Ville 1939; Waudby-Smith and Ramdas
2023).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics.confidence_sequences import evidence_above
from dramatis_simulation_engine.statistics.evidence import RESAMPLES, Evidence, proportion
from dramatis_simulation_engine.statistics.intervals import LEVEL

Mask = NDArray[np.bool_]
_EQUAL = 1e-9
"""Differences of probabilities that are only rounding."""


@dataclass(frozen=True, slots=True)
class Consensus:
    """Whether most people agree: how sure it is that one option leads all others and reaches the threshold."""

    threshold: float
    probability: float | None
    reached_in: Mask | None
    """For each resample; lets several questions be asked about jointly."""
    leads: float | None = None
    """How sure it is that the leading option is the single best."""
    enough: float | None = None
    """The probability that the leading share reaches the threshold."""

    @property
    def reached(self) -> bool:
        return self.probability is not None and self.probability >= LEVEL

    def as_json(self) -> dict[str, Any]:
        """Without the resamples."""
        return {
            "reached": self.reached,
            "probability": self.probability,
            "threshold": self.threshold,
            "probability_single_best": self.leads,
            "probability_at_threshold": self.enough,
        }


def consensus_on(shares: Floats, evidence: Evidence, threshold: float) -> Consensus:
    """From people's probabilities of each option, shape (people, options); unknown for one person alone."""
    cloud = evidence.cloud(shares)
    if cloud is None:
        return Consensus(threshold, None, None)
    if evidence.looked_at is not None:
        return consensus_in_turn(shares[np.array(evidence.looked_at)], threshold)
    leading, others = _first_and_rest(shares)
    leads = _leads(shares[:, [leading]] - others, evidence)
    enough = cloud[:, leading] >= threshold
    return Consensus(
        threshold, _share_of(leads & enough), leads & enough, leads=_share_of(leads), enough=_share_of(enough)
    )


def _leads(preferences: Floats, evidence: Evidence) -> Mask:
    """Where a lead by chance stays below the lead over every other option. Both signs count: whichever option is ahead
    is the leading one."""
    if preferences.shape[1] == 0:
        return np.ones(RESAMPLES, dtype=np.bool_)
    least = preferences.mean(axis=0) - _EQUAL
    draws = (np.einsum("bn,nj->bj", evidence.signs(draw), preferences) / len(preferences) for draw in range(2))
    survived = [(np.abs(by_chance) < least).all(axis=1) for by_chance in draws]
    return np.asarray(survived[0] & survived[1])


def _share_of(mask: Mask) -> float:
    """The observed study counts as one more resample that does not reach it: that makes the test exact."""
    return proportion(float(mask.sum()), 0.0)


def consensus_in_turn(shares: Floats, threshold: float) -> Consensus:
    """From people in the order in which they were asked, shape (people, options), however often results were seen.

    The probability is 1 less the chance that a false claim is bet on so successfully: any of the options might have
    become the leading one.
    """
    leading, others = _first_and_rest(shares)
    enough = evidence_above(shares[:, leading], threshold)
    ahead = [evidence_above((1 + shares[:, leading] - other) / 2, 0.5) for other in others.T]
    options = shares.shape[1]
    both = _sure(np.min([enough, *ahead], axis=0), options)
    lead = _sure(np.min(ahead, axis=0), options) if ahead else 1.0
    # Nested, so that claims that are made together are as sure as the least sure of them.
    reached_in = np.arange(RESAMPLES) < math.ceil(both * (RESAMPLES + 1))
    return Consensus(threshold, both, reached_in, leads=lead, enough=_sure(enough, options))


def is_settled(shares: Floats, threshold: float) -> bool:
    """Whether those asked so far, in their order, show that there is a consensus, or that no share reaches it."""
    if consensus_in_turn(shares, threshold).reached:
        return True
    below = [evidence_above(1 - share, 1 - threshold) for share in shares.T]
    return bool(np.min(below, axis=0).max() >= -math.log(1 - LEVEL))


def _first_and_rest(shares: Floats) -> tuple[int, Floats]:
    leading = int(np.argmax(shares.mean(axis=0)))
    return leading, np.delete(shares, leading, axis=1)


def _sure(evidence: Floats, claims: int) -> float:
    """1 − claims/e at the best moment of an e-process whose logarithm is given."""
    return round(max(0.0, 1 - claims * math.exp(-min(700.0, float(evidence.max())))), 4)


def joint_consensus(parts: list[Consensus]) -> tuple[bool, float | None]:
    """Consensus on every question at once, and its probability."""
    masks = [part.reached_in for part in parts if part.reached_in is not None]
    if not masks or len(masks) < len(parts):
        return False, None
    probability = _share_of(np.logical_and.reduce(masks))
    return probability >= LEVEL, probability
