"""The follow-up as a Markov process over states, carried forward exactly for every person and draw. Pure.

At a contact a person moves forward, withdraws or stays: a logit with staying at utility 0. Between contacts interest is
forgotten and, from *considering*, turned into a conversion in continuous time; the formulas below are the solution of
that process, so two weeks without contact are one fortnight however they are cut. Nothing is sampled: the arrays carry
probabilities, so the only spread is that of people and of their draws.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from dramatis_simulation_engine.interventions.sequence import Contact, Sequence_
from dramatis_simulation_engine.seeds import Floats

STATES = ("cold", "aware", "engaged", "considering", "annoyed", "converted", "lost")
TRANSIENT = STATES[:5]
COLD, AWARE, ENGAGED, CONSIDERING, ANNOYED, CONVERTED, LOST = range(7)
FORWARD = (AWARE, ENGAGED, CONSIDERING, CONVERTED, AWARE)
"""Where each transient state moves forward to; who is annoyed can be won back."""
WITHDRAW = (LOST, ANNOYED, ANNOYED, ANNOYED, LOST)

_SAME = 1e-12
"""Rates below this are this: the formulas divide by them."""


class Population(Protocol):
    """Some people and their draws. Arrays end in (people, draws)."""

    @property
    def start(self) -> Floats:
        """Probability of each state after the first contact, shape (states, people, draws)."""
        ...

    @property
    def forgetting(self) -> Floats:
        """Levels of interest lost per day, shape (people, draws)."""
        ...

    @property
    def initiative(self) -> Floats:
        """Conversions per day of who considers, shape (people, draws)."""
        ...

    @property
    def calming(self) -> float:
        """The rate per day at which annoyance ends."""
        ...

    def reactions(self, before: Sequence[Contact], contact: Contact) -> tuple[Floats, Floats]:
        """P(forward), P(withdraw) for each transient state at a contact, each (transient states, people, draws)."""
        ...


class Respondents(Protocol):
    """People who can be followed through any sequence, some at a time."""

    @property
    def count(self) -> int: ...

    def chunks(self) -> Iterator[tuple[slice, Population]]: ...


def meet(standing: Floats, forward: Floats, withdraw: Floats) -> Floats:
    """The distribution over states after a contact, shape (states, …)."""
    after = standing.copy()
    onward, away = standing[: len(TRANSIENT)] * forward, standing[: len(TRANSIENT)] * withdraw
    after[: len(TRANSIENT)] -= onward + away
    for state in range(len(TRANSIENT)):
        after[FORWARD[state]] += onward[state]
        after[WITHDRAW[state]] += away[state]
    return after


def wait(standing: Floats, days: float, people: Population) -> Floats:
    """The distribution over states after `days` without contact: a pure death process with an exit to *converted*.

    With forgetting f and initiative μ per day, *considering* is left at rate f + μ, *engaged* and *aware* at rate f,
    one level down; *annoyed* ends at its own rate in *cold*.
    """
    if days <= 0:
        return standing
    forgetting, initiative = people.forgetting, np.maximum(people.initiative, _SAME)
    fade = np.exp(-forgetting * days)
    acted = -np.expm1(-initiative * days)
    waited = acted / initiative
    after = standing.copy()
    considering, engaged, aware = standing[CONSIDERING], standing[ENGAGED], standing[AWARE]
    leaving = forgetting + initiative
    after[CONSIDERING] = considering * fade * (1 - acted)
    after[CONVERTED] += considering * initiative / leaving * -np.expm1(-leaving * days)
    after[ENGAGED] = fade * (engaged + forgetting * considering * waited)
    twice = _twice(initiative, waited, days)
    after[AWARE] = fade * (aware + forgetting * days * engaged + forgetting**2 * considering * twice)
    after[ANNOYED] = standing[ANNOYED] * np.exp(-people.calming * days)
    after[COLD] = 0.0
    after[COLD] = np.maximum(0.0, standing.sum(axis=0) - after.sum(axis=0))
    return after


def _twice(initiative: Floats, waited: Floats, days: float) -> Floats:
    """∫₀ᵗ (1 − e^(−μu))/μ du; its series where μt is too small for the difference to be exact."""
    small = initiative * days < 1e-4
    return np.asarray(np.where(small, days**2 / 2 - initiative * days**3 / 6, (days - waited) / initiative))


@dataclass
class _Node:
    """Sequences that begin alike share the work on their beginning."""

    ends: list[int] = field(default_factory=list)
    next: dict[Contact, "_Node"] = field(default_factory=dict)


def conversions(respondents: Respondents, sequences: Sequence[Sequence_], horizon: int) -> Floats:
    """P(converted within `horizon` days) under each sequence, averaged over draws; shape (people, sequences)."""
    rates = np.empty((respondents.count, len(sequences)))
    root = _tree(sequences)
    for rows, people in respondents.chunks():
        _walk(root, (), people.start, people, horizon, rates[rows])
    return np.clip(rates, 0.0, 1.0)


def _tree(sequences: Sequence[Sequence_]) -> _Node:
    root = _Node()
    for index, sequence in enumerate(sequences):
        node = root
        for contact in sequence:
            node = node.next.setdefault(contact, _Node())
        node.ends.append(index)
    return root


def _walk(node: _Node, before: Sequence_, standing: Floats, people: Population, horizon: int, rates: Floats) -> None:
    day = before[-1].day if before else 0
    if node.ends:
        rates[:, node.ends] = wait(standing, horizon - day, people)[CONVERTED].mean(axis=1)[:, None]
    for contact, following in node.next.items():
        waiting = wait(standing, contact.day - day, people)
        after = meet(waiting, *people.reactions(before, contact))
        _walk(following, (*before, contact), after, people, horizon, rates)


def trajectory(respondents: Respondents, sequence: Sequence_, horizon: int) -> Floats:
    """States after the first contact, after each contact and at the horizon: (people, contacts + 2, states)."""
    path = np.empty((respondents.count, len(sequence) + 2, len(STATES)))
    for rows, people in respondents.chunks():
        for moment, standing in enumerate(_standings(sequence, people, horizon)):
            path[rows, moment] = standing.mean(axis=2).T
    return path


def _standings(sequence: Sequence_, people: Population, horizon: int) -> Iterator[Floats]:
    standing, day = people.start, 0
    yield standing
    for place, contact in enumerate(sequence):
        waiting = wait(standing, contact.day - day, people)
        standing, day = meet(waiting, *people.reactions(sequence[:place], contact)), contact.day
        yield standing
    yield wait(standing, horizon - day, people)


def flows(respondents: Respondents, sequence: Sequence_) -> Floats:
    """Probability that moves forward from each state at each contact: (people, contacts, transient states)."""
    moved = np.zeros((respondents.count, len(sequence), len(TRANSIENT)))
    for rows, people in respondents.chunks():
        standing, day = people.start, 0
        for place, contact in enumerate(sequence):
            waiting = wait(standing, contact.day - day, people)
            forward, withdraw = people.reactions(sequence[:place], contact)
            moved[rows, place] = (waiting[: len(TRANSIENT)] * forward).mean(axis=2).T
            standing, day = meet(waiting, forward, withdraw), contact.day
    return moved
