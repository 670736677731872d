"""Statistical respondents to messages: a mixed logit at every stage of a funnel, with shared tastes. Pure.

At stage s a person responds with probability σ(a_s + D_s / τν), given that it took every step before:

    D_s = Σ_k taste_k · level_sk + relevance + time + age + constants − average + ρ_s · (readiness + affinity + mood)

a_s is solved so that a population of average people gives the reference rate to an average message. Deviations of
tastes, readiness and affinity last for an invited persona: it is the same person in every study. Somebody who was
drawn stands for all people with the same fields, so that the answer is a mean over their deviations: only few take rare
steps, and intervals from a handful of them would be too short. Tastes vary once more, with the mood, from one occasion
to the next. The same draws serve every stage, so that who opens is not independent of who clicks. An answer to stage s
is a conditional probability, E[p_1 … p_s] / E[p_1 … p_(s−1)], so that the product over the stages is the probability of
coming so far.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtri

from dramatis_contracts.simulation_engine.v1 import Calibration
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.marketing import DOMAIN, HOMES
from dramatis_simulation_engine.marketing.explanations import explain
from dramatis_simulation_engine.marketing.messages import Content
from dramatis_simulation_engine.marketing.questions import Exposure, Question
from dramatis_simulation_engine.marketing.relevance import Term, relevance_of
from dramatis_simulation_engine.marketing.tastes import Assumptions, Tastes, tastes_of
from dramatis_simulation_engine.marketing.timing import time_terms
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats, normals, rotated_normals, seed_of, sobol, uniforms

COLDEST = 0.02
"""Below this temperature everyone does what the mean utility says; colder only overflows."""
_FARTHEST = 30.0
_INSIDE = 0.5
_POPULATION = 2001
"""Points of the standard normal distribution that stand for the average population."""

Sizes = Mapping[str, float]
Key = tuple[Hashable, ...]


@dataclass(frozen=True)
class Posed:
    """A stage as arrays. `n` people, `J` exposures, `K` attributes."""

    levels: Floats
    """(J, K)"""
    mean: Floats
    """(n, J): D without what belongs to the occasion."""
    intercepts: Floats
    """(J,)"""
    readiness: float


class FunnelRespondents:
    """People with tastes for messages. Nothing here depends on the order of people, questions or alternatives."""

    kind: Literal["statistical"] = "statistical"
    calibration: Calibration = "assumed"

    def __init__(
        self,
        people: Sequence[Respondent],
        assumptions: Assumptions,
        *,
        seed: int,
        iterations: int,
        temperature: float,
        diversity: float = 1.0,
    ) -> None:
        self.people: tuple[Respondent, ...] = tuple(sorted(people, key=lambda p: p.id))
        self.tastes: tuple[Tastes, ...] = tuple(tastes_of(person, assumptions) for person in self.people)
        self.assumptions = assumptions
        self._seed, self._iterations = seed, iterations
        self._temperature = max(COLDEST, temperature)
        self.noise = self._temperature * np.array([t.noise for t in self.tastes])
        self._index = {name: k for k, name in enumerate(assumptions.names)}
        self._invited = np.array([p.origin == "specific" for p in self.people])
        self._taste_spread, self._mood_spread = self._spreads(diversity)
        self.personal = self._lasting(len(self._index), "taste", assumptions.choice["between"])
        self.ready = self._lasting(1, "readiness", assumptions.choice["responsiveness"])[:, 0]
        self._affinities: dict[str, Floats] = {}
        self._shifts = self._mean_shifts()
        self.market = np.array([assumptions.market[name] for name in assumptions.names])
        self._posed: dict[str, tuple[Posed, ...]] = {}
        self._sums: dict[Key, Floats] = {}

    @property
    def model_version(self) -> str:
        return version()

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        people = zip(self.people, self.tastes, strict=True)
        return [(f"personas[{p.id}].{field}", text) for p, tastes in people for field, text in tastes.unrecognized]

    def answer(self, question: Question, rows: slice) -> Floats:
        """Probability of each step given all before it, averaged over the draws."""
        before, reached = self._reached(question, rows)
        return np.asarray(reached / before)

    def explained(self, question: Question, person: int, alternative: int) -> dict[str, Any]:
        """The terms of one utility, at the person's own mean tastes."""
        return explain(self, question, person, alternative)

    # Draws

    def _lasting(self, count: int, what: str, size: float) -> Floats:
        """Of invited personas, whose deviations belong to them; 0 for everyone else."""
        drawn = np.zeros((len(self.people), count))
        for i in np.flatnonzero(self._invited):
            drawn[i] = size * normals(count, "persona", self.people[i].id, DOMAIN, what)
        return drawn

    def _spreads(self, diversity: float) -> tuple[Floats, Floats]:
        """Standard deviations over the draws, of tastes and of the mood with all that goes with it: (people,) each.

        Draws for somebody who was drawn also stand for the people with the same fields, as different as was asked.
        """
        choice = self.assumptions.choice
        between = np.where(self._invited, 0.0, diversity)
        ready = choice["responsiveness"] ** 2 + choice["affinity"] ** 2
        tastes = np.sqrt(choice["within"] ** 2 + (between * choice["between"]) ** 2)
        return np.asarray(tastes), np.asarray(np.sqrt(choice["mood"] ** 2 + between**2 * ready))

    def affinity(self, place: str) -> Floats:
        """How much more than others each person responds at this place, shape (people,)."""
        if place not in self._affinities:
            size = self.assumptions.choice["affinity"]
            self._affinities[place] = self._lasting(1, f"affinity-{place}", size)[:, 0]
        return self._affinities[place]

    def _mean_shifts(self) -> Floats:
        shifts = np.zeros((len(self.people), len(self._index)))
        for row, tastes in zip(shifts, self.tastes, strict=True):
            for shift in tastes.shifts:
                row[self._index[shift.attribute]] += shift.value
        return shifts

    def _occasions(self, rows: slice, active: Floats) -> tuple[Floats, Floats]:
        """Deviations of one occasion: of the tastes for `active` attributes (rows, draws, active) and of the mood.

        They belong to the person and the study, not to the exposure: everyone meets every version on equal days.
        """
        dimensions = len(self._index) + 1
        used = np.concatenate([np.flatnonzero(active), [dimensions - 1]])
        points = sobol(dimensions, self._iterations, seed_of(self._seed, "occasions"))[:, used]
        shifts = np.stack([uniforms(dimensions, self._seed, p.id, "occasions")[used] for p in self.people[rows]])
        drawn = rotated_normals(points, shifts)
        tastes, mood = self._taste_spread[rows, None, None], self._mood_spread[rows, None]
        return tastes * drawn[:, :, :-1], mood * drawn[:, :, -1]

    # Probabilities

    def _reached(self, question: Question, rows: slice) -> tuple[Floats, Floats]:
        """Mean probabilities of coming to the stage before and to this stage, shape (rows, exposures)."""
        posed = self.pose(question)
        active = np.any(np.stack([stage.levels for stage in posed]) != 0, axis=(0, 1))
        tastes, mood = self._occasions(rows, active)
        before = now = np.ones((len(tastes), self._iterations, len(question.alternatives)))
        for stage in posed:
            varied = np.einsum("nrk,jk->nrj", tastes, stage.levels[:, active])
            varied += stage.mean[rows, None, :] + (stage.readiness * mood)[:, :, None]
            utilities = stage.intercepts + varied / self.noise[rows, None, None]
            before, now = now, now * expit(np.clip(utilities, -_FARTHEST, _FARTHEST))
        return before.mean(axis=1), now.mean(axis=1)

    def pose(self, question: Question) -> tuple[Posed, ...]:
        """The arrays of a question and of every stage before it, made once."""
        if question.key not in self._posed:
            self._posed[question.key] = tuple(self._stage(question, s) for s in range(len(question.stages)))
        return self._posed[question.key]

    def _stage(self, question: Question, stage: int) -> Posed:
        weights = self.assumptions.stages[question.stages[stage]]
        exposures = question.alternatives
        levels = np.array([self._levels(exposure, weights) for exposure in exposures])
        own = self.market + self._shifts + self.personal
        mean = np.einsum("nk,jk->nj", own, levels)
        mean += np.array([self._fit(e, row) for e, row in zip(exposures, levels, strict=True)])
        mean += np.stack([self._others(exposure, weights) for exposure in exposures], axis=1)
        known = question.stages[: stage + 1]
        return Posed(levels, mean, np.array([self._intercept(e, known) for e in exposures]), weights["responsiveness"])

    def _levels(self, exposure: Exposure, weights: Sizes) -> Floats:
        levels = np.zeros(len(self._index))
        for attribute, level in levels_of(exposure.parts, weights).items():
            levels[self._index[attribute]] = level
        for attribute, level in exposure.place.traits.items():
            levels[self._index[attribute]] += weights["place"] * level
        for attribute, level in exposure.traits.items():
            levels[self._index[attribute]] += max(weights["hook"], weights["body"]) * level
        return levels

    def _fit(self, exposure: Exposure, levels: Floats) -> float:
        """What the place adds to the tastes for the attributes of the message."""
        return float(sum(levels[self._index[a]] * size for a, size in exposure.place.welcomes.items()))

    def _others(self, exposure: Exposure, weights: Sizes) -> Floats:
        """What does not go by attributes, shape (people,); `terms` takes it apart."""
        place = exposure.place
        lasting = weights["responsiveness"] * (self.ready + self.affinity(place.name))
        constants = np.array([sum(weights[c.weight] * c.value for c in t.constants) for t in self.tastes])
        ages = weights["place"] * np.array([self._age(exposure, t) for t in self.tastes])
        suits = weights["relevance"] * self._summed(("relevance", *_texts(exposure)), self._matches, exposure)
        times = weights["timing"] * self._summed(("time", exposure.day, exposure.part), self._times, exposure)
        average = sum(weights[part] * self.assumptions.average[part] for part in exposure.parts)
        return np.asarray(lasting + constants + ages + suits + times - average)

    def _summed(self, key: Key, terms: Callable[[Exposure, Tastes], Sequence[Term]], exposure: Exposure) -> Floats:
        """A sum of terms for everyone, made once for all exposures that share what the terms depend on."""
        if key not in self._sums:
            self._sums[key] = np.array([sum(t.value for t in terms(exposure, tastes)) for tastes in self.tastes])
        return self._sums[key]

    def terms(self, exposure: Exposure, stage: str, person: int) -> Iterator[Term]:
        """What does not go by attributes: relevance, time, the person's constants, age and readiness at the place."""
        weights, tastes, title = self.assumptions.stages[stage], self.tastes[person], exposure.place.title
        for term in self._matches(exposure, tastes):
            yield replace(term, value=weights["relevance"] * term.value)
        for term in self._times(exposure, tastes):
            yield replace(term, value=weights["timing"] * term.value)
        for constant in tastes.constants:
            yield Term("readiness", constant.because, weights[constant.weight] * constant.value)
        yield Term(title, "age", weights["place"] * self._age(exposure, tastes))
        for part in exposure.parts:
            yield Term("average text", part, -weights[part] * self.assumptions.average[part])
        lasting = self.ready[person] + self.affinity(exposure.place.name)[person]
        yield Term(title, "personal readiness", weights["responsiveness"] * float(lasting))

    def _age(self, exposure: Exposure, tastes: Tastes) -> float:
        place = exposure.place
        return place.age * self.assumptions.decades(tastes, place.typical_age)

    def _matches(self, exposure: Exposure, tastes: Tastes) -> list[Term]:
        """Each reason once, wherever it is said; what only the inside says counts half."""
        found: dict[tuple[str, str], Term] = {}
        for part, content in exposure.parts.items():
            for term in relevance_of(content, tastes.wanted, self.assumptions):
                value = term.value if part == "hook" else _INSIDE * term.value
                found.setdefault((term.about, term.because), replace(term, value=value))
        return list(found.values())

    def _times(self, exposure: Exposure, tastes: Tastes) -> list[Term]:
        return time_terms(exposure.day, exposure.part, tastes, self.assumptions)

    # Levels of response

    def _intercept(self, exposure: Exposure, stages: tuple[str, ...]) -> float:
        """a_s of the last of these stages."""
        choice = self.assumptions.choice
        lasting = choice["responsiveness"] ** 2 + choice["affinity"] ** 2 + choice["mood"] ** 2
        spread = float(np.sqrt(lasting)) / self._temperature
        loadings = tuple(self.assumptions.stages[s]["responsiveness"] * spread for s in stages)
        return intercepts(tuple(exposure.place.reference(s) for s in stages), loadings)[-1]


def levels_of(parts: Mapping[str, Content], weights: Sizes) -> dict[str, float]:
    """What a message has of each attribute at a stage. What several parts say counts where it is strongest."""
    levels: dict[str, float] = {}
    for part, content in parts.items():
        for attribute, level in content.levels.items():
            levels[attribute] = max(levels.get(attribute, 0.0), weights[part] * level, key=abs)
    return levels


def _texts(exposure: Exposure) -> Iterator[tuple[str, str]]:
    return ((part, content.text) for part, content in exposure.parts.items())


def version() -> str:
    """The data files of this domain, and those in which homes are read."""
    return f"{model_version(DOMAIN)}-{model_version(HOMES).rpartition('-')[2]}"


@lru_cache(maxsize=1024)
def intercepts(rates: tuple[float, ...], loadings: tuple[float, ...]) -> tuple[float, ...]:
    """a_s for each stage, so that people who differ by one standard normal number, times the loading of the stage, come
    to each stage at its rate. Rates must fall."""
    normal = ndtri((np.arange(_POPULATION) + 0.5) / _POPULATION)
    so_far = np.ones(_POPULATION)
    found: list[float] = []
    for rate, loading in zip(rates, loadings, strict=True):

        def excess(a: float, rate: float = rate, loading: float = loading, so_far: Floats = so_far) -> float:
            return float((so_far * expit(a + loading * normal)).mean()) - rate

        reach = 40.0 + 6.0 * loading
        a = float(brentq(excess, -reach, reach, xtol=1e-10))
        found.append(a)
        so_far = so_far * expit(a + loading * normal)
    return tuple(found)
