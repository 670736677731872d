"""The life of a taste set, without any engine: given what happened, when something is asked, then this follows."""

import json
from pathlib import Path
from typing import Any

import pytest

from dramatis_contracts.tastes import v1
from dramatis_kit import Rejected
from dramatis_simulation_engine.taste_sets.commands import Begin, Command, Observe, RecordFit
from dramatis_simulation_engine.taste_sets.decider import MOST_ANSWERS, Tastes, decide, evolve
from dramatis_simulation_engine.taste_sets.projections import decode, encode

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples"


def example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return document


FITTED = v1.TastesFitted.model_validate(example("tastes.fitted.v1"))
ASKED = v1.TastesQuestionAsked.model_validate(example("tastes.question_asked.v1"))
OBSERVED = v1.TastesChoiceObserved.model_validate(example("tastes.choice_observed.v1"))
SECOND = v1.TastesQuestionAsked(question=ASKED.question.model_copy(update={"number": 2}), interview=None)


def given(*events: v1.Event) -> Tastes:
    tastes = Tastes()
    for event in events:
        tastes = evolve(tastes, event)
    return tastes


def begin() -> Begin:
    assert ASKED.interview is not None
    return Begin(ASKED.interview, ASKED.question)


def answer(question: int = 1, chosen: str = "A") -> Observe:
    return Observe(v1.Answer(question=question, chosen=chosen), OBSERVED.tastes, OBSERVED.used, SECOND.question)


def test_a_fit_is_recorded_once() -> None:
    assert decide(RecordFit(FITTED), Tastes()) == [FITTED]
    with pytest.raises(Rejected, match="exist already"):
        decide(RecordFit(FITTED), given(FITTED))


def test_an_interview_begins_once_and_applies_to_nobody_before_the_first_answer() -> None:
    assert decide(begin(), Tastes()) == [ASKED]
    assert given(ASKED).applies_to == v1.AppliesTo()
    with pytest.raises(Rejected, match="exist already"):
        decide(begin(), given(ASKED))


def test_an_answer_is_recorded_with_the_next_question() -> None:
    assert decide(answer(), given(ASKED)) == [OBSERVED, SECOND]
    after = given(ASKED, OBSERVED, SECOND)
    assert after.used == (OBSERVED.used,)
    assert after.applies_to.personas == OBSERVED.used.personas
    assert after.open == SECOND.question


def test_a_repeated_answer_is_no_second_event() -> None:
    assert decide(answer(), given(ASKED, OBSERVED, SECOND)) == []


def test_no_more_than_a_bounded_number_of_answers_is_taken() -> None:
    events: list[v1.Event] = [ASKED]
    for number in range(1, MOST_ANSWERS + 1):
        events.append(OBSERVED.model_copy(update={"question": number}))
        question = ASKED.question.model_copy(update={"number": number + 1})
        events.append(v1.TastesQuestionAsked(question=question, interview=None))
    with pytest.raises(Rejected, match="are enough"):
        decide(answer(question=MOST_ANSWERS + 1), given(*events))


@pytest.mark.parametrize(
    ("history", "command", "code"),
    [
        ((), answer(), "NOT_FOUND"),
        ((FITTED,), answer(), "CONFLICT"),
        ((ASKED,), answer(question=2), "CONFLICT"),
        ((ASKED,), answer(chosen="Z"), "INVALID_TASTES"),
        ((ASKED, OBSERVED, SECOND), answer(chosen="B"), "CONFLICT"),
    ],
)
def test_what_does_not_belong_to_the_open_question_is_refused(
    history: tuple[v1.Event, ...], command: Command, code: str
) -> None:
    with pytest.raises(Rejected) as refused:
        decide(command, given(*history))
    assert refused.value.code == code


@pytest.mark.parametrize("history", [(), (FITTED,), (ASKED,), (ASKED, OBSERVED, SECOND)])
def test_a_state_is_the_same_after_it_was_kept(history: tuple[v1.Event, ...]) -> None:
    assert decode(encode(given(*history))) == given(*history)
