"""What is asked: messages, the form of the answer, and everything that makes one question differ from another. Pure."""

import json
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

AnswerT = TypeVar("AnswerT", bound=BaseModel)

_PER_MESSAGE = 16
"""Tokens that a chat template may put around a message."""


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt(Generic[AnswerT]):
    """One question. Put what many questions share first: endpoints keep the beginnings of prompts in a cache.

    `answer` must be a model of plain fields, lists and models; strict endpoints know no free mappings. `seed` and
    `replicate` are part of the cache's key, so that repeated questions do not collapse into one answer.
    """

    messages: tuple[Message, ...]
    answer: type[AnswerT]
    seed: int
    replicate: int = 0
    temperature: float | None = None
    """None leaves it to the model."""
    max_output_tokens: int | None = None
    """None is the setting."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the answer as strict endpoints want it: closed objects, every field required."""
        closed: dict[str, Any] = _strict(self.answer.model_json_schema())
        return closed

    def most_tokens_read(self) -> int:
        """An upper bound: no token of a byte-level vocabulary is shorter than one byte. The form counts twice.

        Endpoints may put the schema into the prompt, and on the lower rungs we do so ourselves.
        """
        form = len(json.dumps(self.schema()).encode())
        return sum(len(m.content.encode()) + _PER_MESSAGE for m in self.messages) + 2 * form + 8 * _PER_MESSAGE


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _strict(value) for key, value in node.items() if key != "default"}
    if "properties" in node and node.get("type") == "object":
        closed |= {"additionalProperties": False, "required": list(node["properties"])}
    return closed
