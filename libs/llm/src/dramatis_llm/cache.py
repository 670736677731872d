"""Answers to questions that were asked before. What is stored is the endpoint's answer as it came."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dramatis_llm.prompts import Prompt
from dramatis_llm.settings import LlmSettings

Completion = Mapping[str, Any]
"""A chat completion, as `model_dump(mode="json")` gives it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and the run that paid for it; empty where nobody said."""

    completion: Completion
    run: str = ""


class AnswerCache(Protocol):
    async def get(self, tenant: str, key: str) -> Kept | None: ...

    async def put(self, tenant: str, key: str, kept: Kept) -> None: ...


class NoCache:
    """Asks anew every time."""

    async def get(self, tenant: str, key: str) -> Kept | None:  # noqa: ARG002  # as the protocol says
        return None

    async def put(self, tenant: str, key: str, kept: Kept) -> None:
        """Forget it."""


class MemoryCache:
    """The latest answers of one process."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._answers: OrderedDict[tuple[str, str], Kept] = OrderedDict()

    async def get(self, tenant: str, key: str) -> Kept | None:
        found = self._answers.get((tenant, key))
        if found is not None:
            self._answers.move_to_end((tenant, key))
        return found

    async def put(self, tenant: str, key: str, kept: Kept) -> None:
        self._answers[tenant, key] = kept
        self._answers.move_to_end((tenant, key))
        while len(self._answers) > self._size:
            self._answers.popitem(last=False)


def cache_key(settings: LlmSettings, prompt: Prompt[Any]) -> str:
    """Everything that an answer depends on. Without the replicate, repetitions would collapse into one answer."""
    schema = json.dumps(prompt.schema(), sort_keys=True)
    parts = {
        "endpoint": settings.llm_base_url,
        "model": settings.llm_model,
        "messages": [(m.role, m.content) for m in prompt.messages],
        "temperature": prompt.temperature,
        "max_tokens": prompt.max_output_tokens or settings.llm_max_tokens,
        "schema": hashlib.sha256(schema.encode()).hexdigest(),
        "seed": prompt.seed,
        "replicate": prompt.replicate,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
