"""A scripted language model, the published example as its study, and a journal in memory."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from simulation_scene import EXAMPLE, focus_group, john, person

from dramatis_contracts.simulation_engine import v1
from dramatis_llm import AnswerCache, LanguageModel, LlmSettings, language_model
from dramatis_simulation_engine.focus_group.model import FocusGroupPlan
from dramatis_simulation_engine.llm.interviewing import Interview, Terms
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Plan
from dramatis_testkit.openai_server import ScriptedModel

PHOTOS = {"type": "photo_selection", "options": ["sunset_view", "interior_design", "building_exterior"]}
PRICES = {"type": "pricing_strategy", "price_points": [42_000_000, 45_000_000, 48_000_000]}
CALLS = 2 * (1 + 3)
"""For one person: a menu of photographs and three prices, two times."""


def anna(person_id: str = "pers_anna") -> Respondent:
    return person(person_id, demographics={"occupation": "Architect", "age_range": "35-44"})


@dataclass
class MemoryJournal:
    """What the log would hold."""

    batches: list[v1.AnswersRecorded] = field(default_factory=list)

    async def read(self) -> Sequence[v1.AnswersRecorded]:
        return list(self.batches)

    async def append(self, batch: v1.AnswersRecorded) -> None:
        self.batches.append(v1.AnswersRecorded.model_validate_json(batch.model_dump_json()))

    @property
    def answers(self) -> list[v1.RecordedAnswer]:
        return [answer for batch in self.batches for answer in batch.answers]


def study(*people: Respondent, **changes: Any) -> FocusGroupPlan:
    ids = [p.id for p in people]
    who = {**EXAMPLE["persona_configuration"], "mode": "specific", "specific_personas": ids, "generated_count": 0}
    parts = {"test_scenarios": [PHOTOS, PRICES], "persona_configuration": who, **changes}
    return FocusGroupPlan(focus_group(**parts), people, 7)


def crowd(count: int) -> list[Respondent]:
    return [john(), anna(), *(anna(f"pers_{n:03}") for n in range(count - 2))]


def llm_settings_for(server: ScriptedModel, **others: Any) -> LlmSettings:
    quick = {"llm_base_url": server.url, "llm_model": "scripted", "llm_backoff_seconds": 0.01}
    return LlmSettings.model_validate({**quick, "llm_timeout_seconds": 5, "llm_max_tokens": 100, **others})


@asynccontextmanager
async def model_at(
    server: ScriptedModel, cache: AnswerCache | None = None, **others: Any
) -> AsyncIterator[LanguageModel]:
    async with language_model(llm_settings_for(server, **others), cache) as model:
        yield model


def interview(model: LanguageModel, plan: Plan[Any], journal: MemoryJournal, **terms: Any) -> Interview:
    usual: dict[str, Any] = {
        "tenant": "brk_1",
        "run": "sim_1",
        "seed": 7,
        "temperature": 0.7,
        "replicates": 2,
        "at_once": 4,
    }
    return Interview(plan, model, journal, Terms(**{**usual, **terms}), lambda *_: None)


def said(body: Mapping[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def options_in(body: Mapping[str, Any]) -> list[str]:
    """What a request offers, in the order in which it is shown; without `none`."""
    lines = said(body).split("# Options\n")[1].split("\nnone:")[0].splitlines()
    return [line.partition(": ")[2] for line in lines]


def preferring(word: str, share: float = 0.7) -> Any:
    """A model that likes the option with this word, and takes any offer with this probability."""

    def answer(body: Mapping[str, Any]) -> Any:
        if "# Offer" in said(body):
            return {"reason": "A fair price.", "probability": share}
        options = options_in(body)
        rest = (0.9 - share) / (len(options) - 1)
        chosen = {f"option_{n + 1}": share if word in text else rest for n, text in enumerate(options)}
        return json.dumps({"reason": f"I like the {word}.", **chosen, "none": 0.1})

    return answer
