"""Two changes at once: do they add up? Pure.

The interaction of a pair is its change in interest less the sum of the changes of both alone. It is below zero where
the second change adds to something that the first one brought already, and where interest is high and cannot rise much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.focus_group.questions import Answers
from dramatis_simulation_engine.focus_group.studies.study import estimate_json
from dramatis_simulation_engine.statistics import Evidence
from dramatis_simulation_engine.taxonomy import Reading, Sign, Taxonomy

_SAID = 3
"""Pairs that the findings name; all are in the details."""


@dataclass(frozen=True)
class Pair:
    """Two changes carried out together."""

    one: str
    other: str
    changes: Mapping[str, float]
    signs: frozenset[tuple[str, Sign]]

    @property
    def name(self) -> str:
        return f"{self.one} + {self.other}"


def pair_of(one: Reading, other: Reading, listing: Listing, taxonomy: Taxonomy) -> Pair | None:
    """Both changes at once; None where one undoes the other. A second helping of the same thing adds less."""
    if any(other.signs.get(attribute) == -sign for attribute, sign in one.signs.items()):
        return None
    changes: dict[str, float] = {}
    for reading in (one, other):
        for attribute, sign in reading.signs.items():
            present = attribute in listing.present
            if sign > 0:
                helpings = changes.get(attribute, 0.0)
                changes[attribute] = helpings + (taxonomy.again if present else 1.0) * taxonomy.again ** (helpings > 0)
            elif present:
                changes[attribute] = -1.0
    both = dict(one.signs) | dict(other.signs)
    undone = {(attribute, -sign) for attribute, sign in both.items()}
    return Pair(one.text, other.text, changes, (listing.signs - undone) | frozenset(both.items()))


@dataclass(frozen=True)
class Interaction:
    """What a pair does together, against what its changes do alone; changes in the probability of interest."""

    pair: Pair
    together: Estimate
    summed: Estimate
    interaction: Estimate

    @property
    def reading(self) -> str:
        low, high = self.interaction.low, self.interaction.high
        if low is None or high is None:
            return "unknown"
        if high < 0:
            return "less than the sum"
        return "more than the sum" if low > 0 else "as the sum, as far as can be told"

    def as_json(self) -> dict[str, Any]:
        return {
            "modifications": [self.pair.one, self.pair.other],
            "together": estimate_json(self.together),
            "sum_of_both": estimate_json(self.summed),
            "interaction": estimate_json(self.interaction),
            "reading": self.reading,
        }


def interactions_of(pairs: Sequence[Pair], answers: Answers, evidence: Evidence) -> tuple[Interaction, ...]:
    """`answers` to: as it is, each change alone, each of the pairs."""
    names = [a.name for a in answers.question.alternatives]
    changes = answers.probabilities - answers.probabilities[:, :1]
    found = []
    for place, pair in enumerate(pairs, start=len(names) - len(pairs)):
        both = changes[:, place]
        alone = changes[:, names.index(pair.one)] + changes[:, names.index(pair.other)]
        columns = np.stack([both, alone, both - alone], axis=1)
        found.append(Interaction(pair, *evidence.mean_estimates(columns, low=-2.0, high=2.0)))
    return tuple(found)


def pair_sentences(found: Sequence[Interaction]) -> list[str]:
    """The pairs that clearly do not add up, the farthest first."""
    clear = [i for i in found if i.reading in {"less than the sum", "more than the sum"}]
    clear.sort(key=lambda i: (-abs(i.interaction.value or 0.0), i.pair.name))
    if found and not clear:
        return ["No pair of changes does clearly more or less than the sum of both."]
    said = [_pair_sentence(i) for i in clear[:_SAID]]
    more = len(clear) - len(said)
    return [*said, f"{more} more pairs do not add up; the details name them."] if more > 0 else said


def _pair_sentence(found: Interaction) -> str:
    value = abs(round(100 * (found.interaction.value or 0.0)))
    size = f"{value} points" if value else "under 1 point"
    return (
        f"'{found.pair.one}' and '{found.pair.other}' together change interest by "
        f"{findings.bounded(found.together, findings.points)}, {size} {found.reading.split()[0]} than the sum of both."
    )
