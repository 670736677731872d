"""Which photograph should lead? Everyone chooses one of them, or none. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, Photo, PhotoSelection, Recommendation
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
from dramatis_simulation_engine.statistics import (
    JACKKNIFE,
    Consensus,
    Evidence,
    best_of,
    consensus_on,
    kendalls_w,
)
from dramatis_simulation_engine.taxonomy import Reading, Taxonomy, words_of

QUESTION = "Which of these photographs would make you look further, if any?"
_HARDLY_ANYBODY = 0.005
"""Below this share no photograph leads: all are refused."""


@dataclass(frozen=True)
class PhotoStudy:
    """Shares of choices among the photographs that are understood. One that is not gets no share."""

    scenario: PhotoSelection
    readings: tuple[Reading, ...]
    listing: Listing
    where: str
    section: str = "photo_preferences"

    @classmethod
    def of(
        cls, scenario: PhotoSelection, photos: Sequence[Photo], listing: Listing, taxonomy: Taxonomy, where: str
    ) -> "PhotoStudy":
        readings = tuple(_read(option, photos, taxonomy) for option in scenario.options)
        return cls(scenario=scenario, readings=readings, listing=listing, where=where)

    @cached_property
    def questions(self) -> Sequence[Question]:
        alternatives = tuple(self._alternative(r) for r in self.readings if r.understood)
        if not alternatives:
            return ()
        key = key_of("photographs", alternatives)
        return (Question(key, QUESTION, "menu", alternatives, "photograph", self.listing),)

    def _alternative(self, reading: Reading) -> Alternative:
        levels = {attribute: float(sign) for attribute, sign in reading.signs.items()}
        return Alternative(reading.text, levels, frozenset(reading.signs.items()), self.listing.price)

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        return unread(f"{self.where}.options", self.readings)

    def analyse(self, answers: Sequence[Answers], evidence: Evidence, threshold: float) -> StudyResult:
        if not answers:
            return StudyResult(
                detail={"question": QUESTION, "options": [_unknown_option(o) for o in self.scenario.options]},
                findings=(f"No photograph among {findings.listed(list(self.scenario.options))} is understood.",),
            )
        return _Analysis(self, answers[0], evidence, threshold).result()

    def response(self, answers: Sequence[Answers], person: int) -> dict[str, Any]:
        if not answers:
            return {"chosen": None, "probabilities": {}}
        names = [a.name for a in answers[0].question.alternatives]
        shares = [round(float(p), 4) for p in (*answers[0].probabilities[person], answers[0].none[person])]
        return {
            "chosen": (*names, NONE)[int(np.argmax(shares))],
            "probabilities": dict(zip((*names, NONE), shares, strict=True)),
        }

    def explained(self, answers: Sequence[Answers], person: int) -> tuple[Question, int] | None:
        return (answers[0].question, top_alternative(answers[0], person)) if answers else None


def _read(option: str, photos: Sequence[Photo], taxonomy: Taxonomy) -> Reading:
    """An option by its words; if it is the url or the room of a photograph, also by that photograph's caption."""
    reading = taxonomy.read(option)
    same = [p for p in photos if p.url == option or words_of(p.room or "") == words_of(option)]
    captions = [taxonomy.read(text) for p in same for text in (p.room, p.caption) if text]
    signs = dict(reading.signs)
    for caption in captions:
        signs = dict(caption.signs) | signs
    return Reading(option, signs, reading.unknown if reading.understood or not signs else ())


def _unknown_option(option: str) -> dict[str, Any]:
    return {"option": option, "understood": False, "share": None, "rank": None, "probability_best": None}


class _Analysis:
    """The answers to one photograph question, taken together."""

    def __init__(self, study: PhotoStudy, answers: Answers, evidence: Evidence, threshold: float) -> None:
        self._study, self._evidence, self._threshold = study, evidence, threshold
        self._answers = answers
        self._names = [a.name for a in answers.question.alternatives]
        values = np.concatenate([answers.probabilities, answers.none[:, None]], axis=1)
        self._cloud = evidence.cloud(values)
        *self._shares, self._none = evidence.mean_estimates(values, low=0.0, high=1.0)
        offered = None if self._cloud is None else self._cloud[:, :-1]
        self._compared = len(self._names) > 1
        self._best = best_of(offered if self._compared else None, len(self._names))
        self._order = sorted(range(len(self._names)), key=lambda j: (-(self._shares[j].value or 0), self._names[j]))
        self._leads = self._compared and _value(self._shares[self._order[0]]) >= _HARDLY_ANYBODY
        self._consensus = (
            consensus_on(answers.probabilities, evidence, threshold)
            if self._leads
            else Consensus(threshold, None, None)
        )

    def result(self) -> StudyResult:
        return StudyResult(
            detail=self._detail(),
            findings=tuple(self._sentences()),
            recommendations=(self._recommendation(),) if self._leads else (),
            headlines=tuple(
                Headline(
                    name=f"photo_selection.{name}.share",
                    estimate=estimate,
                    unit="probability",
                    statement=f"A person like those asked looks further at '{name}' when all of them are shown.",
                )
                for name, estimate in zip(self._names, self._shares, strict=True)
            ),
            consensus=self._consensus,
        )

    def _detail(self) -> dict[str, Any]:
        agreement = kendalls_w(self._answers.probabilities) if self._compared else None
        known = dict(zip(self._names, range(len(self._names)), strict=True))
        return {
            "question": QUESTION,
            "options": [
                self._option(known[o]) if o in known else _unknown_option(o) for o in self._study.scenario.options
            ],
            "none": estimate_json(self._none),
            "ranking": [self._names[j] for j in self._order],
            "agreement": agreement
            and estimate_json(self._evidence.stated(agreement.value, (agreement.low, agreement.high), JACKKNIFE)),
            "consensus": self._consensus.as_json(),
        }

    def _option(self, j: int) -> dict[str, Any]:
        return {
            "option": self._names[j],
            "understood": True,
            "attributes": sorted(self._answers.question.alternatives[j].changes),
            "share": estimate_json(self._shares[j]),
            "rank": self._order.index(j) + 1,
            "probability_best": self._best[j],
        }

    def _sentences(self) -> list[str]:
        first = self._order[0]
        name, share = self._names[first], findings.share(self._shares[first])
        none = f"None of the photographs: {findings.share(self._none)} of choices."
        if not self._compared:
            alone = f"Of the photographs only '{name}' is understood, so that nothing can be said of which should lead"
            return [f"{alone}; shown alone it draws {share} of choices.", none]
        if not self._leads:
            return [f"Hardly anybody asked would look further at any of the {len(self._order)} photographs.", none]
        second = self._order[1]
        return [
            f"'{name}' draws the most choices: {share}; "
            f"'{self._names[second]}' follows with {findings.share(self._shares[second])}. "
            f"Probability that it truly leads: {findings.probability(self._best[first])}.",
            none,
            findings.agreement(self._consensus),
        ]

    def _recommendation(self) -> Recommendation:
        first = self._order[0]
        return Recommendation(
            action=f"Use '{self._names[first]}' as the leading photograph",
            impact=impact_of(self._lead(), high=0.15, medium=0.05),
            confidence=self._best[first],
        )

    def _lead(self) -> float:
        """The leading share less the second."""
        first, second = self._order[:2]
        return _value(self._shares[first]) - _value(self._shares[second])


def _value(estimate: Estimate) -> float:
    return estimate.value or 0.0
