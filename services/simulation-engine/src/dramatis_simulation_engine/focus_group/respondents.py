"""Statistical respondents: a mixed logit over a taxonomy of attributes, vectorised over people and draws. Pure.

    U = V + τ·s·ε,   V = constant + Σ_k taste_k · level_k − price · ln(p / p₀) − over-budget · max(0, ln(p / p_c))²

with ε standard Gumbel, τ the temperature, s the noise of the person, p₀ the asking price and p_c the comfortable price.
*None* has V = 0. A person's tastes are a mean from its fields, a deviation that stays with the person through the whole
study (between), and a deviation on each occasion (within; Hess and Train 2011), drawn from rotated Sobol points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dramatis_contracts.simulation_engine.v1 import Calibration, TasteSet
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.focus_group.estimated import (
    Estimates,
    price_deviation,
    set_deviations,
    with_estimates,
)
from dramatis_simulation_engine.focus_group.explanations import explain
from dramatis_simulation_engine.focus_group.listing import Listing, fit_of
from dramatis_simulation_engine.focus_group.questions import Question
from dramatis_simulation_engine.focus_group.tastes import Assumptions, Tastes, tastes_of
from dramatis_simulation_engine.focus_group.wishes import Constant
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.respondents import Occasion
from dramatis_simulation_engine.seeds import Floats, normals, rotated_normals, seed_of, sobol, uniforms

_WEAKEST_FIRST: tuple[Calibration, ...] = ("assumed", "elicited", "fitted")
_COLDEST = 1e-6
"""Below this everyone always takes the best: a smaller divisor would only overflow."""


@dataclass(frozen=True)
class Posed:
    """A question as arrays. `n` people, `J` alternatives, `K` attributes, `D` dimensions of occasion."""

    constants: Floats
    """(n,)"""
    changes: Floats
    """(J, K)"""
    has: Floats
    """(K,): what the property has; 0 when the question is about a photograph."""
    loadings: Floats
    """(D, J): what one standard deviation of each dimension adds to each alternative."""
    log_prices: Floats
    """(J,): ln(price / asking price)."""
    over_budget: Floats
    """(n, J), utility lost."""
    available: NDArray[np.bool_]
    """(n, J): false where a deal breaker removes the alternative."""


class StatisticalRespondents:
    """People with tastes. Nothing here depends on the order of people, questions or alternatives."""

    kind: Literal["statistical"] = "statistical"

    def __init__(
        self,
        people: Sequence[Respondent],
        listing: Listing,
        assumptions: Assumptions,
        *,
        seed: int,
        iterations: int,
        temperature: float,
        preference_diversity: float = 1.0,
        estimates: Sequence[TasteSet] = (),
    ) -> None:
        self.people: tuple[Respondent, ...] = tuple(sorted(people, key=lambda p: p.id))
        self.estimates = Estimates.of(self.people, estimates)
        self.tastes: tuple[Tastes, ...] = tuple(
            with_estimates(tastes_of(person, assumptions), one, assumptions)
            for person, one in zip(self.people, self.estimates.sets, strict=True)
        )
        self.assumptions = assumptions
        self._seed, self._iterations = seed, iterations
        self._names = assumptions.taxonomy.names
        self.index = {name: k for k, name in enumerate(self._names)}
        self._fits = tuple(tuple(fit_of(listing, t, assumptions)) for t in self.tastes)
        self.personal = self._personal_tastes(preference_diversity)
        self._shifts = self._mean_shifts()
        self._market = np.array([assumptions.market[name] for name in self._names])
        self._noise = np.maximum(_COLDEST, temperature * np.array([t.noise for t in self.tastes]))
        self.price = self._price_coefficients()
        # Estimates count what changes from one occasion to the next as random utility.
        self._occasional = np.array([0.0 if one else 1.0 for one in self.estimates.sets])
        self._posed: dict[str, Posed] = {}

    @property
    def model_version(self) -> str:
        return model_version(self.assumptions.taxonomy.name)

    @property
    def calibration(self) -> Calibration:
        """The weakest among the people, as far as it does not depend on the question (`Estimates.calibration`)."""
        kinds = {one.calibration if one else "assumed" for one in self.estimates.sets}
        return next(kind for kind in _WEAKEST_FIRST if kind in kinds)

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        people = zip(self.people, self.tastes, strict=True)
        return [(f"personas[{p.id}].{field}", text) for p, tastes in people for field, text in tastes.unrecognized]

    def _personal_tastes(self, diversity: float) -> Floats:
        """The lasting deviation of each person, shape (people, attributes). Drawn people are as varied as asked."""
        scale = np.array([diversity if p.origin == "generated" else 1.0 for p in self.people])
        drawn = np.stack([normals(len(self._names), *self._named(p), "taste") for p in self.people])
        personal = np.asarray(self.assumptions.choice["between"] * scale[:, None] * drawn)
        for row, person, one, width in zip(personal, self.people, self.estimates.sets, scale, strict=True):
            set_deviations(row, one, self.index, float(width), *self._named(person))
        return personal

    def _named(self, person: Respondent) -> tuple[object, ...]:
        """What lasts belongs to the person: a persona is the same in every study, a drawn person in one study only."""
        return ("persona", person.id) if person.origin == "specific" else (self._seed, person.id)

    def _price_coefficients(self) -> Floats:
        assumed = [
            self.assumptions.choice["price_between"] * normals(1, *self._named(p), "price")[0] for p in self.people
        ]
        everyone = zip(self.people, self.estimates.sets, assumed, strict=True)
        deviations = np.array([price_deviation(one, own, *self._named(p)) for p, one, own in everyone])
        return np.asarray(np.array([t.price for t in self.tastes]) * np.exp(deviations))

    def _mean_shifts(self) -> Floats:
        shifts = np.zeros((len(self.people), len(self._names)))
        for row, tastes in zip(shifts, self.tastes, strict=True):
            for shift in tastes.shifts:
                row[self.index[shift.attribute]] += shift.value
        return shifts

    def answer(self, question: Question, rows: slice) -> Floats:
        """Probabilities averaged over the draws; an alternative that a deal breaker removes has 0."""
        posed = self.pose(question)
        draws = self._draws(question, rows, len(posed.loadings) + 1)
        return np.asarray(self._shares(question, posed, draws, rows).mean(axis=1))

    def occasions(self, question: Question, wanted: int) -> Sequence[Occasion]:
        """Everyone asked again, on independent occasions, the options shown from another one on each time."""
        return [self._occasion(question, number) for number in range(wanted)]

    def answers_each(self, question: Question) -> int:  # noqa: ARG002  (the same for all)
        return self._iterations

    def _occasion(self, question: Question, number: int) -> Occasion:
        options = len(question.alternatives)
        first = number % options
        shown = [(first + place) % options for place in range(options)]
        turned = replace(
            question, key=f"{question.key}@{first}", alternatives=[question.alternatives[place] for place in shown]
        )
        posed = self.pose(turned)
        generator = np.random.default_rng(seed_of(self._seed, question.key, "occasion", number))
        draws = generator.standard_normal((len(self.people), 1, len(posed.loadings) + 1))
        probabilities = self._shares(turned, posed, draws, slice(None))[:, 0, :]
        return Occasion(probabilities[:, np.argsort(shown)], np.full(len(self.people), first))

    def _shares(self, question: Question, posed: Posed, draws: Floats, rows: slice) -> Floats:
        """Probabilities on each occasion, shape (people, draws, alternatives)."""
        utilities = self._utilities(posed, draws, rows) / self._noise[rows, None, None]
        shares = _menu_shares if question.format == "menu" else _single_shares
        return shares(utilities, posed.available[rows, None, :])

    def mean_utilities(self, question: Question) -> Floats:
        """V at each person's own mean tastes, shape (people, alternatives)."""
        posed = self.pose(question)
        return self._without_price(posed, slice(None)) - self.price[:, None] * posed.log_prices

    def _utilities(self, posed: Posed, draws: Floats, rows: slice) -> Floats:
        """Utilities on each occasion, shape (people, draws, alternatives)."""
        choice = self.assumptions.choice
        utilities = np.einsum("nrd,dj->nrj", draws[:, :, :-1], posed.loadings)
        utilities *= choice["within"] * self._occasional[rows, None, None]
        utilities += self._without_price(posed, rows)[:, None, :]
        if posed.log_prices.any():
            varied = choice["price_within"] * self._occasional[rows, None] * draws[:, :, -1]
            price = self.price[rows, None] * np.exp(varied)
            utilities -= price[:, :, None] * posed.log_prices
        return np.asarray(utilities)

    def _draws(self, question: Question, rows: slice, dimensions: int) -> Floats:
        points = sobol(dimensions, self._iterations, seed_of(self._seed, question.key))
        shifts = [uniforms(dimensions, self._seed, p.id, question.key) for p in self.people[rows]]
        return rotated_normals(points, np.stack(shifts))

    def _without_price(self, posed: Posed, rows: slice) -> Floats:
        own = (self._shifts + self.personal)[rows]
        utilities = np.einsum("nk,jk->nj", own + self._market, posed.changes)
        utilities += (posed.constants[rows] + np.einsum("nk,k->n", own, posed.has))[:, None]
        return np.asarray(utilities - posed.over_budget[rows])

    def explained(self, question: Question, person: int, alternative: int) -> dict[str, Any]:
        """The terms of one utility, for the person's own mean tastes."""
        return explain(self, question, person, alternative).as_json()

    # A question as arrays

    def pose(self, question: Question) -> Posed:
        """The arrays of a question, made once."""
        if question.key not in self._posed:
            self._posed[question.key] = self._pose(question)
        return self._posed[question.key]

    def _pose(self, question: Question) -> Posed:
        people = range(len(self.people))
        changes, has = self._changes(question), self._has(question)
        return Posed(
            constants=np.array([sum(c.value for c in self.constants(question, i)) for i in people]),
            changes=changes,
            has=has,
            loadings=_loadings(changes, has),
            log_prices=np.log([a.price for a in question.alternatives]) - np.log(question.listing.price),
            over_budget=self._over_budget(question),
            available=np.array([[not self.removed_by(question, i, j) for j in range(len(changes))] for i in people]),
        )

    def constants(self, question: Question, person: int) -> Iterator[Constant]:
        """What a person's utility of any alternative of this question starts from."""
        choice, tastes = self.assumptions.choice, self.tastes[person]
        yield Constant("baseline", choice["interest" if question.about == "property" else "photograph"])
        yield from tastes.constants
        if question.about == "property":
            yield from tastes.expectations
            yield from self._fits[person]

    def removed_by(self, question: Question, person: int, alternative: int) -> list[str]:
        """The persona's own words for what makes this alternative impossible."""
        wishes = self.tastes[person].wishes
        signs = question.alternatives[alternative].signs
        alone = [text for each, text in wishes.breaks.items() if each in signs]
        return list(dict.fromkeys([*alone, *(text for all_, text in wishes.break_together if all_ <= signs)]))

    def _changes(self, question: Question) -> Floats:
        changes = np.zeros((len(question.alternatives), len(self._names)))
        for row, alternative in zip(changes, question.alternatives, strict=True):
            for attribute, level in alternative.changes.items():
                row[self.index[attribute]] = level
        return changes

    def _has(self, question: Question) -> Floats:
        present = question.listing.has if question.about == "property" else frozenset[str]()
        return np.array([float(name in present) for name in self._names])

    def _over_budget(self, question: Question) -> Floats:
        if question.about != "property":
            return np.zeros((len(self.people), len(question.alternatives)))
        prices = np.array([a.price for a in question.alternatives])
        comfortable = np.array([t.comfortable_price or np.inf for t in self.tastes])
        excess = np.log(np.maximum(1.0, prices / comfortable[:, None]))
        return np.asarray(self.assumptions.choice["over_budget"] * excess**2)


def _loadings(changes: Floats, has: Floats) -> Floats:
    """One dimension for the property as a whole, and one for each attribute that an alternative changes.

    Independent deviations of all that the property has add up to one normal deviation of its whole appeal.
    """
    active = changes[:, np.any(changes != 0, axis=0)].T
    whole = np.full((int(has.any()), len(changes)), np.sqrt(has.sum()))
    return np.concatenate([whole, active])


def _single_shares(utilities: Floats, available: NDArray[np.bool_]) -> Floats:
    """Logit probability of each alternative alone against *none* at 0."""
    return np.asarray(np.where(available, 1.0 / (1.0 + np.exp(-np.clip(utilities, -700, 700))), 0.0))


def _menu_shares(utilities: Floats, available: NDArray[np.bool_]) -> Floats:
    """Logit probabilities of all alternatives at once, with *none* at 0."""
    utilities = np.where(available, utilities, -np.inf)
    top = np.maximum(utilities.max(axis=2, keepdims=True), 0.0)
    weights = np.exp(utilities - top)
    return np.asarray(weights / (weights.sum(axis=2, keepdims=True) + np.exp(-top)))
