"""Diagnostics find what is wrong with answers, and stay silent about what they cannot see."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from simulation_scene import EXAMPLE, focus_group, john, person, with_parameters

from dramatis_contracts.simulation_engine.v1 import Calibration
from dramatis_simulation_engine.diagnostics import correlation_of, diagnostics_of
from dramatis_simulation_engine.focus_group.model import FocusGroupPlan, simulate
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.questions import Alternative, Answers, Question
from dramatis_simulation_engine.respondents import RecordedRespondents, Reply
from dramatis_simulation_engine.seeds import Floats, normals
from dramatis_simulation_engine.statistics import Evidence

MENU = Question("menu", "Which?", "menu", tuple(map(Alternative, "abc")))
SECOND = Question("second", "And which?", "menu", tuple(map(Alternative, "abc")))
Answering = Callable[[np.random.Generator, tuple[int, ...], int], Floats]
"""From chance, the order shown (alternatives by place) and the person's number to probabilities."""


def recorded(answering: Answering, people: int = 40, replicates: int = 4, *questions: Question) -> RecordedRespondents:
    everyone = [person(f"pers_{i:03d}") for i in range(people)]
    replies = {}
    for question in questions or (MENU,):
        for number, one in enumerate(everyone):
            generator = np.random.default_rng((number, len(question.key)))
            shown = [tuple((first + place) % 3 for place in range(3)) for first in range(replicates)]
            replies[question.key, one.id] = [
                Reply(tuple(map(float, answering(generator, o, number))), o) for o in shown
            ]
    return RecordedRespondents(everyone, replies, "test")


def found(respondents: RecordedRespondents, *questions: Question) -> dict[str, Any]:
    answers = [Answers(q, respondents.answer(q, slice(None))) for q in questions or (MENU,)]
    evidence = Evidence(len(respondents.people), seed=1, model_version="test")
    return diagnostics_of(answers, respondents, evidence, None, 1)


def steady(_: np.random.Generator, order: tuple[int, ...], number: int) -> Floats:
    return np.asarray(np.eye(3)[number % 3])


def erratic(chance: np.random.Generator, order: tuple[int, ...], number: int) -> Floats:
    return chance.dirichlet([0.3, 0.3, 0.3])


def first_shown(_: np.random.Generator, order: tuple[int, ...], number: int) -> Floats:
    return np.asarray(0.1 + 0.6 * np.eye(3)[order[0]])


def all_alike(chance: np.random.Generator, order: tuple[int, ...], number: int) -> Floats:
    return np.array([0.6, 0.2, 0.1 + 0.001 * chance.random()])


def test_people_who_repeat_themselves_are_found_steady() -> None:
    retest = found(recorded(steady))["test_retest"]
    assert retest["same_choice"]["value"] == 1.0
    assert retest["kappa"] == 1.0
    assert retest["correlation"]["value"] == pytest.approx(1.0)
    assert retest["n"] == 40
    assert retest["same_choice"]["low"] < 1


def test_people_who_answer_by_chance_are_found_out() -> None:
    retest = found(recorded(erratic, people=120))["test_retest"]
    assert retest["correlation"]["low"] < 0 < retest["correlation"]["high"]
    assert abs(retest["kappa"]) < 0.2
    assert retest["same_choice"]["low"] < retest["same_choice_by_chance"] < retest["same_choice"]["high"]


def test_a_preference_for_whatever_is_shown_first_is_measured() -> None:
    bias = found(recorded(first_shown, people=60))["position_bias"]["excess_of_first"]
    assert bias["low"] < 0.6 < bias["high"]
    assert bias["low"] > 0.3
    assert bias["n"] == 60


@pytest.mark.parametrize("answering", [steady, all_alike])
def test_an_option_that_is_liked_for_itself_is_no_position_bias(answering: Answering) -> None:
    bias = found(recorded(answering, people=60))["position_bias"]["excess_of_first"]
    assert bias["low"] <= 0 <= bias["high"]


def test_respondents_who_are_all_alike_have_no_lasting_variance() -> None:
    alike, varied = (found(recorded(who))["variance"][0] for who in (all_alike, steady))
    assert alike["between_people"] < 0.01 < 0.4 < varied["between_people"]
    assert varied["lasting_share"] > 0.99


def test_rank_agreement_tells_one_ranking_from_many() -> None:
    same, mixed = (found(recorded(who))["rank_agreement"][0] for who in (all_alike, erratic))
    assert same["krippendorffs_alpha"]["value"] == pytest.approx(1.0)
    assert same["krippendorffs_alpha"]["low"] < 1
    assert same["p_if_all_rank_at_random"] < 1e-6
    assert mixed["krippendorffs_alpha"]["low"] < 0.1
    assert mixed["p_if_all_rank_at_random"] > 0.001


def test_people_who_always_take_the_same_place_are_counted() -> None:
    def first_place(_: np.random.Generator, order: tuple[int, ...], number: int) -> Floats:
        return np.asarray(np.eye(3)[order[0]])

    lining = found(recorded(first_place, 40, 4, MENU, SECOND), MENU, SECOND)["straight_lining"]
    assert lining["share"]["value"] == lining["by_chance"] == 1.0
    free = found(recorded(erratic, 200, 4, MENU, SECOND), MENU, SECOND)["straight_lining"]
    assert free["share"]["low"] < free["by_chance"] < free["share"]["high"]
    assert found(recorded(erratic))["straight_lining"] is None


def test_what_one_answer_one_person_or_one_option_cannot_show_is_not_claimed() -> None:
    once = found(recorded(erratic, replicates=1))
    assert once["test_retest"] is once["position_bias"] is once["chance_in_answers"] is None
    assert once["variance"] == []
    alone = found(recorded(erratic, people=1))
    assert alone["test_retest"]["correlation"]["value"] is None
    assert alone["test_retest"]["same_choice"]["low"] is None
    assert alone["position_bias"]["excess_of_first"]["low"] is None
    assert alone["rank_agreement"][0]["krippendorffs_alpha"]["value"] is None
    assert alone["variance"][0]["between_people"] is None


def test_a_menu_of_one_option_has_no_ranking_and_no_position() -> None:
    only = Question("only", "This?", "menu", (Alternative("a"),))
    everyone = [person(f"pers_{i}") for i in range(5)]
    replies = {("only", p.id): [Reply((0.4,), (0,)), Reply((0.6,), (0,))] for p in everyone}
    shown = found(RecordedRespondents(everyone, replies, "test"), only)
    assert shown["position_bias"] is None
    assert shown["rank_agreement"][0]["kendalls_w"]["value"] is None
    assert shown["test_retest"]["correlation"]["value"] is None


def test_the_correlation_leaves_the_popularity_of_options_aside() -> None:
    popular = np.array([0.8, 0.1, 0.1]) + 0.01 * normals(90, "one").reshape(30, 3)
    other = np.array([0.8, 0.1, 0.1]) + 0.01 * normals(90, "other").reshape(30, 3)
    assert correlation_of([popular], [popular]).value == pytest.approx(1.0)
    unrelated = correlation_of([popular], [other])
    assert unrelated.low is not None
    assert unrelated.high is not None
    assert unrelated.low < 0 < unrelated.high


def test_yes_or_no_to_single_offers_is_retested_without_places() -> None:
    offers = Question("offers", "Would you?", "each", tuple(map(Alternative, "abc")))
    steadily, by_chance = (recorded(who, 60, 2, offers) for who in (steady, erratic))
    sure, unsure = found(steadily, offers), found(by_chance, offers)
    assert sure["test_retest"]["same_choice"]["value"] == sure["test_retest"]["kappa"] == 1.0
    assert abs(unsure["test_retest"]["kappa"]) < 0.2
    assert sure["position_bias"] is sure["straight_lining"] is None
    assert sure["rank_agreement"][0]["question"] == "Would you?"


@dataclass(frozen=True)
class OnceOnly:
    """Respondents who cannot be asked again."""

    people: Sequence[Respondent]
    model_version: str = "test"
    kind: Literal["statistical", "llm"] = "statistical"
    calibration: Calibration = "assumed"
    unrecognized: Sequence[tuple[str, str]] = ()

    def answer(self, question: Question, rows: slice) -> Floats:
        return np.full((len(self.people), len(question.alternatives)), 0.2)[rows]

    def explained(self, question: Question, person: int, alternative: int) -> None:
        return None


def test_respondents_who_cannot_be_asked_again_show_agreement_only() -> None:
    once = OnceOnly([person(f"pers_{i}") for i in range(8)])
    shown = diagnostics_of(
        [Answers(MENU, once.answer(MENU, slice(None)))], once, Evidence(8, seed=1, model_version="test"), None, 1
    )
    assert shown["occasions"] == 0
    assert shown["test_retest"] is shown["position_bias"] is shown["straight_lining"] is None
    assert len(shown["rank_agreement"]) == 1


# The statistical respondents


def section(seed: int = 1, people: Sequence[Respondent] = (), **parameters: Any) -> dict[str, Any]:
    details = simulate(focus_group(**with_parameters(**parameters)), [john(), *people], seed).detailed_results
    assert details is not None
    diagnostics = details["diagnostics"]
    assert isinstance(diagnostics, dict)
    return diagnostics


def test_every_detailed_result_has_diagnostics_and_the_same_seed_the_same_bytes() -> None:
    one = section()
    assert json.dumps(one) == json.dumps(section())
    assert one["test_retest"]["n"] == 21
    assert {e["question"] for e in one["rank_agreement"]} == {e["question"] for e in one["variance"]}
    assert section(2) != one


def test_statistical_people_are_steady_but_not_machines_and_care_little_for_places() -> None:
    configuration = EXAMPLE["persona_configuration"] | {"generated_count": 400}
    details = simulate(focus_group(persona_configuration=configuration), [john()], 1).detailed_results
    assert details is not None
    found = details["diagnostics"]
    assert 0.3 < found["test_retest"]["correlation"]["low"] < found["test_retest"]["correlation"]["high"] < 0.95
    bias = found["position_bias"]["excess_of_first"]
    assert bias["low"] <= 0 <= bias["high"]
    assert bias["value"] != 0


def test_more_iterations_leave_less_chance() -> None:
    few, many = (section(iterations=n)["chance_in_answers"] for n in (10, 1000))
    assert many["answers_per_person"] == 1000
    assert many["standard_error_at_most"] == pytest.approx(few["standard_error_at_most"] / 10, rel=1e-3)


def test_a_summary_has_no_diagnostics() -> None:
    group = focus_group(**with_parameters(detail_level="summary"))
    assert simulate(group, [john()], 1).detailed_results is None


def test_answers_of_a_model_are_compared_with_what_the_choice_model_draws() -> None:
    plan = FocusGroupPlan(focus_group(), (john(),), 1)
    people = list(plan.people)
    alike = {
        (q.key, p.id): [
            Reply(tuple([0.8 / len(q.alternatives)] * len(q.alternatives)), tuple(range(len(q.alternatives))))
        ]
        * 2
        for q in plan.questions
        for p in people
    }
    respondents = RecordedRespondents(people, alike, "llm-test")
    answers = [Answers(q, respondents.answer(q, slice(None))) for q in plan.questions]
    details = plan.conclude(answers, respondents).detailed_results
    assert details is not None
    against = [v["between_people_against_choice_model"] for v in details["diagnostics"]["variance"]]
    assert against == [0.0] * len(plan.questions)
    assert section()["variance"][0]["between_people_against_choice_model"] is None
