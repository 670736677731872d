"""From what a model wrote to the agreed form: strict JSON first, then JSON found in prose, then repaired JSON. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from dramatis_llm.errors import Refused, Unreadable
from dramatis_llm.prompts import AnswerT

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL | re.IGNORECASE)


def read(completion: Mapping[str, Any], form: type[AnswerT]) -> tuple[AnswerT, str]:
    """The answer and its text. Raises `Refused` and `Unreadable`."""
    choice = (completion.get("choices") or [{}])[0] or {}
    message, finish = choice.get("message") or {}, choice.get("finish_reason")
    text = message.get("content") or ""
    if message.get("refusal") or finish == "content_filter":
        raise Refused(message.get("refusal") or text)
    return read_text(text, form, complete=finish != "length"), text


def read_text(text: str, form: type[AnswerT], *, complete: bool = True) -> AnswerT:
    """Raises `Unreadable`. Text that was cut off is not repaired: that would invent its end."""
    issue = "no JSON object in it"
    for found in _candidates(_THOUGHT.sub("", text).strip(), complete):
        try:
            return form.model_validate(found)
        except ValidationError as error:
            issue = _first_issue(error)
    raise Unreadable(
        text, issue if complete else "it was cut off at the longest answer allowed, DRAMATIS_LLM_MAX_TOKENS"
    )


def _candidates(text: str, complete: bool) -> Iterator[dict[str, Any]]:  # noqa: FBT001  # private, one call
    braces = text[text.find("{") : text.rfind("}") + 1] if "{" in text else ""
    for part in (text, *_FENCE.findall(text), braces):
        if isinstance(found := _strictly(part), dict):
            yield found
    if complete and "{" in text:
        # Imported where it is needed: most answers are JSON as they come.
        from json_repair import loads as repaired

        found = repaired(text[text.find("{") :])
        if isinstance(found, dict) and found:
            yield found


def _strictly(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _first_issue(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'answer'}: {first['msg']}"
