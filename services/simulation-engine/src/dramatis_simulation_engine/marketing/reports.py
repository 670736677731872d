"""What every forecast of this domain says: population, what was not understood, answers of persons. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.fitting import fitting
from dramatis_simulation_engine.marketing.questions import Answers, Question
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.respondents import Respondents

DETAIL_BYTES = 700_000
"""The detailed results stay below this many bytes of JSON: with all the rest, an event stays under 1 MiB."""
UNREAD_SHOWN = 200

Unread = Sequence[tuple[str, str]]


def rate(value: float) -> str:
    """A small share with two significant digits: `0.35 %`."""
    return f"{value * 100:.2g} %" if value < 0.1 else f"{value * 100:.0f} %"


def rate_with_interval(estimate: Estimate) -> str:
    """`4.2 % (95 % interval 3.9 % to 4.6 %, n = 200 people)`."""
    if estimate.value is None:
        return "not known"
    if estimate.low is None or estimate.high is None:
        return f"{rate(estimate.value)} (no interval can be given, n = {findings.people(estimate.n)})"
    bounds = f"{estimate.level * 100:.0f} % interval {rate(estimate.low)} to {rate(estimate.high)}"
    return f"{rate(estimate.value)} ({bounds}, n = {findings.people(estimate.n)})"


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    return estimate.model_dump(mode="json")


def caveats(unread: Unread, respondents: Respondents[Question], observed: Sequence[str] = ()) -> Iterator[str]:
    """What the numbers rest on, and what was left out."""
    if respondents.kind == "llm":
        yield "A language model estimated these responses: they are not measured."
    else:
        yield (
            "Tastes and reference rates are assumed, not measured: the order of the options is worth more than the "
            "level of the rates."
        )
    if observed:
        yield f"The levels of {findings.listed(list(observed))} are those that were observed."
    if texts := list(dict.fromkeys(text for _, text in unread)):
        more = f" and {len(texts) - 10} more" if len(texts) > 10 else ""
        yield f"Not understood and left out of account: {findings.listed(texts[:10])}{more}."


def unread_json(unread: Unread) -> dict[str, Any]:
    return {"texts": [{"field": f, "text": t} for f, t in unread[:UNREAD_SHOWN]], "of": len(unread)}


def responses(
    answers: Sequence[Answers], respondents: Respondents[Question], labels: Sequence[str], room: int
) -> dict[str, Any]:
    """Each person's rates down the funnel, and why the best one is; as many people as fit into `room` bytes."""
    order = sorted(range(len(respondents.people)), key=lambda i: respondents.people[i].origin != "specific")
    shown = fitting((_response(respondents.people[i], i, answers, respondents, labels) for i in order), room)
    counted = {"shown": len(shown), "of": len(order), "truncated": len(shown) < len(order)}
    return {"persona_responses": shown, "persona_responses_shown": counted}


def _response(
    person: Respondent, i: int, answers: Sequence[Answers], respondents: Respondents[Question], labels: Sequence[str]
) -> dict[str, Any]:
    reached = answers[0].probabilities[i]
    funnel = {}
    best = 0
    for answer in answers:
        reached = reached if answer is answers[0] else reached * answer.probabilities[i]
        best = int(reached.argmax())
        funnel[answer.question.stages[-1]] = {"best": labels[best], "rate": float(f"{reached[best]:.4g}")}
    why = respondents.explained(answers[0].question, i, best)
    return {
        "persona_id": person.id,
        "origin": person.origin,
        "segment": person.segment,
        "version": person.version,
        "funnel": funnel,
        "explanation": None if why is None else {"of": labels[best], "stage": answers[0].question.stages[-1], **why},
    }
