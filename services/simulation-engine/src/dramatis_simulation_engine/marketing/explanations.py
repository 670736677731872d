"""Why a person responds to a message as it does: additive terms. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from dramatis_simulation_engine.marketing.questions import Exposure, Question
from dramatis_simulation_engine.marketing.relevance import Term
from dramatis_simulation_engine.seeds import Floats

if TYPE_CHECKING:
    from dramatis_simulation_engine.marketing.respondents import FunnelRespondents

_DECIMALS = 4


def explain(respondents: "FunnelRespondents", question: Question, person: int, alternative: int) -> dict[str, Any]:
    """The log-odds of one step against not taking it, at the person's own mean tastes and noise.

    Terms are rounded first, so that the printed ones sum to the printed utility exactly.
    """
    rounded = [
        (t.about, t.because, round(t.value, _DECIMALS)) for t in _terms(respondents, question, person, alternative)
    ]
    shown = [{"about": about, "because": because, "value": value} for about, because, value in rounded if value != 0]
    return {"utility": round(sum(value for _, _, value in rounded), _DECIMALS), "terms": shown}


def _terms(respondents: "FunnelRespondents", question: Question, person: int, alternative: int) -> Iterator[Term]:
    exposure, stage = question.alternatives[alternative], len(question.stages) - 1
    posed, noise = respondents.pose(question)[stage], float(respondents.noise[person])
    average = f"average person, plain message, {exposure.place.title}"
    yield Term("reference rate", average, float(posed.intercepts[alternative]))
    for term in chain(
        _attribute_terms(respondents, posed.levels[alternative], exposure, person),
        respondents.terms(exposure, question.stages[stage], person),
    ):
        yield replace(term, value=term.value / noise)


def _attribute_terms(
    respondents: "FunnelRespondents", levels: Floats, exposure: Exposure, person: int
) -> Iterator[Term]:
    for k, attribute in enumerate(respondents.assumptions.names):
        level = float(levels[k])
        if level == 0:
            continue
        yield Term(attribute, "everybody", level * float(respondents.market[k]))
        yield Term(attribute, f"on {exposure.place.title}", level * exposure.place.welcomes.get(attribute, 0.0))
        for shift in respondents.tastes[person].shifts:
            if shift.attribute == attribute:
                yield Term(attribute, shift.because, level * shift.value)
        yield Term(attribute, "personal taste", level * float(respondents.personal[person, k]))
