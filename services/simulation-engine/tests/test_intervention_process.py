"""The process: probabilities stay probabilities, time is one however it is cut, and nothing depends on the order."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intervention_scene import STEPS, asked, follow_up, planned, random_people, step
from simulation_scene import john, person

from dramatis_simulation_engine.interventions.answered import AnsweredRespondents
from dramatis_simulation_engine.interventions.process import (
    CONSIDERING,
    CONVERTED,
    STATES,
    TRANSIENT,
    conversions,
    flows,
    meet,
    trajectory,
    wait,
)
from dramatis_simulation_engine.interventions.questions import Answers, questions_of
from dramatis_simulation_engine.interventions.respondents import load_sizes
from dramatis_simulation_engine.interventions.sequence import history_of, replaced
from dramatis_simulation_engine.interventions.vocabulary import load_vocabulary

days = st.integers(0, 60)
shares = st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7).filter(lambda s: sum(s) > 0.1)


def everyone(standing: list[float]) -> np.ndarray:
    one = np.array(standing) / sum(standing)
    return np.tile(one[:, None, None], (1, 2, 16))


@given(shares, days, days)
@settings(max_examples=50, deadline=None)
def test_waiting_twice_is_waiting_once_for_as_long(standing: list[float], first: int, second: int) -> None:
    people = asked(follow_up(), john(), person()).drawn(slice(0, 2))
    before = everyone(standing)[:, :, :1] * np.ones((1, 1, 64))
    once = wait(before, first + second, people)
    assert wait(wait(before, first, people), second, people) == pytest.approx(once, abs=1e-9)
    assert once.sum(axis=0) == pytest.approx(1.0, abs=1e-9)
    assert once.min() >= -1e-12
    assert (once[CONVERTED] >= before[CONVERTED]).all()


def test_waiting_is_the_solution_of_its_differential_equation() -> None:
    """Ten thousand small steps of the process give the same distribution as its formula."""
    people = asked(follow_up(), john()).drawn(slice(0, 1))
    forgetting, initiative = people.forgetting, people.initiative
    standing = np.zeros((len(STATES), 1, 64))
    standing[CONSIDERING] = 1.0
    stepped, small = standing.copy(), 20 / 10_000
    for _ in range(10_000):
        fell = forgetting * small * stepped[1:4]
        acted = initiative * small * stepped[CONSIDERING]
        calmed = people.calming * small * stepped[4]
        stepped[1:4] -= fell
        stepped[0:3] += fell
        stepped[CONSIDERING] -= acted
        stepped[CONVERTED] += acted
        stepped[4] -= calmed
        stepped[0] += calmed
    assert wait(standing, 20, people) == pytest.approx(stepped, abs=1e-4)


@given(shares)
@settings(max_examples=30, deadline=None)
def test_a_contact_moves_probability_and_loses_none(standing: list[float]) -> None:
    respondents = asked(follow_up(), john(), person(), iterations=16)
    people = respondents.drawn(slice(0, 2))
    forward, withdraw = people.reactions((), respondents.plan.own[0])
    assert ((forward > 0) & (withdraw > 0) & (forward + withdraw < 1)).all()
    after = meet(everyone(standing), forward, withdraw)
    assert after.sum(axis=0) == pytest.approx(1.0, abs=1e-12)


def test_a_trajectory_ends_where_the_conversion_is() -> None:
    respondents = asked(follow_up(), *random_people(5, 1))
    own = respondents.plan.own
    path = trajectory(respondents, own, 90)
    assert path.shape == (5, len(own) + 2, len(STATES))
    assert path.sum(axis=2) == pytest.approx(1.0)
    assert path[:, -1, CONVERTED] == pytest.approx(conversions(respondents, [own], 90)[:, 0])
    assert flows(respondents, own).shape == (5, len(own), len(TRANSIENT))


def test_a_sequence_is_followed_alike_alone_and_among_others() -> None:
    respondents = asked(follow_up(), *random_people(4, 2))
    own = respondents.plan.own
    others = [own, own[:1], (), own[1:], (replaced(own[0], "day", 2), *own[1:])]
    together = conversions(respondents, others, 90)
    alone = np.concatenate([conversions(respondents, [s], 90) for s in others], axis=1)
    np.testing.assert_array_equal(together, alone)


def test_the_order_and_company_of_people_change_nothing() -> None:
    people = random_people(6, 3)
    intervention = follow_up()
    forwards, backwards = asked(intervention, *people), asked(intervention, *reversed(people))
    own = [forwards.plan.own]
    np.testing.assert_array_equal(conversions(forwards, own, 90), conversions(backwards, own, 90))
    one = asked(intervention, people[2])
    np.testing.assert_array_equal(conversions(one, own, 90)[0], conversions(forwards, own, 90)[2])


def test_cuts_of_the_work_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    respondents = asked(follow_up(), *random_people(6, 4))
    whole = conversions(respondents, [respondents.plan.own], 90)
    monkeypatch.setattr("dramatis_simulation_engine.plan._CELLS", 64 * 40 * 2)
    assert len(list(respondents.chunks())) == 3
    np.testing.assert_array_equal(conversions(respondents, [respondents.plan.own], 90), whole)


def test_more_draws_change_little() -> None:
    """Sobol points: 64 draws are within a point of 4096."""
    people = random_people(5, 5)
    few, many = (asked(follow_up(), *people, iterations=count) for count in (64, 4096))
    own = [few.plan.own]
    assert conversions(few, own, 90) == pytest.approx(conversions(many, own, 90), abs=0.01)


def test_an_extreme_temperature_gives_probabilities_still() -> None:
    for temperature in (1e-9, 5.0):
        respondents = asked(follow_up(), *random_people(3, 6))
        respondents.scale[:] = temperature
        rates = conversions(respondents, [respondents.plan.own], 90)
        assert np.isfinite(rates).all()
        assert ((rates >= 0) & (rates <= 1)).all()


def test_history_counts_what_came_before() -> None:
    plan = asked(planned(step("day_1", "email"), step("day_2", "email"), step("day_9", "call")), person()).plan
    sizes = load_sizes().history
    first, second, third = (history_of(plan.own[:i], contact, sizes) for i, contact in enumerate(plan.own))
    assert (first.gap, second.gap, third.gap) == (1, 1, 7)
    assert (first.same_channel, second.same_channel, third.same_channel) == (0, 1, 0)
    assert third.pressure < first.pressure < second.pressure


def test_the_terms_of_an_explanation_sum_to_the_utility_that_is_used() -> None:
    respondents = asked(follow_up(), *random_people(4, 7))
    plan, vocabulary = respondents.plan, load_vocabulary()
    for question in questions_of(plan, (), vocabulary)[2:]:
        for i in range(4):
            for alternative in range(2):
                explained = respondents.explained(question, i, alternative)
                assert explained is not None
                total = round(sum(term["value"] for term in explained["terms"]), 4)
                assert total == explained["utility"]


def test_without_spread_the_answers_follow_from_the_printed_utilities() -> None:
    respondents = asked(follow_up(), *random_people(3, 8), iterations=1)
    question = questions_of(respondents.plan, (), load_vocabulary())[7]
    people = respondents.drawn(slice(0, 3))
    people.deviations[:] = respondents.personal[:, None, :]
    assert question.contact is not None
    state = TRANSIENT.index(question.state)
    forward, withdraw = people.reactions(question.before, question.contact)
    for i in range(3):
        terms = [respondents.explained(question, i, move) for move in range(2)]
        odds = np.exp([term["utility"] / respondents.scale[i] for term in terms if term])
        assert forward[state, i, 0] == pytest.approx(odds[0] / (1 + odds.sum()), abs=2e-4)
        assert withdraw[state, i, 0] == pytest.approx(odds[1] / (1 + odds.sum()), abs=2e-4)


def test_answers_alone_give_the_same_sequence_rates_where_people_do_not_vary() -> None:
    """A reader's answers are composed by the same process: without personal draws both ways agree."""
    respondents = asked(follow_up(), *random_people(5, 9), iterations=1)
    sizes, vocabulary, plan = load_sizes(), load_vocabulary(), respondents.plan
    respondents.scale[:] = 0.7
    for profile in ("fatigue",):
        respondents.constants[profile][:] = 0.0
    versions = (replaced(plan.own[1], "channel", "email"), replaced(plan.own[2], "day", 14))
    questions = questions_of(plan, versions, vocabulary)
    answers = [Answers(q, respondents.answer(q, slice(0, 5))) for q in questions]
    answered = AnsweredRespondents(answers, plan.own, 0.7, sizes, vocabulary)
    one_change = (plan.own[0], versions[0], plan.own[2])
    two_changes = (plan.own[0], versions[0], versions[1])
    for sequence in (plan.own, one_change, two_changes, plan.own[1:], ()):
        asked_rates = conversions(answered, [sequence], 90)
        assert asked_rates == pytest.approx(conversions(respondents, [sequence], 90), abs=0.01)


def test_questions_have_different_keys_and_their_alternatives_are_described() -> None:
    respondents = asked(follow_up(), person())
    versions = tuple(replaced(c, "tone", "formal") for c in respondents.plan.own)
    questions = questions_of(respondents.plan, versions, load_vocabulary())
    assert len({q.key for q in questions}) == len(questions) == 2 + len(STEPS) * len(TRANSIENT) + len(versions)
    assert all(q.stimulus and q.format == "menu" for q in questions)
    assert all(a.description for q in questions for a in q.alternatives)
    json.dumps([q.text for q in questions])
