"""Statistical respondents of a follow-up: a mixed logit for every contact, vectorised over people and draws. Pure.

    V(forward, state) = constant of state + interest (+ deciding when considering) + Σ_k moves_k + deviation − history
    V(withdraw, state) = constant of state + irritability + Σ_k irritates_k + deviation + history

against staying at 0, divided by temperature × noise of the person. `k` runs over the channel, the tone and the contents
of the contact. A person's deviations are correlated; one part stays through the study, the other is drawn afresh from
rotated Sobol points and lasts for one whole sequence, so that who likes being called likes the second call too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np

from dramatis_contracts.simulation_engine.v1 import Calibration
from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.interventions.explanations import explain
from dramatis_simulation_engine.interventions.persons import CONSTANTS, Profile, load_reactions, profile_of
from dramatis_simulation_engine.interventions.process import (
    CONSIDERING,
    LOST,
    STATES,
    TRANSIENT,
)
from dramatis_simulation_engine.interventions.questions import SILENT_DAYS, STANDINGS, Question
from dramatis_simulation_engine.interventions.sequence import Contact, History, Plan, history_of
from dramatis_simulation_engine.interventions.vocabulary import (
    DOMAIN,
    load_vocabulary,
    model_version,
)
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import chunks_of
from dramatis_simulation_engine.respondents import Occasion
from dramatis_simulation_engine.seeds import Floats, normals, rotated_normals, seed_of, sobol, uniforms

_COLDEST = 1e-6
_FARTHEST = 300.0
"""Utilities divided by their scale are kept within ±this: beyond it a probability is 0 or 1 to every digit."""
_CELLS_PER_DRAW = 40
"""Numbers of one person and draw that are worked on at a time; with `chunks_of` it bounds memory."""
INTEREST, IRRITABILITY, SPOKEN, EVIDENCE, PATIENCE = range(5)


@dataclass(frozen=True)
class Sizes:
    """`data/follow_up/process.toml` as arrays."""

    forward: Floats
    withdraw: Floats
    silence: Mapping[str, float]
    history: Mapping[str, float]
    start: Mapping[str, float]
    between: Floats
    within: Floats
    root: Floats
    """Lower triangular: independent normals times this have the stated correlations."""
    spoken_irritates: float


@cache
def load_sizes() -> Sizes:
    """The sizes of the process; read once per process."""
    raw = load_toml(DOMAIN, "process")
    deviations = raw["deviations"]
    return Sizes(
        forward=np.array([raw["forward"][s] for s in TRANSIENT]),
        withdraw=np.array([raw["withdraw"][s] for s in TRANSIENT]),
        silence=raw["silence"],
        history=raw["history"],
        start=raw["start"],
        between=np.array(deviations["between"]),
        within=np.array(deviations["within"]),
        root=_root(deviations["names"], raw["correlations"]),
        spoken_irritates=deviations["spoken_irritates"],
    )


def _root(names: Sequence[str], pairs: Mapping[str, float]) -> Floats:
    matrix = np.eye(len(names))
    for pair, value in pairs.items():
        one, other = map(names.index, pair.split("_"))
        matrix[one, other] = matrix[other, one] = value
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


class StatisticalRespondents:
    """People who react to contacts. Nothing here depends on the order of people, questions or steps."""

    kind: Literal["statistical"] = "statistical"
    calibration: Calibration = "assumed"

    def __init__(
        self,
        people: Sequence[Respondent],
        plan: Plan,
        *,
        seed: int,
        iterations: int,
        temperature: float,
        diversity: float = 1.0,
    ) -> None:
        self.people: tuple[Respondent, ...] = tuple(sorted(people, key=lambda p: p.id))
        self.profiles: tuple[Profile, ...] = tuple(profile_of(p, load_reactions()) for p in self.people)
        self.plan, self.sizes, self.vocabulary = plan, load_sizes(), load_vocabulary()
        self._seed, self._iterations = seed, iterations
        self.index = {a.name: k for k, a in enumerate(self.vocabulary.attributes)}
        self.moves, self.irritates = self._effects()
        self.constants = self._constants()
        self.personal = self._personal(diversity)
        self.scale = np.maximum(_COLDEST, temperature * np.array([p.noise for p in self.profiles]))

    @property
    def model_version(self) -> str:
        return model_version()

    @property
    def unrecognized(self) -> Sequence[tuple[str, str]]:
        people = zip(self.people, self.profiles, strict=True)
        return [(f"personas[{p.id}].{field}", text) for p, profile in people for field, text in profile.unrecognized]

    def _effects(self) -> tuple[Floats, Floats]:
        """What each attribute moves and irritates for each person, each (people, attributes)."""
        attributes = self.vocabulary.attributes
        moves = np.tile([a.moves for a in attributes], (len(self.people), 1))
        irritates = np.tile([a.irritates for a in attributes], (len(self.people), 1))
        for i, profile in enumerate(self.profiles):
            for shift in profile.shifts:
                moves[i, self.index[shift.attribute]] += shift.moves
                irritates[i, self.index[shift.attribute]] += shift.irritates
        return moves, irritates

    def _constants(self) -> dict[str, Floats]:
        sums = {name: np.zeros(len(self.people)) for name in CONSTANTS}
        for i, profile in enumerate(self.profiles):
            for constant in profile.constants:
                sums[constant.name][i] += constant.value
        return sums

    def _personal(self, diversity: float) -> Floats:
        """The lasting deviations of each person, shape (people, dimensions). Drawn people are as varied as asked.

        What lasts belongs to the person: a persona is the same in every study, a drawn person in one study only.
        """
        count = len(self.sizes.between)
        named = [("persona",) if p.origin == "specific" else (self._seed,) for p in self.people]
        drawn = np.stack([normals(count, *name, p.id, "follow-up") for p, name in zip(self.people, named, strict=True)])
        scale = np.array([diversity if p.origin == "generated" else 1.0 for p in self.people])
        return np.asarray((drawn @ self.sizes.root.T) * self.sizes.between * scale[:, None])

    def exposure(self, contact: Contact) -> tuple[float, float]:
        """How much of a contact is conversation, and how much facts, each from 0 to 1."""
        met = [self.vocabulary.attributes[self.index[name]] for name in contact.attributes]
        return min(1.0, sum(a.spoken for a in met)), min(1.0, sum(a.evidence for a in met))

    # Followed through sequences

    @property
    def count(self) -> int:
        return len(self.people)

    def chunks(self) -> Iterator[tuple[slice, "Drawn"]]:
        for rows in chunks_of(len(self.people), self._iterations * _CELLS_PER_DRAW):
            yield rows, self.drawn(rows)

    def drawn(self, rows: slice) -> "Drawn":
        """These people with all their draws."""
        return Drawn(self, rows, self._deviations[rows])

    @cached_property
    def _deviations(self) -> Floats:
        """Of everybody on every draw, (people, draws, dimensions): some 30 MB for the largest study accepted."""
        dimensions = len(self.sizes.within)
        points = sobol(dimensions, self._iterations, seed_of(self._seed, "follow-up"))
        shifts = np.stack([uniforms(dimensions, self._seed, p.id, "follow-up") for p in self.people])
        deviations = np.empty((len(self.people), self._iterations, dimensions))
        for rows in chunks_of(len(self.people), self._iterations * _CELLS_PER_DRAW):
            draws = rotated_normals(points, shifts[rows]) @ self.sizes.root.T * self.sizes.within
            deviations[rows] = self.personal[rows, None, :] + draws
        return deviations

    # Asked question by question

    def answer(self, question: Question, rows: slice) -> Floats:
        """Probabilities averaged over the draws."""
        return self._answer(question, self.drawn(rows))

    def occasions(self, question: Question, wanted: int) -> Sequence[Occasion]:
        """Everyone asked again, on independent occasions. The order of the alternatives plays no part here."""
        return [self._occasion(question, number) for number in range(wanted)]

    def answers_each(self, question: Question) -> int:  # noqa: ARG002  (the same for all)
        return self._iterations

    def _occasion(self, question: Question, number: int) -> Occasion:
        generator = np.random.default_rng(seed_of(self._seed, question.key, "occasion", number))
        drawn = generator.standard_normal((self.count, 1, len(self.sizes.within))) @ self.sizes.root.T
        people = Drawn(self, slice(0, self.count), self.personal[:, None, :] + drawn * self.sizes.within)
        first = number % len(question.alternatives)
        return Occasion(self._answer(question, people), np.full(self.count, first))

    def _answer(self, question: Question, people: "Drawn") -> Floats:
        if question.about == "start":
            return np.asarray(people.start[: len(STANDINGS)].mean(axis=2).T)
        if question.contact is None:
            return _parted(people.forgetting, people.initiative, SILENT_DAYS)
        state = TRANSIENT.index(question.state)
        reactions = people.reactions_in(slice(state, state + 1), question.before, question.contact)
        return np.stack([reaction[0].mean(axis=1) for reaction in reactions], axis=1)

    def explained(self, question: Question, person: int, alternative: int) -> dict[str, Any] | None:
        """The terms of the utility of one move at a contact, for the person's own mean reactions."""
        if question.contact is None:
            return None
        move = question.alternatives[alternative].name
        return explain(self, question.contact, question.before, person, question.state, move).as_json()


@dataclass(frozen=True)
class Drawn:
    """Some people and their draws. `deviations`: (people, draws, dimensions)."""

    of: StatisticalRespondents
    rows: slice
    deviations: Floats

    @property
    def calming(self) -> float:
        return self.of.sizes.silence["calming"]

    @cached_property
    def start(self) -> Floats:
        """Logit over where the first contact leaves a person, *lost* at 0."""
        interest = self._constant("interest") + self.deviations[:, :, INTEREST]
        standing = self.of.plan.interaction.standing
        utilities = [standing[s] + self.of.sizes.start[s] * interest for s in STANDINGS]
        scaled = np.stack([*utilities, np.zeros_like(interest)]) / self._scale
        weights = np.exp(scaled - scaled.max(axis=0))
        weights /= weights.sum(axis=0)
        start = np.zeros((len(STATES), *interest.shape))
        start[: len(STANDINGS)] = weights[:-1]
        start[LOST] = weights[-1]
        return start

    @cached_property
    def forgetting(self) -> Floats:
        patience = self._constant("forgetting") + self.deviations[:, :, PATIENCE]
        return np.asarray(self.of.sizes.silence["forgetting"] * np.exp(patience))

    @cached_property
    def initiative(self) -> Floats:
        own = self._constant("initiative") + self._constant("deciding") + self.deviations[:, :, INTEREST]
        return np.asarray(self.of.sizes.silence["initiative"] * np.exp(own))

    def reactions(self, before: Sequence[Contact], contact: Contact) -> tuple[Floats, Floats]:
        return self.reactions_in(slice(None), before, contact)

    def reactions_in(self, states: slice, before: Sequence[Contact], contact: Contact) -> tuple[Floats, Floats]:
        """P(forward), P(withdraw) in some of the transient states, each (states, people, draws)."""
        forward, withdraw = self._utilities(contact, history_of(before, contact, self.of.sizes.history))
        own = np.zeros((len(TRANSIENT), len(self.deviations), 1))
        own[CONSIDERING] = self._constant("deciding")
        onward = _odds((self.of.sizes.forward[states, None, None] + own[states] + forward) / self._scale)
        away = _odds((self.of.sizes.withdraw[states, None, None] + withdraw) / self._scale)
        total = 1.0 + onward + away
        return onward / total, away / total

    @property
    def _scale(self) -> Floats:
        return np.asarray(self.of.scale[self.rows, None])

    def _constant(self, name: str) -> Floats:
        """(people, 1)"""
        return self.of.constants[name][self.rows, None]

    def _utilities(self, contact: Contact, history: History) -> tuple[Floats, Floats]:
        """What the contact adds in every state, each (people, draws)."""
        columns = [self.of.index[name] for name in contact.attributes]
        spoken, evidence = self.of.exposure(contact)
        moved, irritated = self.costs(contact, history)
        dev = self.deviations
        forward = self._constant("interest") + self.of.moves[self.rows][:, columns].sum(axis=1)[:, None] + moved
        withdraw = self._constant("irritable") + self.of.irritates[self.rows][:, columns].sum(axis=1)[:, None]
        liked = spoken * dev[:, :, SPOKEN]
        forward = forward + dev[:, :, INTEREST] + liked + evidence * dev[:, :, EVIDENCE]
        withdraw = withdraw + irritated + dev[:, :, IRRITABILITY] + self.of.sizes.spoken_irritates * liked
        return forward, withdraw

    def costs(self, contact: Contact, history: History) -> tuple[Floats, Floats]:
        """What earlier contacts add to moving forward and to withdrawing, each (people, 1)."""
        intrusive = self.of.vocabulary.channels[contact.channel].intrusive
        moved, irritated = history_costs(history, intrusive, self.of.sizes.history)
        more = np.exp(self._constant("fatigue"))
        return more * moved, more * irritated


def history_costs(history: History, intrusive: float, sizes: Mapping[str, float]) -> tuple[float, float]:
    """What earlier contacts add to moving forward (≤ 0) and to withdrawing (≥ 0) for everybody."""
    share = sizes["floor"] + (1 - sizes["floor"]) * intrusive
    costs = []
    for effect in ("moves", "irritates"):
        fatigue = sizes[f"fatigue_{effect}"] * share * history.pressure
        repeated = sizes[f"channel_{effect}"] * history.same_channel
        costs.append(fatigue + repeated + sizes[f"content_{effect}"] * history.same_content)
    return costs[0], costs[1]


def _parted(one: Floats, other: Floats, days: float) -> Floats:
    """Which of two competing events happens first within these days, averaged over draws: (people, 2)."""
    total = one + other
    either = -np.expm1(-total * days) / total
    return np.stack([(rate * either).mean(axis=1) for rate in (one, other)], axis=1)


def _odds(utilities: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(utilities, -_FARTHEST, _FARTHEST)))
