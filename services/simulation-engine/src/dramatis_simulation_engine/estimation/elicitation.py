"""One person's tastes, learnt by asking: the posterior after each answer, and the question that would tell most. Pure.

Tastes are normal, the price coefficient log-normal (`Population`); an answer is a logit choice at temperature 1. A
question's worth is the mutual information between its answer and the tastes (Lindley 1956), in nats. K attributes, J
options, R draws.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dramatis_contracts.tastes.v1 import Distribution
from dramatis_simulation_engine.estimation.choices import ChoiceSets
from dramatis_simulation_engine.estimation.modes import modes_of
from dramatis_simulation_engine.estimation.population import Population, Shape, normal_draws
from dramatis_simulation_engine.seeds import Floats

PRICE = "price"
"""The name of the attribute whose level is ln(price / asking price)."""
_DRAWS = 1024
_PRICES = (-0.10, -0.05, 0.0, 0.05, 0.10, 0.20, 0.30)
"""Prices that are asked about, relative to the asking price."""
_CANDIDATES = 400
_ATTEMPTS = 20
_DIFFERENCES = 3
"""A question differs in so many attributes at most, price included: more cannot be weighed by anyone."""


@dataclass(frozen=True)
class Prior:
    """What is thought of a person's tastes before it is asked."""

    names: tuple[str, ...]
    location: Floats
    """(K,): means; of the logarithm for `PRICE`."""
    spread: Floats
    """(K,): standard deviations; of the logarithm for `PRICE`."""
    noise: float
    """What the random part of utility is multiplied by for this person."""

    @cached_property
    def population(self) -> Population:
        kinds: tuple[Distribution, ...] = tuple("negative_log_normal" if n == PRICE else "normal" for n in self.names)
        return Population(self.names, Shape(kinds, correlated=False), self.location, np.diag(self.spread))


@dataclass(frozen=True)
class Profile:
    """Something that can be chosen: its levels by attribute. What is not named is 0."""

    levels: Mapping[str, float]


@dataclass(frozen=True)
class Asked:
    """A question with its answer."""

    options: tuple[Profile, ...]
    chosen: int


@dataclass(frozen=True)
class Belief:
    """What is known of a person's tastes after some answers: weighted draws."""

    prior: Prior
    latent: Floats
    """(K, R): tastes; ln of minus the coefficient for `PRICE`."""
    weights: Floats
    """(R,)"""

    @cached_property
    def means(self) -> Floats:
        return np.asarray(self.latent @ self.weights)

    @cached_property
    def covariance(self) -> Floats:
        centred = self.latent - self.means[:, None]
        return np.asarray((centred * self.weights) @ centred.T)

    @property
    def deviations(self) -> Floats:
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def effective_draws(self) -> float:
        return float(1.0 / (self.weights**2).sum())

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Quantiles of each taste, (K,) and (K,)."""
        order = np.argsort(self.latent, axis=1)
        below = np.cumsum(self.weights[order], axis=1)
        ordered = np.take_along_axis(self.latent, order, axis=1)
        low, high = (
            np.array([row[min(len(row) - 1, np.searchsorted(w, q))] for row, w in zip(ordered, below, strict=True)])
            for q in ((1 - level) / 2, (1 + level) / 2)
        )
        return low, high


@dataclass(frozen=True)
class Candidate:
    """A question that could be asked, and what its answer is expected to tell, in nats."""

    options: tuple[Profile, ...]
    information: float


def believe(prior: Prior, asked: Sequence[Asked], seed: int) -> Belief:
    """The posterior after all answers, by importance sampling around its mode."""
    normal = normal_draws(1, len(prior.names), _DRAWS, seed)
    if not asked:
        return Belief(prior, prior.population.latent(normal)[0], np.full(_DRAWS, 1.0 / _DRAWS))
    drawn, logarithms = modes_of(prior.population, _as_sets(prior, asked)).proposals(normal)
    tastes = prior.population.tastes(drawn)[0]
    joint = logarithms[0] + sum(np.log(_shares(_levels(prior, a.options), tastes)[a.chosen]) for a in asked)
    weights = np.exp(joint - joint.max())
    return Belief(prior, prior.population.latent(drawn)[0], weights / weights.sum())


def information_of(belief: Belief, questions: Sequence[Sequence[Profile]]) -> Floats:
    """Expected information of each question, in nats, shape (questions,)."""
    tastes = _tastes(belief)
    found = []
    for options in questions:
        shares = _shares(_levels(belief.prior, options), tastes)
        found.append(_entropy(shares @ belief.weights) - _entropy(shares) @ belief.weights)
    return np.maximum(0.0, np.array(found))


def next_question(belief: Belief, seed: int, options: int = 2, before: Sequence[Asked] = ()) -> Candidate:
    """The most informative of many possible questions that were not asked before."""
    known = {_key(asked.options) for asked in before}
    candidates = [c for c in candidates_of(belief.prior, seed, options) if _key(c) not in known]
    worth = information_of(belief, candidates)
    best = int(np.argmax(worth))
    return Candidate(candidates[best], float(worth[best]))


def candidates_of(prior: Prior, seed: int, options: int) -> list[tuple[Profile, ...]]:
    """Questions in which no option is at least as good in every respect for everyone, as far as signs can tell."""
    generator = np.random.default_rng(seed)
    attributes = [name for name in prior.names if name != PRICE]
    found: dict[tuple[tuple[tuple[str, float], ...], ...], tuple[Profile, ...]] = {}
    for _ in range(_CANDIDATES * _ATTEMPTS):
        if len(found) >= _CANDIDATES:
            break
        profiles = tuple(_profile(generator, attributes, priced=PRICE in prior.names) for _ in range(options))
        if _is_sensible(profiles):
            found.setdefault(_key(profiles), profiles)
    return list(found.values())


def _profile(generator: np.random.Generator, attributes: Sequence[str], *, priced: bool) -> Profile:
    count = int(generator.integers(0, min(2, len(attributes)) + 1))
    chosen = generator.choice(len(attributes), size=count, replace=False)
    levels = {attributes[k]: 1.0 for k in sorted(chosen)}
    if priced and (change := _PRICES[int(generator.integers(len(_PRICES)))]):
        levels[PRICE] = math.log1p(change)
    return Profile(levels)


def _is_sensible(profiles: Sequence[Profile]) -> bool:
    """The options differ, in few attributes, and none is the same home as another one at a higher price."""
    homes = [frozenset(p.levels) - {PRICE} for p in profiles]
    if len(set(homes)) < len(homes):
        return False
    differing = frozenset.union(*homes) - frozenset.intersection(*homes)
    prices = {p.levels.get(PRICE, 0.0) for p in profiles}
    if len(prices) == 1 and prices != {0.0}:
        return False
    return len(differing) + (len(prices) > 1) <= max(_DIFFERENCES, len(profiles))


def _key(options: Sequence[Profile]) -> tuple[tuple[tuple[str, float], ...], ...]:
    return tuple(sorted(tuple(sorted(p.levels.items())) for p in options))


def _levels(prior: Prior, options: Sequence[Profile]) -> Floats:
    """(J, K), divided by the person's noise."""
    return np.array([[p.levels.get(name, 0.0) for name in prior.names] for p in options]) / prior.noise


def _tastes(belief: Belief) -> Floats:
    """(K, R)"""
    price = np.array([name == PRICE for name in belief.prior.names])
    return np.where(price[:, None], -np.exp(np.minimum(belief.latent, 50.0)), belief.latent)


def _shares(levels: Floats, tastes: Floats) -> Floats:
    """Probability of each option, (J, R)."""
    utilities = levels @ tastes
    weights = np.exp(utilities - utilities.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0))


def _entropy(shares: Floats) -> Floats:
    """Over the first axis, in nats."""
    return np.asarray(-(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=0))


def _as_sets(prior: Prior, asked: Sequence[Asked]) -> ChoiceSets:
    width = max(len(a.options) for a in asked)
    levels = np.zeros((len(asked), width, len(prior.names)))
    for row, a in zip(levels, asked, strict=True):
        row[: len(a.options)] = _levels(prior, a.options)
    return ChoiceSets(
        names=prior.names,
        levels=levels,
        available=np.arange(width)[None, :] < np.array([len(a.options) for a in asked])[:, None],
        chosen=np.array([a.chosen for a in asked]),
        person=np.zeros(len(asked), dtype=np.int64),
        people=("person",),
        varying=np.ones(len(prior.names), dtype=bool),
    )
