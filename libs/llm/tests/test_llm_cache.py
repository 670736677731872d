"""Answers that were paid for are not paid for again, and repetitions do not collapse into one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_kit import Document
from dramatis_kit.provisioning import drift_of, provision
from dramatis_llm import Budget, LanguageModel, MemoryCache, MongoCache, NotConfigured, Usage, language_model
from dramatis_llm.cache import Kept, cache_key
from dramatis_llm.settings import LlmSettings
from dramatis_testkit.clock import FixedClock
from dramatis_testkit.openai_server import Fault, ScriptedModel

from .conftest import TENANT, ask, prompt, settings_for


async def test_a_cached_answer_takes_nothing_and_says_so(model: LanguageModel, server: ScriptedModel) -> None:
    first, again = await ask(model), await ask(model, budget=Budget(max_tokens=0))
    assert again.value == first.value
    assert again.usage == Usage(from_cache=1)
    assert (again.usage.tokens, again.usage.cost) == (0, Decimal(0))
    assert len(server.asked) == 1


async def test_replicates_and_seeds_are_asked_each(model: LanguageModel, server: ScriptedModel) -> None:
    await ask(model)
    await ask(model, prompt(replicate=1))
    await ask(model, prompt(seed=8))
    assert len(server.paid) == 3


async def test_another_tenant_asks_anew(model: LanguageModel, server: ScriptedModel) -> None:
    await ask(model)
    await model.ask(prompt(), tenant="ten_2", budget=Budget())
    assert len(server.paid) == 2


async def test_an_answer_that_the_same_run_paid_for_counts_as_it_did(
    model: LanguageModel, server: ScriptedModel
) -> None:
    """It died before it could say so."""
    first = await model.ask(prompt(), tenant=TENANT, budget=Budget(), run="sim_1")
    budget = Budget()
    again = await model.ask(prompt(), tenant=TENANT, budget=budget, run="sim_1")
    other = await model.ask(prompt(), tenant=TENANT, budget=budget, run="sim_2")
    assert again.usage.tokens == first.usage.tokens == budget.spent_tokens == server.tokens
    assert other.usage.tokens == 0


async def test_a_failure_is_not_cached(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("refusal")]
    with pytest.raises(Exception, match="declined"):
        await ask(model)
    assert (await ask(model)).usage.from_cache == 0


def test_everything_that_an_answer_depends_on_is_in_the_key() -> None:
    settings = LlmSettings(llm_base_url="http://a/v1", llm_model="m")
    keys = {
        cache_key(s, p)
        for s, p in [
            (settings, prompt()),
            (settings, prompt("Other words")),
            (settings, prompt(seed=8)),
            (settings, prompt(replicate=1)),
            (settings, prompt(temperature=0.5)),
            (settings, prompt(max_output_tokens=9)),
            (settings.model_copy(update={"llm_model": "n"}), prompt()),
            (settings.model_copy(update={"llm_base_url": "http://b/v1"}), prompt()),
        ]
    }
    assert len(keys) == 8
    assert cache_key(settings, prompt()) in keys


async def test_the_memory_of_a_process_is_bounded() -> None:
    cache = MemoryCache(size=2)
    for key in ("a", "b", "c"):
        await cache.put(TENANT, key, Kept({"key": key}))
    assert [await cache.get(TENANT, key) for key in ("a", "b", "c")] == [
        None,
        Kept({"key": "b"}),
        Kept({"key": "c"}),
    ]


async def test_engines_share_the_cache_in_mongodb(database: AsyncDatabase[Document], server: ScriptedModel) -> None:
    for _ in range(2):
        async with language_model(settings_for(server), MongoCache(database, 60)) as model:
            await ask(model)
    assert len(server.paid) == 1


async def test_an_answer_expires(database: AsyncDatabase[Document], server: ScriptedModel) -> None:
    clock = FixedClock()
    async with language_model(settings_for(server), MongoCache(database, 60, clock)) as model:
        await ask(model)
        clock.now += timedelta(seconds=61)
        await ask(model)
    assert len(server.paid) == 2


async def test_the_index_by_which_answers_expire_is_provisioned_once(database: AsyncDatabase[Document]) -> None:
    resources = MongoCache(database, 60).resources()
    assert [drift.what for drift in await provision(resources)] == ["missing"]
    assert await drift_of(resources) == []


async def test_a_cache_that_is_down_fails_no_call(server: ScriptedModel, database: AsyncDatabase[Document]) -> None:
    async with (
        AsyncMongoClient[Document]("mongodb://127.0.0.1:1", timeoutMS=100) as nowhere,
        language_model(settings_for(server), MongoCache(nowhere[database.name], 60)) as model,
    ):
        assert (await ask(model)).usage.attempts == 1


async def test_without_an_address_and_a_model_there_is_no_language_model() -> None:
    with pytest.raises(NotConfigured, match="DRAMATIS_LLM_BASE_URL"):
        async with language_model(LlmSettings()):
            pass
