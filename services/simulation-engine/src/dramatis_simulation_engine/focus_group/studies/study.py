"""What every kind of study has in common. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, Recommendation
from dramatis_simulation_engine.focus_group.questions import Alternative, Answers, Question
from dramatis_simulation_engine.statistics import Consensus, Evidence
from dramatis_simulation_engine.taxonomy import Reading


@dataclass(frozen=True)
class StudyResult:
    """What one scenario says. `detail` is JSON; `consensus` is None where there is nothing to agree on."""

    detail: dict[str, Any]
    findings: tuple[str, ...]
    recommendations: tuple[Recommendation, ...] = ()
    headlines: tuple[Headline, ...] = ()
    consensus: Consensus | None = None


class Study(Protocol):
    """One scenario, ready to be asked."""

    @property
    def section(self) -> str:
        """Where its detail stands in the detailed results."""
        ...

    @property
    def questions(self) -> Sequence[Question]:
        """What is asked; empty when nothing in the scenario is understood."""
        ...

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        """(field, word) of everything that has no meaning in the taxonomy."""
        ...

    def analyse(self, answers: Sequence[Answers], evidence: Evidence, threshold: float) -> StudyResult: ...

    def response(self, answers: Sequence[Answers], person: int) -> dict[str, Any]:
        """One person's answers, as JSON."""
        ...

    def explained(self, answers: Sequence[Answers], person: int) -> tuple[Question, int] | None:
        """The alternative whose utility is worth taking apart for this person."""
        ...


def key_of(kind: str, alternatives: Iterable[Alternative]) -> str:
    """A name for a question by its content: the order of the alternatives does not matter."""
    content = sorted((a.name, sorted(a.changes.items()), a.price) for a in alternatives)
    return f"{kind}-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]}"


def unread(where: str, readings: Sequence[Reading]) -> tuple[tuple[str, str], ...]:
    """(field, word) of what is not known in texts that stand in a list."""
    return tuple((f"{where}[{i}]", word) for i, reading in enumerate(readings) for word in reading.unrecognized)


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    return estimate.model_dump(mode="json")


def top_alternative(answers: Answers, person: int) -> int:
    """The alternative that a person most probably chooses when *none* is left aside."""
    return int(np.argmax(answers.probabilities[person]))


def impact_of(effect: float, *, high: float, medium: float) -> Any:
    """A word for the size of an effect."""
    if effect >= high:
        return "high"
    return "medium" if effect >= medium else "low"
