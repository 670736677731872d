"""Personas played by a language model, over HTTP against a scripted one: what is asked, recorded and concluded."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from intervention_scene import follow_up, plan_for
from llm_scene import (
    CALLS,
    PHOTOS,
    MemoryJournal,
    anna,
    crowd,
    interview,
    model_at,
    options_in,
    preferring,
    said,
    study,
)
from simulation_scene import john, person

from dramatis_contracts.persona.v1 import Insight
from dramatis_llm import BudgetExhausted, MemoryCache, Misconfigured, PriceUnknown, Refused, Unreachable, Unreadable
from dramatis_simulation_engine.llm.forms import menu_form
from dramatis_simulation_engine.llm.prompts import in_words, menu_prompt, order_of
from dramatis_testkit.openai_server import Fault, ScriptedModel, scripted_model


@pytest.fixture
async def server() -> Any:
    async with scripted_model(answer=preferring("sunset")) as served:
        yield served


async def test_everyone_is_asked_everything_twice_and_the_shares_are_what_was_answered(server: ScriptedModel) -> None:
    journal, plan = MemoryJournal(), study(*crowd(4))
    async with model_at(server) as model:
        outcome = await interview(model, plan, journal).outcome()
    assert len(server.paid) == 4 * CALLS
    assert outcome.n_respondents == 4
    assert outcome.tokens_used == server.tokens
    assert outcome.cost is None
    assert outcome.model_version.startswith("llm-1-")
    assert outcome.model_version.endswith("-scripted")
    assert outcome.detailed_results is not None
    ranking = outcome.detailed_results["photo_preferences"]
    assert "sunset_view" in str(ranking)
    for answer in journal.answers:
        if answer.question.startswith("photographs"):
            assert answer.probabilities == (0.7, 0.1, 0.1)


async def test_the_price_is_multiplied_where_it_is_known(server: ScriptedModel) -> None:
    async with model_at(server, llm_input_price=Decimal(1), llm_output_price=Decimal(10)) as model:
        outcome = await interview(model, study(john()), MemoryJournal()).outcome()
    assert outcome.cost is not None
    assert 0 < outcome.cost < 1


async def test_what_is_known_stands_in_the_prompt_and_the_person_stands_last(server: ScriptedModel) -> None:
    async with model_at(server) as model:
        await interview(model, study(john(), anna()), MemoryJournal()).outcome()
    menus = [a.body for a in server.asked if "# Options" in said(a.body)]
    text = next(said(body) for body in menus if "Hedge Fund Manager" in said(body))
    parts = [text.index(part) for part in ("432 Park Avenue", "# Question", "# Options", "Hedge Fund Manager")]
    assert parts == sorted(parts)
    assert "- deal breakers: highway_noise, no_privacy" in text
    shared = text.index("# Options")
    assert {said(body)[:shared] for body in menus} == {text[:shared]}


def test_insights_are_told_with_their_source() -> None:
    learnt = Insight(kind="dislikes", text="open kitchens", source="call of 3 May", confidence=0.8)
    told = in_words(replace(john(), insights=(learnt,)))
    assert "- learnt (dislikes, from call of 3 May): open kitchens" in told
    assert in_words(person("pers_1")) == "Nothing is known about this person."


async def test_the_second_time_the_options_stand_in_reverse_order(server: ScriptedModel) -> None:
    journal = MemoryJournal()
    async with model_at(server) as model:
        await interview(model, study(john()), journal).outcome()
    first, second = (options_in(a.body) for a in server.asked if "# Options" in said(a.body))
    assert first == second[::-1]
    orders = [a.order for a in journal.answers if a.question.startswith("photographs")]
    assert sorted(orders) in ([orders[0], orders[1]], [orders[1], orders[0]])
    assert orders[0] == orders[1][::-1]


def test_orders_differ_between_people_and_stay_the_same_for_one() -> None:
    plan = study(*crowd(60))
    question = plan.questions[0]
    orders = [order_of(question, p, 0, 7) for p in plan.people]
    assert len(set(orders)) == 6
    assert orders == [order_of(question, p, 0, 7) for p in plan.people]


def test_replicates_differ_in_their_seed() -> None:
    plan = study(john())
    prompts = [menu_prompt(plan.questions[0], john(), (0, 1, 2), r, 7, 3.0) for r in (0, 1)]
    assert prompts[0].seed != prompts[1].seed
    assert prompts[0].temperature == 2.0


async def test_the_same_recorded_answers_give_the_same_bytes(server: ScriptedModel) -> None:
    server.answer = None
    journal, plan = MemoryJournal(), study(*crowd(3))
    async with model_at(server) as model:
        first = await interview(model, plan, journal).outcome()
        again = await interview(model, plan, journal).outcome()
    assert repr(first) == repr(again)
    assert len(server.paid) == 3 * CALLS


async def test_the_answers_do_not_depend_on_how_many_are_asked_at_once(server: ScriptedModel) -> None:
    server.answer = None
    one, many = MemoryJournal(), MemoryJournal()
    async with model_at(server) as model:
        slow = await interview(model, study(*crowd(3)), one, at_once=1).outcome()
        fast = await interview(model, study(*crowd(3)), many, at_once=8).outcome()
    assert slow.detailed_results is not None
    assert fast.detailed_results is not None
    assert slow.detailed_results["photo_preferences"] == fast.detailed_results["photo_preferences"]
    assert slow.headlines == fast.headlines


async def test_an_interview_that_was_broken_off_asks_only_for_the_rest(server: ScriptedModel) -> None:
    server.delay_seconds = 0.02
    journal, plan, cache = MemoryJournal(), study(*crowd(6)), MemoryCache()
    async with model_at(server, cache) as model:
        broken = asyncio.create_task(interview(model, plan, journal, batch_size=2).outcome())
        await server.got(20)
        broken.cancel()
        with pytest.raises(asyncio.CancelledError):
            await broken
        assert journal.answers
        outcome = await interview(model, plan, journal).outcome()
    answered = {a.key for a in server.paid}
    assert len(answered) == 6 * CALLS
    assert outcome.tokens_used is not None
    assert 0 <= server.tokens - outcome.tokens_used <= 4 * max(a.tokens for a in server.paid)
    assert len(server.paid) <= 6 * CALLS + 4
    assert outcome.n_respondents == 6


async def test_an_exhausted_budget_gives_the_results_of_those_who_answered_everything(server: ScriptedModel) -> None:
    journal = MemoryJournal()
    async with model_at(server) as model:
        outcome = await interview(model, study(*crowd(10)), journal, max_tokens=20_000).outcome()
    assert 0 < outcome.n_respondents < 10
    assert server.tokens <= 20_000
    assert outcome.tokens_used == server.tokens
    assert any(f"{outcome.n_respondents} of 10 people were asked everything" in f for f in outcome.summary.key_findings)
    photos = [h for h in outcome.headlines if h.estimate.n]
    assert {h.estimate.n for h in photos} == {outcome.n_respondents}


async def test_a_budget_spent_before_a_crash_is_spent(server: ScriptedModel) -> None:
    journal, plan = MemoryJournal(), study(*crowd(10))
    async with model_at(server) as model:
        first = await interview(model, plan, journal, max_tokens=20_000).outcome()
        asked = len(server.asked)
        again = await interview(model, plan, journal, max_tokens=20_000).outcome()
    assert again.n_respondents == first.n_respondents
    assert len(server.asked) - asked <= 4
    assert server.tokens <= 20_000


async def test_a_budget_that_reaches_nobody_is_an_error(server: ScriptedModel) -> None:
    async with model_at(server) as model:
        with pytest.raises(BudgetExhausted, match="4000 tokens"):
            await interview(model, study(*crowd(3)), MemoryJournal(), max_tokens=4000).outcome()


async def test_a_budget_in_money_without_a_price_asks_nothing(server: ScriptedModel) -> None:
    async with model_at(server) as model:
        with pytest.raises(PriceUnknown, match="scripted"):
            await interview(model, study(john()), MemoryJournal(), max_cost=Decimal(1)).outcome()
    assert server.asked == []


async def test_a_person_whom_the_model_will_not_play_is_left_out_and_counted(server: ScriptedModel) -> None:
    server.faults = [Fault("refusal", times=99, containing="Hedge Fund")]
    journal = MemoryJournal()
    async with model_at(server) as model:
        outcome = await interview(model, study(*crowd(4)), journal, at_once=1).outcome()
    assert outcome.n_respondents == 3
    assert any("1 person is left out" in finding for finding in outcome.summary.key_findings)
    assert outcome.detailed_results is not None
    assert [p["persona_id"] for p in outcome.detailed_results["language_model"]["left_out"]] == ["pers_123"]
    assert outcome.tokens_used == server.tokens


async def test_a_model_that_plays_nobody_is_an_error(server: ScriptedModel) -> None:
    server.faults = [Fault("refusal", times=99)]
    async with model_at(server) as model:
        with pytest.raises(Refused):
            await interview(model, study(john()), MemoryJournal()).outcome()


async def test_probabilities_that_do_not_sum_to_one_are_asked_again(server: ScriptedModel) -> None:
    wrong = '{"reason": "", "option_1": 0.9, "option_2": 0.9, "option_3": 0.1, "none": 0}'
    server.faults = [Fault("malformed", text=wrong, containing="# Options")]
    async with model_at(server) as model:
        outcome = await interview(model, study(john()), MemoryJournal()).outcome()
    assert outcome.n_respondents == 1
    assert len(server.paid) == CALLS + 1


async def test_probabilities_that_never_sum_to_one_are_an_honest_error(server: ScriptedModel) -> None:
    wrong = '{"reason": "", "option_1": 0.9, "option_2": 0.9, "option_3": 0.1, "none": 0}'
    server.faults = [Fault("malformed", times=99, text=wrong, containing="# Options")]
    async with model_at(server) as model:
        with pytest.raises(Unreadable, match=r"sum to 1\.9"):
            await interview(model, study(john()), MemoryJournal()).outcome()


async def test_sums_within_rounding_are_normalised(server: ScriptedModel) -> None:
    rounded = '{"reason": "", "option_1": 0.33, "option_2": 0.33, "option_3": 0.33, "none": 0}'
    server.faults = [Fault("malformed", times=2, text=rounded, containing="# Options")]
    journal = MemoryJournal()
    async with model_at(server) as model:
        await interview(model, study(john()), journal).outcome()
    menus = [a for a in journal.answers if a.question.startswith("photographs")]
    assert all(sum(a.probabilities) == pytest.approx(1, abs=1e-5) for a in menus)


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault("error", times=99), Unreachable), (Fault("error", status=401, text="bad key", times=99), Misconfigured)],
)
async def test_an_endpoint_that_fails_keeps_what_was_answered(
    server: ScriptedModel, fault: Fault, error: type[Exception]
) -> None:
    journal, plan = MemoryJournal(), study(*crowd(3))
    async with model_at(server) as model:
        server.faults = [replace(fault, containing="Hedge Fund")]
        with pytest.raises(error):
            await interview(model, plan, journal, at_once=1).outcome()
        server.faults = []
        outcome = await interview(model, plan, journal).outcome()
    assert outcome.n_respondents == 3
    assert len(server.paid) == len({a.key for a in server.paid}) == 3 * CALLS


async def test_no_schema_support_gives_the_same_results(server: ScriptedModel) -> None:
    server.supports = set()
    async with model_at(server) as model:
        outcome = await interview(model, study(*crowd(2)), MemoryJournal()).outcome()
    assert outcome.n_respondents == 2
    assert len(server.paid) == 2 * CALLS


async def test_diagnostics_see_a_model_that_prefers_the_first_place(server: ScriptedModel) -> None:
    def lazy(body: Any) -> Any:
        if "# Offer" in said(body):
            return {"reason": "", "probability": 0.5}
        return {"reason": "", "option_1": 0.6, "option_2": 0.2, "option_3": 0.1, "none": 0.1}

    server.answer = lazy
    async with model_at(server) as model:
        outcome = await interview(model, study(*crowd(5)), MemoryJournal()).outcome()
    assert outcome.detailed_results is not None
    found = outcome.detailed_results["language_model"]
    assert found["position_bias"]["value"] == pytest.approx(0.5)
    assert found["test_retest"]["mean_absolute_difference"] > 0.1


async def test_diagnostics_of_a_steady_model_show_no_bias(server: ScriptedModel) -> None:
    async with model_at(server) as model:
        outcome = await interview(model, study(*crowd(5)), MemoryJournal()).outcome()
    assert outcome.detailed_results is not None
    found = outcome.detailed_results["language_model"]
    assert found["position_bias"]["value"] == pytest.approx(0)
    assert found["test_retest"]["correlation"] == pytest.approx(1)
    assert np.isclose(found["test_retest"]["mean_absolute_difference"], 0)


@pytest.mark.parametrize("shares", [(30, 50, 10, 10), (0.3, 0.5, 0.1, 0.1), (0.31, 0.5, 0.1, 0.1)])
def test_percentages_and_rounded_shares_are_the_same_distribution(shares: tuple[float, ...]) -> None:
    stated = dict(zip(("option_1", "option_2", "option_3", "none"), shares, strict=True))
    answer = menu_form(3).model_validate(stated)
    assert answer.probabilities == pytest.approx((0.3, 0.5, 0.1), abs=0.01)


@pytest.mark.parametrize("shares", [(float("nan"), 0.5, 0.5), (-0.1, 0.6, 0.5), (0, 0, 0), (1, 1, 1)])
def test_what_is_no_distribution_is_not_read(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="sum to"):
        menu_form(2).model_validate(dict(zip(("option_1", "option_2", "none"), shares, strict=True)))


async def test_reasons_are_narration_and_nothing_more(server: ScriptedModel) -> None:
    async with model_at(server) as model:
        outcome = await interview(model, study(john()), MemoryJournal()).outcome()
    assert outcome.detailed_results is not None
    response = outcome.detailed_results["persona_responses"][0]
    assert response["answers"][0]["explanation"]["narration"] == ["I like the sunset."] * 2


async def test_findings_say_whose_answers_these_are(server: ScriptedModel) -> None:
    async with model_at(server) as model:
        outcome = await interview(model, study(*crowd(3)), MemoryJournal()).outcome()
    assert "These are the answers of the language model scripted for the personas, not answers of people." in (
        outcome.summary.key_findings
    )


async def test_asking_stops_early_once_the_answer_is_settled(server: ScriptedModel) -> None:
    brief = {"test_scenarios": [PHOTOS], "simulation_parameters": {"iterations": 10, "stop_early": True}}
    journal, plan = MemoryJournal(), study(*crowd(90), **brief)
    server.answer = preferring("sunset", 0.88)
    async with model_at(server) as model:
        outcome = await interview(model, plan, journal, at_once=8).outcome()
        asked = len(server.paid)
        again = await interview(model, plan, journal, at_once=8).outcome()
    assert outcome.n_respondents < 90
    assert asked == outcome.n_respondents * 2
    assert repr(again) == repr(outcome)
    assert len(server.paid) == asked


async def test_a_follow_up_is_asked_of_a_language_model_as_well(server: ScriptedModel) -> None:
    server.answer = None
    plan = plan_for(follow_up(), john(), anna())
    async with model_at(server) as model:
        outcome = await interview(model, plan, MemoryJournal(), replicates=1).outcome()
    assert outcome.n_respondents == 2
    assert len(server.paid) == 2 * len(plan.questions)
    assert outcome.tokens_used == server.tokens
