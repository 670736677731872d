"""Why a person finds an alternative as good as it does: additive terms. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dramatis_simulation_engine.focus_group.questions import Question

if TYPE_CHECKING:
    from dramatis_simulation_engine.focus_group.respondents import StatisticalRespondents

_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Term:
    """A part of one utility: what it is about, why it is there, and its size."""

    about: str
    because: str
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The terms sum to `utility`; *none* has 0. `removed_by` names the deal breakers that make it impossible."""

    utility: float
    terms: tuple[Term, ...]
    removed_by: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        parts = [{"about": t.about, "because": t.because, "value": t.value} for t in self.terms]
        return {"utility": self.utility, "terms": parts, "removed_by": list(self.removed_by)}


def explain(respondents: "StatisticalRespondents", question: Question, person: int, alternative: int) -> Explanation:
    """Take V apart at the person's own mean tastes. Terms are rounded first, so that the printed sum is exact."""
    terms = _terms(respondents, question, person, alternative)
    rounded = [Term(t.about, t.because, round(t.value, _DECIMALS)) for t in terms]
    shown = tuple(t for t in rounded if t.value != 0)
    return Explanation(
        utility=round(sum(t.value for t in shown), _DECIMALS),
        terms=shown,
        removed_by=tuple(respondents.removed_by(question, person, alternative)),
    )


def _terms(respondents: "StatisticalRespondents", question: Question, person: int, alternative: int) -> Iterator[Term]:
    for constant in respondents.constants(question, person):
        yield Term("interest", constant.because, constant.value)
    if question.about == "property":
        yield from _property_terms(respondents, question, person)
        yield from _price_terms(respondents, question, person, alternative)
    for attribute, level in question.alternatives[alternative].changes.items():
        yield from _change_terms(respondents, person, attribute, level)


def _property_terms(respondents: "StatisticalRespondents", question: Question, person: int) -> Iterator[Term]:
    for shift in respondents.tastes[person].shifts:
        if shift.attribute in question.listing.has:
            yield Term(shift.attribute, shift.because, shift.value)
    present = [respondents.index[attribute] for attribute in sorted(question.listing.has)]
    yield Term("property", "personal taste", float(respondents.personal[person, present].sum()))


def _price_terms(
    respondents: "StatisticalRespondents", question: Question, person: int, alternative: int
) -> Iterator[Term]:
    posed = respondents.pose(question)
    against_asking = respondents.price[person] * posed.log_prices[alternative]
    yield Term("price", "against the asking price", -float(against_asking))
    yield Term("price", "above the comfortable price", -float(posed.over_budget[person, alternative]))


def _change_terms(respondents: "StatisticalRespondents", person: int, attribute: str, level: float) -> Iterator[Term]:
    yield Term(attribute, "everybody", level * respondents.assumptions.market[attribute])
    for shift in respondents.tastes[person].shifts:
        if shift.attribute == attribute:
            yield Term(attribute, shift.because, level * shift.value)
    own = respondents.personal[person, respondents.index[attribute]]
    yield Term(attribute, "personal taste", level * float(own))
