"""From recorded answers to results, with what was paid and who is missing. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dramatis_contracts.simulation_engine import v1
from dramatis_llm import LlmError
from dramatis_simulation_engine.llm.diagnostics import diagnostics_of
from dramatis_simulation_engine.llm.prompts import model_version_of
from dramatis_simulation_engine.llm.recording import Key, answers_in, cost_in, replies_of, tokens_in
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Plan, concluded
from dramatis_simulation_engine.questions import Answers
from dramatis_simulation_engine.respondents import RecordedRespondents

_SHOWN = 50
"""People left out who are named one by one."""


def conclude(
    plan: Plan[Any],
    batches: Sequence[v1.AnswersRecorded],
    model: str,
    replicates: int,
    left_out: Mapping[str, LlmError],
    stopped_by: LlmError | None,
) -> Outcome:
    """The results of those who answered everything. Raises what stopped the asking, if there is nobody of that kind."""
    answers = answers_in(batches)
    people = _complete(plan, answers, replicates)
    if not people:
        raise stopped_by or next(iter(left_out.values()))
    respondents = RecordedRespondents(people, replies_of(answers), model_version_of(model))
    asked = [Answers(question, respondents.answer(question, slice(None))) for question in plan.questions]
    outcome = concluded(plan, asked, respondents)
    notes = (*_notes(len(people), len(plan.people), model, left_out, stopped_by),)
    summary = outcome.summary.model_copy(update={"key_findings": (*outcome.summary.key_findings, *notes)})
    details = outcome.detailed_results
    if details is not None:
        section = _section(batches, model, replicates, left_out)
        details = {**details, "language_model": {**section, **diagnostics_of(plan.questions, respondents)}}
    return replace(
        outcome, summary=summary, detailed_results=details, tokens_used=tokens_in(batches), cost=cost_in(batches)
    )


def _complete(plan: Plan[Any], answers: Mapping[Key, v1.RecordedAnswer], replicates: int) -> list[Respondent]:
    wanted = [(question.key, replicate) for question in plan.questions for replicate in range(replicates)]
    return [p for p in plan.people if all((question, p.id, replicate) in answers for question, replicate in wanted)]


def _notes(
    n: int, invited: int, model: str, left_out: Mapping[str, LlmError], stopped_by: LlmError | None
) -> Iterator[str]:
    yield f"These are the answers of the language model {model} for the personas, not answers of people."
    if stopped_by is not None and n < invited:
        yield f"{n} of {invited} people were asked everything, and only they count: {stopped_by.message}"
    if left_out:
        first = next(iter(left_out.values()))
        are = "1 person is" if len(left_out) == 1 else f"{len(left_out)} people are"
        yield f"{are} left out because there is no usable answer for them. {first.message}"


def _section(
    batches: Sequence[v1.AnswersRecorded], model: str, replicates: int, left_out: Mapping[str, LlmError]
) -> dict[str, Any]:
    usages = [batch.usage for batch in batches]
    return {
        "model": model,
        "replicates": replicates,
        "usage": {
            "calls": sum(u.calls for u in usages),
            "cached_calls": sum(u.cached_calls for u in usages),
            "lost_calls": sum(u.lost_calls for u in usages),
            "tokens": tokens_in(batches),
            "cost": cost_in(batches),
        },
        "left_out": [{"persona_id": p, "reason": e.message} for p, e in sorted(left_out.items())[:_SHOWN]],
    }
