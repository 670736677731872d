"""What would each change to the property be worth? Pure.

Two questions: whether one would ask for a viewing of the property as it is and with each change alone, against *none*
(and as it is at other prices, which says what the changes are worth in money); and which of all these versions one
would choose if they stood side by side. A third one, when interactions are asked for: each pair of changes together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, ModificationTesting, Recommendation
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Answers, Question
from dramatis_simulation_engine.focus_group.studies import willingness_to_pay
from dramatis_simulation_engine.focus_group.studies.interactions import Pair, interactions_of, pair_of, pair_sentences
from dramatis_simulation_engine.focus_group.studies.study import (
    StudyResult,
    estimate_json,
    impact_of,
    key_of,
    top_alternative,
    unread,
)
from dramatis_simulation_engine.focus_group.studies.willingness_to_pay import LADDER, Worth, worth_of
from dramatis_simulation_engine.focus_group.tastes import Assumptions
from dramatis_simulation_engine.questions import NONE
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import Evidence, best_of, consensus_on, rounded
from dramatis_simulation_engine.taxonomy import Reading, Taxonomy

AS_IS = "as it is"
ALONE = "Would you ask to view the property in this version at this price?"
COSTS = "What the changes cost is not taken into account."
TOGETHER = "Which version would you ask to view, if any?"
_SEEN = 0.005
"""A gain below this is called 0 points."""


@dataclass(frozen=True)
class ModificationStudy:
    """Changes at an unchanged price, compared with the property as it is."""

    scenario: ModificationTesting
    readings: tuple[Reading, ...]
    listing: Listing
    assumptions: Assumptions
    where: str
    section: str = "modification_impact"

    @classmethod
    def of(
        cls, scenario: ModificationTesting, listing: Listing, assumptions: Assumptions, where: str
    ) -> "ModificationStudy":
        readings = tuple(map(assumptions.taxonomy.read, scenario.modifications))
        return cls(scenario, readings, listing, assumptions, where)

    @property
    def hypothetical_bias(self) -> float:
        stated = self.scenario.hypothetical_bias
        return float(self.assumptions.choice["hypothetical_bias"] if stated is None else stated)

    @cached_property
    def understood(self) -> tuple[Reading, ...]:
        return tuple(r for r in self.readings if r.understood)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Pairs of changes that can be carried out together; none unless interactions are asked for."""
        if not self.scenario.interactions:
            return ()
        several = combinations(self.understood, 2)
        found = (pair_of(one, other, self.listing, self.assumptions.taxonomy) for one, other in several)
        return tuple(pair for pair in found if pair is not None)

    @cached_property
    def questions(self) -> Sequence[Question]:
        changed = [self._alternative(r) for r in self.understood]
        if not changed:
            return ()
        as_is = Alternative(AS_IS, {}, self.listing.signs, self.listing.price)
        versions = (as_is, *changed)
        key = key_of("versions", versions)
        alone = Question(f"{key}-alone", ALONE, "each", (*versions, *self._ladder()), "property", self.listing)
        together = Question(f"{key}-together", TOGETHER, "menu", versions, "property", self.listing)
        return (alone, together, self._in_pairs(versions)) if self.pairs else (alone, together)

    def _ladder(self) -> list[Alternative]:
        prices = [self.listing.price * factor for factor in LADDER]
        return [Alternative(f"{AS_IS} at {findings.money(p)}", {}, self.listing.signs, p) for p in prices]

    def _in_pairs(self, versions: tuple[Alternative, ...]) -> Question:
        price = self.listing.price
        offered = (*versions, *(Alternative(p.name, p.changes, p.signs, price) for p in self.pairs))
        return Question(key_of("pairs", offered), ALONE, "each", offered, "property", self.listing)

    def _alternative(self, reading: Reading) -> Alternative:
        changes = changes_of(reading, self.listing, self.assumptions.taxonomy)
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
        alone, together = answers[:2]
        names = [a.name for a in together.question.alternatives]
        menu = (*together.probabilities[person], together.none[person])
        interest = [round(float(p), 4) for p in alone.probabilities[person, : len(names)]]
        pays = self.worth(alone.probabilities[person : person + 1]).values[0] / self.hypothetical_bias
        return {
            "chosen": (*names, NONE)[int(np.argmax(menu))],
            "interest": dict(zip(names, interest, strict=True)),
            "willingness_to_pay": {
                name: rounded(float(p)) if np.isfinite(p) else None for name, p in zip(names[1:], pays, strict=True)
            },
        }

    def worth(self, alone: Floats) -> Worth:
        """What the changes are worth, before the hypothetical bias, from the answers to the first question."""
        as_is, changed, dearer = np.split(alone, [1, 1 + len(self.understood)], axis=1)
        factors = np.array([1.0, *LADDER])
        rising = np.argsort(factors)
        interest = np.concatenate([as_is, dearer], axis=1)[:, rising]
        return worth_of(interest, factors[rising], changed, self.listing.price)

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
    unknown = dict.fromkeys(("change", "willingness_to_pay", "appeal", "probability_best"))
    return {"modification": modification, "understood": False, **unknown}


class _Analysis:
    """The answers to the questions about one set of changes."""

    def __init__(
        self, study: ModificationStudy, answers: Sequence[Answers], evidence: Evidence, threshold: float
    ) -> None:
        self._study, self._evidence, self._threshold = study, evidence, threshold
        alone, together = answers[:2]
        self._alternatives = together.question.alternatives[1:]
        self._names = [a.name for a in self._alternatives]
        versions = alone.probabilities[:, : 1 + len(self._names)]
        self._interest = evidence.mean_estimates(versions, low=0.0, high=1.0)
        changes = versions - versions[:, :1]
        self._changes = evidence.mean_estimates(changes, low=-1.0, high=1.0)[1:]
        # Doing nothing is one of the actions: its change is 0.
        self._best_as_is, *self._best = best_of(evidence.cloud(changes), 1 + len(self._names))
        appeal = np.concatenate([together.probabilities, together.none[:, None]], axis=1)
        self._appeal = evidence.mean_estimates(appeal, low=0.0, high=1.0)
        self._consensus = consensus_on(together.probabilities, evidence, threshold)
        self._order = sorted(range(len(self._names)), key=lambda j: (-(self._changes[j].value or 0), self._names[j]))
        self._worth = study.worth(alone.probabilities)
        self._pairs = interactions_of(study.pairs, answers[2], evidence) if study.pairs else ()

    def result(self) -> StudyResult:
        return StudyResult(
            detail=self._detail(),
            findings=tuple(self._sentences()),
            recommendations=tuple(self._recommendations()),
            headlines=tuple(self._headlines()),
            consensus=self._consensus,
        )

    def _headlines(self) -> list[Headline]:
        as_is = Headline(
            name="modification_testing.as_is.interest",
            estimate=self._interest[0],
            unit="probability",
            statement="A person like those asked asks to view the property as it is, at the asking price.",
        )
        changes = [
            Headline(name=f"modification_testing.{name}.change", estimate=estimate, unit="difference")
            for name, estimate in zip(self._names, self._changes, strict=True)
        ]
        worths = [
            Headline(name=f"modification_testing.{n}.willingness_to_pay", estimate=self._pays(j), unit="usd")
            for j, n in enumerate(self._names)
        ]
        return [as_is, *changes, *worths]

    def _pays(self, j: int) -> Estimate:
        """What the median person would pay for a change, after the hypothetical bias."""
        value, (low, high), n = self._worth.median(j)
        value, low, high = (None if x is None else x / self._study.hypothetical_bias for x in (value, low, high))
        return self._evidence.stated(value, (low, high), willingness_to_pay.METHOD).model_copy(update={"n": n})

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
            "willingness_to_pay": {
                "assumes": willingness_to_pay.ASSUMES,
                "hypothetical_bias": self._study.hypothetical_bias,
                "asking_price": self._study.listing.price,
                "between": [self._study.listing.price * (end - 1) for end in (LADDER[0], LADDER[-1])],
            },
            "interactions": [pair.as_json() for pair in self._pairs] if self._study.scenario.interactions else None,
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
            "willingness_to_pay": {
                **estimate_json(self._pays(j)),
                "beyond_the_prices_asked": int(self._worth.beyond[:, j].sum()),
            },
            "appeal": estimate_json(self._appeal[j + 1]),
            "rank": self._order.index(j) + 1,
            "probability_best": self._best[j],
        }

    # In words

    def _sentences(self) -> list[str]:
        price = findings.money(self._study.listing.price)
        before = f"As it is, {findings.share(self._interest[0])} would ask to view the property at {price}."
        after = f"With all versions side by side: {findings.agreement(self._consensus)}"
        changes = [self._sentence(j) for j in self._order]
        notes = [findings.hypothetical(self._study.hypothetical_bias), COSTS]
        return [before, *changes, *pair_sentences(self._pairs), *filter(None, notes), after]

    def _sentence(self, j: int) -> str:
        if not self._alternatives[j].changes:
            return f"'{self._names[j]}' changes nothing: the property has none of it."
        said = f"'{self._names[j]}' changes interest by {findings.change(self._changes[j])}"
        best = "" if self._best[j] is None else f" Probability of being best: {findings.probability(self._best[j])}."
        return f"{said}{self._money_words(j)}.{best}"

    def _money_words(self, j: int) -> str:
        pays = self._pays(j)
        if pays.value is None:
            return ""
        lowest, highest = (self._study.listing.price * (end - 1) for end in (LADDER[0], LADDER[-1]))
        stated = pays.value * self._study.hypothetical_bias
        cut = "at least " if stated >= 0.999 * highest else "at most " if stated <= 0.999 * lowest else ""
        return f" and is worth {cut}{findings.bounded(pays, findings.worth)} to the median person"

    def _recommendations(self) -> Iterator[Recommendation]:
        """None where the best change gains less than a reader would see, and none is nevertheless better."""
        first = self._order[0]
        gain = self._changes[first].value or 0.0
        if gain <= 0:
            yield Recommendation(action="Leave the property as it is", impact="low", confidence=self._best_as_is)
        elif gain >= _SEEN:
            yield Recommendation(
                action=f"Carry out '{self._names[first]}'",
                impact=impact_of(gain, high=0.10, medium=0.03),
                confidence=self._best[first],
            )
