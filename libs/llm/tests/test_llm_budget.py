"""Budgets in tokens and in money hold, also for many calls at the same time."""

import asyncio
from decimal import Decimal

import pytest

from dramatis_llm import Budget, BudgetExhausted, LanguageModel, LlmSettings, PriceUnknown, language_model
from dramatis_llm.errors import LlmError
from dramatis_llm.prices import Prices
from dramatis_llm.usage import Tokens
from dramatis_testkit.openai_server import ScriptedModel

from .conftest import ask, prompt, settings_for


async def test_many_calls_at_the_same_time_never_exceed_a_budget_of_tokens(
    model: LanguageModel, server: ScriptedModel
) -> None:
    budget = Budget(max_tokens=3000)
    asked = [ask(model, prompt(f"Number {n}"), budget) for n in range(200)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [a for a in answers if isinstance(a, BudgetExhausted)]
    assert len(refused) + len(server.paid) == 200
    assert 0 < server.tokens == budget.spent_tokens <= 3000
    # What is left is less than one call's bound.
    assert budget.spent_tokens > 3000 - prompt("Number 199").most_tokens_read() - 50


async def test_many_calls_at_the_same_time_never_exceed_a_budget_of_money(server: ScriptedModel) -> None:
    priced = settings_for(server, llm_input_price=Decimal("2"), llm_output_price=Decimal("8"))
    budget = Budget(max_cost=Decimal("0.005"))
    async with language_model(priced) as model:
        asked = [ask(model, prompt(f"Number {n}"), budget) for n in range(200)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
    costs = [a.usage.cost for a in answers if not isinstance(a, BaseException)]
    assert len(costs) == len(server.paid) < 200
    assert sum(c for c in costs if c is not None) == budget.spent_cost <= Decimal("0.005")


async def test_a_budget_too_small_for_one_call_makes_none(model: LanguageModel, server: ScriptedModel) -> None:
    with pytest.raises(BudgetExhausted, match="100 tokens"):
        await ask(model, budget=Budget(max_tokens=100))
    assert server.asked == []


async def test_a_budget_goes_on_where_an_earlier_process_stopped(model: LanguageModel, server: ScriptedModel) -> None:
    with pytest.raises(BudgetExhausted, match="99990 are spent"):
        await ask(model, budget=Budget(max_tokens=100_000, spent_tokens=99_990))
    assert server.asked == []


async def test_money_cannot_be_limited_where_the_price_is_unknown(model: LanguageModel, server: ScriptedModel) -> None:
    with pytest.raises(PriceUnknown, match="'scripted'"):
        await ask(model, budget=Budget(max_cost=Decimal(1)))
    assert server.asked == []


async def test_a_call_waits_for_those_in_flight_before_it_is_refused() -> None:
    budget = Budget(max_tokens=100)
    first = await budget.reserve(80, None)
    second = asyncio.create_task(budget.reserve(80, None))
    await asyncio.sleep(0)
    assert not second.done()
    first.settle(10, None)
    (await second).settle(80, None)
    assert budget.spent_tokens == 90


async def test_a_reservation_is_settled_once() -> None:
    budget = Budget(max_tokens=100)
    reserved = await budget.reserve(80, Decimal(1))
    reserved.settle(None, None)
    reserved.release()
    assert (budget.spent_tokens, budget.spent_cost) == (80, Decimal(1))


@pytest.mark.parametrize(
    ("configured", "cost"),
    [
        ({"llm_base_url": "https://api.openai.com/v1", "llm_model": "gpt-4o-mini"}, Decimal("0.000195")),
        ({"llm_base_url": "http://127.0.0.1:11434/v1", "llm_model": "gpt-4o-mini"}, None),
        ({"llm_base_url": "https://api.openai.com/v1", "llm_model": "no-such-model"}, None),
        (
            {"llm_base_url": "http://proxy/v1", "llm_model": "gpt-4o-mini", "llm_price_provider": "openai"},
            Decimal("0.000195"),
        ),
        ({"llm_model": "own", "llm_input_price": 0, "llm_output_price": 0}, Decimal(0)),
    ],
)
def test_a_price_is_known_by_its_endpoint_or_unknown(configured: dict[str, object], cost: Decimal | None) -> None:
    settings = LlmSettings.model_validate(configured)
    assert Prices(settings).cost(Tokens(1000, 100, 200)) == cost
    assert Prices(settings).cost(None) is None


async def test_every_failure_has_a_code_and_words() -> None:
    for failure in LlmError.__subclasses__():
        assert failure.code.startswith("LLM_")
