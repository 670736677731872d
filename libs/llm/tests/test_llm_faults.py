"""Endpoints that are busy, slow, hang or break off, over HTTP."""

import asyncio
import time

import pytest

from dramatis_llm import Budget, LanguageModel, RateLimited, Unreachable, language_model
from dramatis_llm.endpoint import retry_after_of
from dramatis_testkit.openai_server import Fault, ScriptedModel

from .conftest import ask, prompt, settings_for


async def test_a_rate_limit_is_waited_out_as_long_as_it_says(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("rate_limited", retry_after=0.3)]
    begun = time.monotonic()
    answer = await ask(model)
    assert time.monotonic() - begun >= 0.3
    assert (answer.usage.attempts, len(server.paid)) == (2, 1)


async def test_a_rate_limit_holds_for_every_call(model: LanguageModel, server: ScriptedModel) -> None:
    await ask(model)
    server.faults = [Fault("rate_limited", retry_after=0.5)]
    limited = asyncio.create_task(ask(model, prompt("The one that is limited")))
    await server.got(2)
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await ask(model, prompt("Another one"))
    assert time.monotonic() - begun >= 0.3
    await limited


async def test_a_longer_wait_than_the_deadline_is_told_instead(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("rate_limited", retry_after=3600)]
    with pytest.raises(RateLimited) as failure:
        await ask(model)
    assert failure.value.retry_after == 3600
    assert len(server.asked) == 1


async def test_a_rate_limit_that_stays_ends_after_the_retries(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("rate_limited", times=9)]
    with pytest.raises(RateLimited):
        await ask(model)
    assert len(server.asked) == 3


async def test_a_spent_quota_is_not_waited_for(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("rate_limited", text="You exceeded your current quota, insufficient_quota")]
    with pytest.raises(Exception, match="quota"):
        await ask(model)
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", [Fault("error", status=500), Fault("unavailable", retry_after=0.05), Fault("cut")])
async def test_a_fault_that_passes_is_retried(model: LanguageModel, server: ScriptedModel, fault: Fault) -> None:
    server.faults = [fault]
    assert (await ask(model)).usage.attempts == 2


async def test_a_page_instead_of_an_answer_is_a_fault(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("page", times=3)]
    with pytest.raises(Unreachable, match="not a chat completion"):
        await ask(model)


@pytest.mark.parametrize("kind", ["hang", "slow"])
async def test_what_does_not_come_in_time_ends_by_the_deadline(server: ScriptedModel, kind: str) -> None:
    server.faults = [Fault("hang" if kind == "hang" else "slow", times=2)]
    async with language_model(settings_for(server, llm_timeout_seconds=0.4, llm_retries=1)) as model:
        with pytest.raises(Unreachable, match=r"0\.4 s") as failure:
            await ask(model)
    assert (failure.value.usage.attempts, failure.value.usage.lost) == (2, 2)


async def test_a_lost_answer_counts_as_the_most_that_it_can_have_taken(server: ScriptedModel) -> None:
    server.faults = [Fault("cut")]
    budget = Budget(max_tokens=100_000)
    async with language_model(settings_for(server)) as model:
        answer = await ask(model, budget=budget)
    assert answer.usage.tokens is not None
    assert answer.usage.lost == 1
    assert budget.spent_tokens >= server.tokens


async def test_no_more_calls_than_allowed_are_in_flight(server: ScriptedModel) -> None:
    server.delay_seconds = 0.02
    async with language_model(settings_for(server, llm_concurrency=3)) as model:
        await asyncio.gather(*(ask(model, prompt(f"Number {n}")) for n in range(20)))
    assert server.most_at_once == 3


async def test_many_first_calls_learn_from_one_refusal(server: ScriptedModel) -> None:
    server.supports = set()
    async with language_model(settings_for(server)) as model:
        await asyncio.gather(*(ask(model, prompt(f"Number {n}")) for n in range(12)))
    assert len(server.asked) == 14


async def test_a_cancelled_call_ends_at_once_and_stays_reserved(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("hang")]
    budget = Budget(max_tokens=100_000)
    call = asyncio.create_task(ask(model, budget=budget))
    await server.got(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert budget.spent_tokens > 0


def test_a_wait_is_read_in_seconds_milliseconds_or_as_a_date() -> None:
    assert retry_after_of({"retry-after": "1.5"}) == 1.5
    assert retry_after_of({"retry-after-ms": "250", "retry-after": "1"}) == 0.25
    assert retry_after_of({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_of({"retry-after": "soon"}) is None
    assert retry_after_of({}) is None
