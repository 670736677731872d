"""Asking people in growing batches, by lot, until what one wants to know is settled. Pure.

What is wanted is, for every question with a consensus to look for, whether there is one. The order of asking has
nothing to do with who the people are, so that everyone asked so far stands for all. Whether a question is settled is
decided by bets that stay fair however often one looks (`statistics.is_settled`), and the intervals of a study that may
stop early hold at every look (`statistics.Evidence`).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dramatis_simulation_engine.questions import Answers, QuestionT
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.seeds import Floats, by_lot
from dramatis_simulation_engine.statistics import FIRST_LOOK, LEVEL, is_settled

_GROWTH = 1.5
METHOD = "e-processes by betting on each claim (Waudby-Smith and Ramdas 2023), valid at every look together"
Watch = Callable[[QuestionT, int], None]
"""Told after each question of a batch how many people have been asked it."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """When a study may stop. `questions`: places, among all questions, of those on which a consensus is looked for."""

    questions: tuple[int, ...]
    threshold: float
    seed: int

    def settled(self, answers: Sequence[Floats]) -> bool:
        """From the answers to all questions, each (people in the order of asking, alternatives)."""
        wanted = [answers[place] for place in self.questions]
        return bool(wanted) and all(is_settled(shares, self.threshold) for shares in wanted)


def looks_at(planned: int) -> tuple[int, ...]:
    """After how many people results are looked at: 20, 30, 45, … and everyone."""
    looks = [FIRST_LOOK]
    while looks[-1] < planned:
        looks.append(math.ceil(looks[-1] * _GROWTH))
    return (*(look for look in looks if look < planned), planned)


def ask_until_settled(
    questions: Sequence[QuestionT], respondents: Respondents[QuestionT], stopping: Stopping, watch: Watch[QuestionT]
) -> tuple[list[Answers[QuestionT]], list[int]]:
    """Answers of those who were asked, and their places among all respondents, rising."""
    order = by_lot([person.id for person in respondents.people], stopping.seed)
    given: list[list[Floats]] = [[] for _ in questions]
    asked = 0
    for look in looks_at(len(order)):
        for place, question in enumerate(questions):
            given[place].extend(_one_by_one(question, respondents, order[asked:look]))
            watch(question, look)
        asked = look
        if stopping.settled([np.stack(rows) for rows in given]):
            break
    rows = sorted(order[:asked])
    turn_of = {row: turn for turn, row in enumerate(order[:asked])}
    sorted_turns = [turn_of[row] for row in rows]
    answers = [Answers(q, np.stack(found)[sorted_turns]) for q, found in zip(questions, given, strict=True)]
    return answers, rows


def _one_by_one(question: QuestionT, respondents: Respondents[QuestionT], rows: Sequence[int]) -> Iterator[Floats]:
    for row in rows:
        yield respondents.answer(question, slice(row, row + 1))[0]


@dataclass(frozen=True, slots=True)
class Stopped:
    """How asking ended, in a study that might stop early."""

    asked: int
    planned: int
    settled: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "planned": self.planned,
            "settled": self.settled,
            "looks": [look for look in looks_at(self.planned) if look <= self.asked],
            "level": LEVEL,
            "method": METHOD,
        }


def stopped_at(stopping: Stopping | None, answers: Sequence[Floats], people: Sequence[str], planned: int) -> Stopped:
    """From the answers of those who were asked, in the order of their ids. Without a rule nothing is settled."""
    if stopping is None:
        return Stopped(len(people), planned, settled=False)
    order = by_lot(people, stopping.seed)
    return Stopped(len(people), planned, stopping.settled([given[order] for given in answers]))
