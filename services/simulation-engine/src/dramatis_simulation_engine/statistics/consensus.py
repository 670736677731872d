"""Whether people agree on one answer, and how sure that is. Pure.

Consensus is a claim of two parts: the leading option is the single best, and its share reaches the threshold. Options
that mean the same have the same expected answers, whoever answers: swapping two of them changes nothing. So a lead is
held against the leads that come about when every person's preference between two options has its sign drawn at random
(Fisher's randomisation test, exact for any n). A lead has to survive two such draws in 95 of 100 resamples, so that a
study of equal options declares consensus in some 2.5 % of runs at most. Fewer than seven people cannot show one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dramatis_simulation_engine.seeds import Floats
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
    leading = int(np.argmax(shares.mean(axis=0)))
    leads = _leads(shares, leading, evidence)
    enough = cloud[:, leading] >= threshold
    return Consensus(
        threshold, _share_of(leads & enough), leads & enough, leads=_share_of(leads), enough=_share_of(enough)
    )


def _leads(shares: Floats, leading: int, evidence: Evidence) -> Mask:
    """Where a lead by chance stays below the lead over every other option. Both signs count: whichever option is ahead
    is the leading one."""
    others = np.delete(shares, leading, axis=1)
    if others.shape[1] == 0:
        return np.ones(RESAMPLES, dtype=np.bool_)
    preferences = shares[:, [leading]] - others
    least = preferences.mean(axis=0) - _EQUAL
    draws = (np.einsum("bn,nj->bj", evidence.signs(draw), preferences) / len(shares) for draw in range(2))
    survived = [(np.abs(by_chance) < least).all(axis=1) for by_chance in draws]
    return np.asarray(survived[0] & survived[1])


def _share_of(mask: Mask) -> float:
    """The observed study counts as one more resample that does not reach it: that makes the test exact."""
    return proportion(float(mask.sum()), 0.0)


def joint_consensus(parts: list[Consensus]) -> tuple[bool, float | None]:
    """Consensus on every question at once, and its probability."""
    masks = [part.reached_in for part in parts if part.reached_in is not None]
    if not masks or len(masks) < len(parts):
        return False, None
    probability = _share_of(np.logical_and.reduce(masks))
    return probability >= LEVEL, probability
