"""What a measurement is: repeated, paired with its reference, summed up by a median and its spread. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several runs, with the lowest and the highest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Target:
    """What the design asks for. `words` is the wording for people."""

    words: str
    met: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours ÷ reference, pair by pair; `n` says how often what was measured."""

    name: str
    what: str
    n: str
    unit: str
    ours: Spread
    reference: Spread | None = None
    reference_is: str | None = None
    ratio: Spread | None = None
    target: Target | None = None
    p95: float | None = None
    others: float | None = None
    """The share of all processors that other programs used meanwhile, 0 to 1."""


@dataclass(frozen=True, slots=True)
class NotRun:
    """A benchmark that gave no figures, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Size:
    """How much to measure. `rebuild` is the number of events of the log that is rebuilt."""

    full: bool
    rebuild: int

    def of(self, quick: int, full: int) -> int:
        return full if self.full else quick


@dataclass(frozen=True, slots=True)
class Pair:
    """One run of ours and one of the reference, one right after the other."""

    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        return self.ours / self.reference


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError without values."""
    return Spread(median(values), min(values), max(values))


def ours_of(pairs: Sequence[Pair]) -> Spread:
    return spread([pair.ours for pair in pairs])


def reference_of(pairs: Sequence[Pair]) -> Spread:
    return spread([pair.reference for pair in pairs])


def ratio_of(pairs: Sequence[Pair]) -> Spread:
    return spread([pair.ratio for pair in pairs])


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
