"""Intervals, agreement and probabilities over people. Pure.

`design.py` how people were chosen → `evidence.py` what their answers allow to state → `intervals.py`, `agreement.py`,
`consensus.py`, `confidence_sequences.py` (results that are looked at while they come in).
"""

from dramatis_simulation_engine.statistics.agreement import (
    ALPHA,
    JACKKNIFE,
    Agreement,
    kendalls_w,
    kendalls_w_p,
    krippendorffs_alpha,
    rank_alpha,
    ranks_of,
)
from dramatis_simulation_engine.statistics.confidence_sequences import (
    beta_binomial_sequence,
    betting_sequence,
    empirical_bernstein_sequence,
    evidence_above,
    time_uniform_factor,
)
from dramatis_simulation_engine.statistics.consensus import (
    Consensus,
    consensus_in_turn,
    consensus_on,
    is_settled,
    joint_consensus,
)
from dramatis_simulation_engine.statistics.demand import demand_curve
from dramatis_simulation_engine.statistics.design import Design
from dramatis_simulation_engine.statistics.evidence import (
    BOOTSTRAP,
    FIRST_LOOK,
    RESAMPLES,
    Evidence,
    best_of,
    interval,
    rounded,
)
from dramatis_simulation_engine.statistics.intervals import LEVEL, jeffreys, wilson

__all__ = [
    "ALPHA",
    "BOOTSTRAP",
    "FIRST_LOOK",
    "JACKKNIFE",
    "LEVEL",
    "RESAMPLES",
    "Agreement",
    "Consensus",
    "Design",
    "Evidence",
    "best_of",
    "beta_binomial_sequence",
    "betting_sequence",
    "consensus_in_turn",
    "consensus_on",
    "demand_curve",
    "empirical_bernstein_sequence",
    "evidence_above",
    "interval",
    "is_settled",
    "jeffreys",
    "joint_consensus",
    "kendalls_w",
    "kendalls_w_p",
    "krippendorffs_alpha",
    "rank_alpha",
    "ranks_of",
    "rounded",
    "time_uniform_factor",
    "wilson",
]
