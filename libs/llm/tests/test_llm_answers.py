"""What a model's answer may look like, over HTTP: the ladder of forms, repaired JSON, refusals."""

import pytest

from dramatis_llm import LanguageModel, Misconfigured, Refused, Unreachable, Unreadable, language_model
from dramatis_testkit.openai_server import Fault, ScriptedModel

from .conftest import ask, prompt, settings_for

SURE = {"probability": 0.25, "reason": "Too far."}


async def test_an_answer_follows_the_schema_that_was_sent(model: LanguageModel, server: ScriptedModel) -> None:
    server.answer = lambda _: SURE
    answer = await ask(model)
    assert (answer.value.probability, answer.value.reason) == (0.25, "Too far.")
    sent = server.asked[0].body
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent["response_format"]["json_schema"]["schema"]["additionalProperties"] is False
    assert (sent["seed"], sent["max_tokens"], answer.level) == (7, 50, "json_schema")


async def test_usage_is_what_the_endpoint_reported(model: LanguageModel, server: ScriptedModel) -> None:
    answer = await ask(model)
    assert answer.usage.tokens == server.tokens
    assert (answer.usage.attempts, answer.usage.from_cache) == (1, 0)
    assert answer.usage.cost is None


async def test_an_endpoint_that_reports_no_usage_leaves_it_unknown(model: LanguageModel, server: ScriptedModel) -> None:
    server.reports_usage = False
    assert (await ask(model)).usage.tokens is None


async def test_an_endpoint_without_schemas_is_asked_for_json_and_remembered(
    model: LanguageModel, server: ScriptedModel
) -> None:
    server.supports = {"json_object"}
    assert (await ask(model)).level == "json_object"
    assert (await ask(model, prompt("And this?"))).level == "json_object"
    forms = [a.body["response_format"]["type"] for a in server.asked]
    assert forms == ["json_schema", "json_object", "json_object"]


async def test_an_endpoint_that_knows_text_only_gets_the_schema_in_words(
    model: LanguageModel, server: ScriptedModel
) -> None:
    server.supports = set()
    answer = await ask(model)
    assert answer.level == "text"
    assert "response_format" not in server.asked[-1].body
    assert '"probability"' in server.asked[-1].body["messages"][-1]["content"]
    assert answer.usage.attempts == 3
    assert len(server.paid) == 1


async def test_parameters_that_an_endpoint_refuses_are_left_out(model: LanguageModel, server: ScriptedModel) -> None:
    server.rejects = {"max_tokens", "seed", "temperature"}
    answer = await ask(model, prompt(temperature=0.5))
    assert (answer.seed, answer.temperature) == (None, None)
    assert server.asked[-1].body["max_completion_tokens"] == 50


@pytest.mark.parametrize(
    "said",
    [
        'Sure.\n```json\n{"probability": 0.25, "reason": "Too far."}\n```\nAnything else?',
        'I would say {"probability": 0.25, "reason": "Too far."} in short.',
        "{'probability': 0.25, 'reason': 'Too far.',}",
        '<think>{"probability": 0.9}</think>{"probability": 0.25, "reason": "Too far."}',
        '{"probability": 0.25, "reason": "Too far."',
    ],
)
async def test_json_in_prose_or_slightly_wrong_is_read(model: LanguageModel, server: ScriptedModel, said: str) -> None:
    server.answer = lambda _: said
    assert (await ask(model)).value.model_dump() == SURE
    assert len(server.paid) == 1


async def test_an_unreadable_answer_is_asked_again_one_rung_lower(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("malformed")]
    answer = await ask(model)
    assert answer.level == "json_object"
    assert answer.usage.tokens == server.tokens
    assert len(server.paid) == 2
    assert (await ask(model, prompt("And this?"))).level == "json_schema"


async def test_what_stays_unreadable_is_an_error_that_carries_what_came(
    model: LanguageModel, server: ScriptedModel
) -> None:
    server.faults = [Fault("malformed", times=3, text="The second one!")]
    with pytest.raises(Unreadable) as failure:
        await ask(model)
    assert failure.value.text == "The second one!"
    assert failure.value.usage.tokens == server.tokens
    assert len(server.paid) == 3


async def test_an_answer_of_the_wrong_form_is_unreadable_and_says_where(
    model: LanguageModel, server: ScriptedModel
) -> None:
    server.answer = lambda _: {"probability": 1.7, "reason": "Sure"}
    with pytest.raises(Unreadable, match="probability"):
        await ask(model)


async def test_an_answer_that_was_cut_off_is_not_completed_by_guessing(
    model: LanguageModel, server: ScriptedModel
) -> None:
    server.faults = [Fault("truncated", times=3)]
    with pytest.raises(Unreadable, match="cut off"):
        await ask(model)


async def test_a_refusal_is_an_error_of_its_own_and_is_not_asked_again(
    model: LanguageModel, server: ScriptedModel
) -> None:
    server.faults = [Fault("refusal", text="I do not judge homes.")]
    with pytest.raises(Refused, match="I do not judge homes") as failure:
        await ask(model)
    assert failure.value.usage.tokens == server.tokens
    assert len(server.asked) == 1


async def test_a_wrong_key_is_told_at_once(model: LanguageModel, server: ScriptedModel) -> None:
    server.faults = [Fault("error", status=401, text="Incorrect API key provided")]
    with pytest.raises(Misconfigured, match="Incorrect API key"):
        await ask(model)
    assert len(server.asked) == 1


async def test_a_key_that_is_refused_is_not_repeated(server: ScriptedModel) -> None:
    server.faults = [Fault("error", status=401, text="Incorrect API key: sk-secret-1234")]
    async with language_model(settings_for(server, llm_api_key="sk-secret-1234")) as model:
        with pytest.raises(Misconfigured, match="Incorrect API key") as failure:
            await ask(model)
    assert "secret" not in str(failure.value)


async def test_a_server_that_is_no_language_model_is_told(server: ScriptedModel) -> None:
    elsewhere = settings_for(server, llm_base_url=server.url.replace("/v1", "/admin"), llm_retries=0)
    async with language_model(elsewhere) as model:
        with pytest.raises(Misconfigured, match="404"):
            await ask(model)


async def test_nobody_listening_is_unreachable_and_costs_nothing(server: ScriptedModel) -> None:
    async with language_model(settings_for(server, llm_base_url="http://127.0.0.1:1/v1")) as model:
        with pytest.raises(Unreachable) as failure:
            await ask(model)
    assert (failure.value.usage.attempts, failure.value.usage.lost) == (3, 0)
