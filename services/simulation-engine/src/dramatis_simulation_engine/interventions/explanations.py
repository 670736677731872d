"""Why a person reacts to a contact as it does: additive terms. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dramatis_simulation_engine.interventions.process import TRANSIENT
from dramatis_simulation_engine.interventions.sequence import Contact, history_of

if TYPE_CHECKING:
    from dramatis_simulation_engine.interventions.respondents import StatisticalRespondents

_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Term:
    """A part of one utility: what it is about, why it is there, and its size."""

    about: str
    because: str
    value: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The terms sum to `utility`; staying has 0."""

    utility: float
    terms: tuple[Term, ...]

    def as_json(self) -> dict[str, Any]:
        parts = [{"about": t.about, "because": t.because, "value": t.value} for t in self.terms]
        return {"utility": self.utility, "terms": parts}


def explain(
    respondents: "StatisticalRespondents",
    contact: Contact,
    before: Sequence[Contact],
    person: int,
    state: str,
    move: str,
) -> Explanation:
    """Take V apart at the person's own mean. Terms are rounded first, so that the printed sum is exact."""
    made = _Terms(respondents, contact, tuple(before), person, state, move == "forward")
    rounded = [Term(t.about, t.because, round(t.value, _DECIMALS)) for t in made.terms()]
    shown = tuple(t for t in rounded if t.value != 0)
    return Explanation(round(sum(t.value for t in shown), _DECIMALS), shown)


@dataclass(frozen=True)
class _Terms:
    of: "StatisticalRespondents"
    contact: Contact
    before: tuple[Contact, ...]
    person: int
    state: str
    forward: bool

    def terms(self) -> Iterator[Term]:
        sizes = self.of.sizes
        everybody = (sizes.forward if self.forward else sizes.withdraw)[TRANSIENT.index(self.state)]
        yield Term(self.state, "everybody", float(everybody))
        yield from self._constants()
        yield from self._attributes()
        yield Term("earlier contacts", "how recent and how alike they are", self._history())
        yield Term("person", "personal deviation", self._deviation())

    def _constants(self) -> Iterator[Term]:
        counted = {"interest"} if self.forward else {"irritable"}
        if self.forward and self.state == "considering":
            counted.add("deciding")
        for constant in self.of.profiles[self.person].constants:
            if constant.name in counted:
                yield Term(constant.name, constant.because, constant.value)

    def _attributes(self) -> Iterator[Term]:
        for name in self.contact.attributes:
            attribute = self.of.vocabulary.attributes[self.of.index[name]]
            yield Term(name, "everybody", attribute.moves if self.forward else attribute.irritates)
        for shift in self.of.profiles[self.person].shifts:
            if shift.attribute in self.contact.attributes:
                yield Term(shift.attribute, shift.because, shift.moves if self.forward else shift.irritates)

    def _history(self) -> float:
        people = self.of.drawn(slice(self.person, self.person + 1))
        history = history_of(self.before, self.contact, self.of.sizes.history)
        moved, irritated = people.costs(self.contact, history)
        return float((moved if self.forward else irritated)[0, 0])

    def _deviation(self) -> float:
        interest, irritability, spoken, evidence, _ = self.of.personal[self.person]
        talk, facts = self.of.exposure(self.contact)
        if self.forward:
            return float(interest + talk * spoken + facts * evidence)
        return float(irritability + self.of.sizes.spoken_irritates * talk * spoken)
