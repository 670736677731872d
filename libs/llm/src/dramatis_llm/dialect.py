"""What one endpoint and model understand. Learnt from its refusals, which cost nothing, and remembered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dramatis_llm.prompts import Prompt
from dramatis_llm.settings import LlmSettings

Level = Literal["json_schema", "json_object", "text"]
LADDER: tuple[Level, ...] = ("json_schema", "json_object", "text")

_ABOUT_FORM = ("response_format", "json_schema", "json_object", "json mode", "structured output", "guided_json")
_SEED_RANGE = 2**31
"""Some endpoints keep a seed in 32 bits."""


def lower_of(one: Level, other: Level) -> Level:
    return LADDER[max(LADDER.index(one), LADDER.index(other))]


@dataclass(slots=True)
class Dialect:
    """`level` is the highest rung of the ladder that the endpoint has not refused."""

    level: Level = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    unknown: set[str] = field(default_factory=set)
    """Parameters that the endpoint refuses."""

    def rungs(self) -> tuple[Level, ...]:
        """The forms to try in turn. Whoever knows text only is asked a second time."""
        rungs = LADDER[LADDER.index(self.level) :]
        return rungs if len(rungs) > 1 else rungs * 2

    def request(self, prompt: Prompt[Any], level: Level, settings: LlmSettings, reading: int) -> dict[str, Any]:
        """The body of the call. Each further reading of the same prompt has a seed of its own."""
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        form = _response_format(prompt, level)
        if level != "json_schema":
            messages[-1]["content"] += _instruction(prompt)
        wanted = {
            "model": settings.llm_model,
            "messages": messages,
            self.limit: prompt.max_output_tokens or settings.llm_max_tokens,
            "seed": (prompt.seed + reading) % _SEED_RANGE,
            "temperature": prompt.temperature,
            "response_format": form,
        }
        return {key: value for key, value in wanted.items() if value is not None and key not in self.unknown}

    def learn(self, refusal: str, request: Mapping[str, Any], level: Level) -> bool:
        """Whether the refusal says how to ask differently. `level` is the one that was refused."""
        text = refusal.lower()
        if "max_completion_tokens" in text and "max_tokens" in request:
            self.limit = "max_completion_tokens"
            return True
        if level != "text" and any(word in text for word in _ABOUT_FORM):
            # Of several calls refused at the same time only the first takes the step.
            if self.level == level:
                self.level = LADDER[LADDER.index(level) + 1]
            return True
        named = {name for name in ("seed", "temperature") if name in request and name in text}
        self.unknown |= named
        return bool(named)


def _response_format(prompt: Prompt[Any], level: Level) -> dict[str, Any] | None:
    match level:
        case "json_schema":
            form = {"name": prompt.answer.__name__, "strict": True, "schema": prompt.schema()}
            return {"type": "json_schema", "json_schema": form}
        case "json_object":
            return {"type": "json_object"}
        case "text":
            return None


def _instruction(prompt: Prompt[Any]) -> str:
    return (
        "\n\nAnswer with one JSON object and nothing else. It must follow this JSON Schema:\n"
        f"{json.dumps(prompt.schema(), ensure_ascii=False)}"
    )
