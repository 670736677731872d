"""What would each change to the property be worth? Pure.

Two questions: whether one would ask for a viewing of the property as it is and with each change alone, against *none*;
and which of all these versions one would choose if they stood side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Headline, ModificationTesting, Recommendation
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.focus_group.questions import NONE, Alternative, Answers, Question
from dramatis_simulation_engine.focus_group.studies.study import (
    StudyResult,
    estimate_json,
    impact_of,
    key_of,
    top_alternative,
    unread,
)
from dramatis_simulation_engine.statistics import Evidence, best_of, consensus
from dramatis_simulation_engine.taxonomy import Reading, Taxonomy

AS_IS = "as it is"
ALONE = "Would you ask to view the property in this version, at the asking price?"
TOGETHER = "Which version would you ask to view, if any?"


@dataclass(frozen=True)
class ModificationStudy:
    """Changes at an unchanged price, compared with the property as it is."""

    scenario: ModificationTesting
    readings: tuple[Reading, ...]
    listing: Listing
    taxonomy: Taxonomy
    where: str
    section: str = "modification_impact"

    @classmethod
    def of(cls, scenario: ModificationTesting, listing: Listing, taxonomy: Taxonomy, where: str) -> "ModificationStudy":
        readings = tuple(map(taxonomy.read, scenario.modifications))
        return cls(scenario, readings, listing, taxonomy, where)

    @cached_property
    def questions(self) -> Sequence[Question]:
        changed = [self._alternative(r) for r in self.readings if r.understood]
        if not changed:
            return ()
        as_is = Alternative(AS_IS, {}, self.listing.signs, self.listing.price)
        versions = (as_is, *changed)
        key = key_of("versions", versions)
        return (
            Question(f"{key}-alone", ALONE, "each", versions, "property", self.listing),
            Question(f"{key}-together", TOGETHER, "menu", versions, "property", self.listing),
        )

    def _alternative(self, reading: Reading) -> Alternative:
        changes = changes_of(reading, self.listing, self.taxonomy)
        undone = {(attribute, -sign) for attribute, sign in reading.signs.items()}
        signs = (self.listing.signs - undone) | frozenset(reading.signs.items())
        return Alternative(reading.text, changes, signs, self.listing.price)

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        return unread(f"{self.where}.modifications", self.readings)

    def analyse(self, answers: Sequence[Answers], evidence: Evidence, threshold: float) -> StudyResult:
        if not answers:
            return StudyResult(
                detail={"question": ALONE, "modifications": [_unknown(m) for m in self.scenario.modifications]},
                findings=(f"No change among {findings.listed(list(self.scenario.modifications))} is understood.",),
            )
        return _Analysis(self, answers, evidence, threshold).result()

    def response(self, answers: Sequence[Answers], person: int) -> dict[str, Any]:
        if not answers:
            return {"chosen": None, "interest": {}}
        alone, together = answers
        names = [a.name for a in alone.question.alternatives]
        menu = (*together.probabilities[person], together.none[person])
        interest = [round(float(p), 4) for p in alone.probabilities[person]]
        return {"chosen": (*names, NONE)[int(np.argmax(menu))], "interest": dict(zip(names, interest, strict=True))}

    def explained(self, answers: Sequence[Answers], person: int) -> tuple[Question, int] | None:
        return (answers[1].question, top_alternative(answers[1], person)) if answers else None


def changes_of(reading: Reading, listing: Listing, taxonomy: Taxonomy) -> Mapping[str, float]:
    """Attribute levels that a change adds. A second helping adds less; what is not there cannot be taken away."""
    changes = {}
    for attribute, sign in reading.signs.items():
        present = attribute in listing.present
        if sign > 0:
            changes[attribute] = taxonomy.again if present else 1.0
        elif present:
            changes[attribute] = -1.0
    return changes


def _unknown(modification: str) -> dict[str, Any]:
    return {"modification": modification, "understood": False, "change": None, "appeal": None, "probability_best": None}


class _Analysis:
    """The answers to the two questions about one set of changes."""

    def __init__(
        self, study: ModificationStudy, answers: Sequence[Answers], evidence: Evidence, threshold: float
    ) -> None:
        self._study, self._threshold = study, threshold
        alone, together = answers
        self._alternatives = alone.question.alternatives[1:]
        self._names = [a.name for a in self._alternatives]
        self._interest = evidence.mean_estimates(alone.probabilities, low=0.0, high=1.0)
        changes = alone.probabilities - alone.probabilities[:, :1]
        cloud = evidence.cloud(changes)
        self._changes = evidence.mean_estimates(changes, low=-1.0, high=1.0)[1:]
        # Doing nothing is one of the actions: its change is 0.
        self._best_as_is, *self._best = best_of(cloud, 1 + len(self._names))
        appeal = np.concatenate([together.probabilities, together.none[:, None]], axis=1)
        self._appeal = evidence.mean_estimates(appeal, low=0.0, high=1.0)
        versions = evidence.cloud(together.probabilities)
        leading = int(np.argmax(together.probabilities.mean(axis=0)))
        self._consensus = consensus(None if versions is None else versions[:, leading], threshold)
        self._order = sorted(range(len(self._names)), key=lambda j: (-(self._changes[j].value or 0), self._names[j]))

    def result(self) -> StudyResult:
        return StudyResult(
            detail=self._detail(),
            findings=tuple(self._sentences()),
            recommendations=(self._recommendation(),),
            headlines=(
                Headline(name="modification_testing.as_is.interest", estimate=self._interest[0]),
                *(
                    Headline(name=f"modification_testing.{name}.change", estimate=estimate)
                    for name, estimate in zip(self._names, self._changes, strict=True)
                ),
            ),
            consensus=self._consensus,
        )

    def _detail(self) -> dict[str, Any]:
        known = {name: j for j, name in enumerate(self._names)}
        return {
            "question": ALONE,
            "as_it_is": {
                "interest": estimate_json(self._interest[0]),
                "appeal": estimate_json(self._appeal[0]),
                "probability_best": self._best_as_is,
            },
            "modifications": [
                self._modification(known[m]) if m in known else _unknown(m) for m in self._study.scenario.modifications
            ],
            "appeal_question": TOGETHER,
            "none": estimate_json(self._appeal[-1]),
            "ranking": [self._names[j] for j in self._order],
            "consensus": self._consensus.as_json(),
        }

    def _modification(self, j: int) -> dict[str, Any]:
        return {
            "modification": self._names[j],
            "understood": True,
            "changes": dict(sorted(self._alternatives[j].changes.items())),
            "interest": estimate_json(self._interest[j + 1]),
            "change": estimate_json(self._changes[j]),
            "appeal": estimate_json(self._appeal[j + 1]),
            "rank": self._order.index(j) + 1,
            "probability_best": self._best[j],
        }

    def _sentences(self) -> list[str]:
        before = f"As it is, {findings.share(self._interest[0])} would ask to view the property."
        after = f"Side by side with the others: {findings.agreement(self._consensus)}"
        return [before, *(self._sentence(j) for j in self._order), after]

    def _sentence(self, j: int) -> str:
        if not self._alternatives[j].changes:
            return f"'{self._names[j]}' changes nothing: the property has none of it."
        stated = f"'{self._names[j]}' changes that by {findings.change(self._changes[j])}."
        best = self._best[j]
        return (
            stated
            if best is None
            else f"{stated} Probability that it is the best of all: {findings.probability(best)}."
        )

    def _recommendation(self) -> Recommendation:
        first = self._order[0]
        gain = self._changes[first].value or 0.0
        if gain <= 0:
            return Recommendation(action="Leave the property as it is", impact="low", confidence=self._best_as_is)
        return Recommendation(
            action=f"Carry out '{self._names[first]}'",
            impact=impact_of(gain, high=0.10, medium=0.03),
            confidence=self._best[first],
        )
