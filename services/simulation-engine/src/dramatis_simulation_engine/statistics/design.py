"""How the people of a study were chosen, and the errors of a mean that follow from that. Pure.

Invited personas are taken as chosen independently. People drawn from a segment are its stratum; within it, the
independent replicates of the randomised Sobol points are the units, because people of one replicate are spread more
evenly than chance (Owen 1997; L'Ecuyer, Nakayama, Owen and Tuffin 2023). The share of each stratum is fixed.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Design:
    """Units that are independent of one another, in strata whose shares of the study are fixed."""

    unit_of: Integers
    """(people,): 0 to units − 1."""
    stratum_of: Integers
    """(units,): 0 to strata − 1. Every stratum has at least two units, unless the whole study has only one."""

    @classmethod
    def of(cls, people: Sequence[Respondent]) -> "Design":
        """From how each person came to take part."""
        units = [(p.segment or "", p.id if p.replicate is None else p.replicate) for p in people]
        return cls.labelled(units, [segment for segment, _ in units])

    @classmethod
    def independent(cls, n: int) -> "Design":
        """`n` people, each chosen independently from the same population."""
        return cls(np.arange(n), np.zeros(n, dtype=np.intp))

    @classmethod
    def labelled(cls, units: Sequence[Hashable], strata: Sequence[Hashable]) -> "Design":
        """From a label of unit and of stratum for each person."""
        numbers = {label: i for i, label in enumerate(dict.fromkeys(units))}
        unit_of = np.array([numbers[label] for label in units], dtype=np.intp)
        stratum = dict(zip(units, strata, strict=True))
        return cls(unit_of, _collapsed([stratum[label] for label in numbers]))

    @property
    def units(self) -> int:
        return len(self.stratum_of)

    @property
    def degrees_of_freedom(self) -> int:
        return self.units - len(np.unique(self.stratum_of))

    def errors(self, values: Floats) -> Floats:
        """What each unit contributes to the error of the mean: (people, q) → (units, q).

        Their sum of squares estimates the variance of the mean: without bias when units of a stratum are equally
        large, and also for unequal ones when the people of a unit are unrelated.
        """
        stratum_of_person = self.stratum_of[self.unit_of]
        sizes = np.bincount(stratum_of_person)
        means = _sums(values, stratum_of_person) / sizes[:, None]
        totals = _sums(values - means[stratum_of_person], self.unit_of)
        squares = np.bincount(self.stratum_of, weights=np.bincount(self.unit_of).astype(float) ** 2)
        lost = np.divide(sizes, sizes - squares / sizes, out=np.zeros(len(sizes)), where=squares < sizes**2)
        return np.asarray(np.sqrt(lost)[self.stratum_of, None] * totals / len(values))

    def student(self, errors: Floats, probability: float) -> Floats:
        """Quantile of Student's t for each column, degrees of freedom by Satterthwaite (1946)."""
        variances = _sums(errors**2, self.stratum_of)
        free = np.bincount(self.stratum_of) - 1.0
        spread = (variances**2 / np.maximum(free, 1.0)[:, None]).sum(axis=0)
        total = variances.sum(axis=0)
        known = np.divide(total**2, spread, out=np.full(len(total), float(self.degrees_of_freedom)), where=spread > 0)
        return np.asarray(stdtrit(np.maximum(1.0, known), probability))


def _sums(values: Floats, labels: Integers) -> Floats:
    sums = np.zeros((int(labels.max()) + 1, values.shape[1]))
    np.add.at(sums, labels, values)
    return sums


def _collapsed(strata: Sequence[Hashable]) -> Integers:
    """Numbered strata. One that has a single unit shows no variance: such are taken together with one another, the
    last one with the smallest other stratum (Cochran 1977, section 5A.12). That errs on the safe side."""
    names = list(dict.fromkeys(strata))
    counts = {name: strata.count(name) for name in names}
    alone = [name for name in names if counts[name] == 1]
    if len(alone) == 1 and len(names) > 1:
        alone.append(min((name for name in names if counts[name] > 1), key=lambda name: (counts[name], str(name))))
    merged = {name: alone[0] if name in alone else name for name in names}
    numbers = {name: i for i, name in enumerate(dict.fromkeys(merged.values()))}
    return np.array([numbers[merged[name]] for name in strata], dtype=np.intp)
