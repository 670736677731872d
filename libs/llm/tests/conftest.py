"""A scripted endpoint, and a model that asks it without long waits."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from dramatis_llm import Budget, LanguageModel, LlmSettings, MemoryCache, Message, Prompt, language_model
from dramatis_llm.model import Answer
from dramatis_testkit.openai_server import ScriptedModel, scripted_model

TENANT = "ten_1"


class Choice(BaseModel):
    """What a persona would do."""

    probability: Annotated[float, Field(ge=0, le=1)]
    reason: str


def prompt(text: str = "Would you visit?", **others: Any) -> Prompt[Choice]:
    said = (Message("system", "You are a buyer of a home."), Message("user", text))
    return Prompt(said, Choice, **{"seed": 7, **others})


def settings_for(server: ScriptedModel, **others: Any) -> LlmSettings:
    quick: dict[str, Any] = {
        "llm_base_url": server.url,
        "llm_model": "scripted",
        "llm_timeout_seconds": 5,
        "llm_backoff_seconds": 0.01,
        "llm_max_tokens": 50,
    }
    return LlmSettings(**{**quick, **others})


async def ask(
    model: LanguageModel, asked: Prompt[Choice] | None = None, budget: Budget | None = None
) -> Answer[Choice]:
    return await model.ask(asked or prompt(), tenant=TENANT, budget=budget or Budget())


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as served:
        yield served


@pytest.fixture
async def model(server: ScriptedModel) -> AsyncIterator[LanguageModel]:
    async with language_model(settings_for(server), MemoryCache()) as opened:
        yield opened
