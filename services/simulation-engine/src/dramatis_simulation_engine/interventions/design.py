"""Which sequences are compared: the variations of each step, and how their combinations are searched. Pure.

Every step may be moved in time, said in another tone, sent through another channel or left out. Where all combinations
are few (`FULL`) all of them are compared. Otherwise: first each change alone, then one sweep that goes through the
changes in the order of their gain and keeps, for each step and each kind of change, what does best with all that was
kept before. What is compared is always in `Compared.sequences`, the client's own first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Literal

import numpy as np

from dramatis_contracts.simulation_engine.follow_up import Intervention
from dramatis_simulation_engine.interventions.sequence import Contact, Plan, Sequence_, replaced
from dramatis_simulation_engine.interventions.vocabulary import Vocabulary
from dramatis_simulation_engine.seeds import Floats

FULL = 64
_WORTH = 0.001
"""Conversion that a further change has to add to be worth making: a tenth of a point."""

Kind = Literal["timing", "tone", "channel", "left_out"]
Rate = Callable[[Sequence[Sequence_]], Floats]
"""Conversions of people under some sequences, shape (people, sequences)."""


@dataclass(frozen=True, slots=True)
class Variation:
    """One change of one step. `value` is a day, a tone, a channel, or None for leaving the step out."""

    place: int
    kind: Kind
    value: int | str | None


@dataclass(frozen=True)
class Design:
    """What may be changed about a follow-up."""

    own: Sequence_
    variations: tuple[Variation, ...]
    horizon: int

    @property
    def versions(self) -> tuple[Contact, ...]:
        """Every step with one thing changed."""
        by_place = {contact.place: contact for contact in self.own}
        changed = ((by_place[v.place], v) for v in self.variations)
        return tuple(contact for own, v in changed if (contact := _changed(own, v)) is not None)

    def vary(self, sequence: Sequence_, variation: Variation) -> Sequence_ | None:
        """The sequence with one change made; None where it is not possible, because steps would change their order."""
        made = []
        for contact in sequence:
            if contact.place != variation.place:
                made.append(contact)
            elif (changed := _changed(contact, variation)) is not None:
                made.append(changed)
        days = [contact.day for contact in made]
        return tuple(made) if days == sorted(days) else None

    def all_combinations(self) -> list[Sequence_] | None:
        """Every combination of changes, the client's own first; None where they are more than `FULL`."""
        options = [self._options(contact) for contact in self.own]
        if prod(map(len, options)) > FULL:
            return None
        made = (tuple(c for c in combination if c is not None) for combination in product(*options))
        in_order = (s for s in made if [c.day for c in s] == sorted(c.day for c in s))
        return list(dict.fromkeys([self.own, *in_order]))

    def _options(self, own: Contact) -> list[Contact | None]:
        values: dict[Kind, list[Variation | None]] = {"timing": [None], "tone": [None], "channel": [None]}
        options: list[Contact | None] = []
        for variation in self.variations:
            if variation.place == own.place and variation.kind != "left_out":
                values[variation.kind].append(variation)
        for chosen in product(*values.values()):
            contact: Contact | None = own
            for variation in filter(None, chosen):
                contact = _changed(contact, variation) if contact is not None else None
            options.append(contact)
        return [*options, None] if Variation(own.place, "left_out", None) in self.variations else options


def _changed(contact: Contact, variation: Variation) -> Contact | None:
    if variation.value is None:
        return None
    return replaced(contact, "day" if variation.kind == "timing" else variation.kind, variation.value)


def design_of(intervention: Intervention, plan: Plan, vocabulary: Vocabulary) -> Design:
    """The variations that a client asks for. Leaving a step out is always tried."""
    horizon = intervention.simulation_parameters.horizon_days
    wanted = intervention.variations_to_test
    variations: list[Variation] = []
    for at, contact in enumerate(plan.own):
        if "timing_variations" in wanted:
            variations += [Variation(contact.place, "timing", day) for day in _days(plan.own, at, horizon, vocabulary)]
        if "message_tone" in wanted:
            tones = (tone for tone in vocabulary.other_tones if tone != contact.tone)
            variations += [Variation(contact.place, "tone", tone) for tone in tones]
        if "channel_mix" in wanted:
            others = plan.steps[contact.place].fitting[1:]
            variations += [Variation(contact.place, "channel", channel) for channel in others]
        variations.append(Variation(contact.place, "left_out", None))
    return Design(plan.own, tuple(variations), horizon)


def most_sequences(steps: int, wanted: Sequence[str], vocabulary: Vocabulary) -> int:
    """No more sequences than this are ever compared for so many steps and these kinds of variation."""
    channels = max(len(vocabulary.other_channels), *(len(fits) for fits in vocabulary.fits.values()))
    each = {"timing_variations": 2 * vocabulary.places, "message_tone": len(vocabulary.other_tones)}
    each["channel_mix"] = channels
    changes = steps * (1 + sum(each[kind] for kind in wanted))
    return FULL + 2 + 2 * changes


def _days(own: Sequence_, at: int, horizon: int, vocabulary: Vocabulary) -> list[int]:
    """Places on the grid before and after a step's own day, no earlier or later than its neighbours."""
    day = own[at].day
    lowest = own[at - 1].day if at else 0
    highest = own[at + 1].day if at + 1 < len(own) else horizon - 1
    earlier = [d for d in vocabulary.grid if lowest <= d < day][-vocabulary.places :]
    return earlier + [d for d in vocabulary.grid if day < d <= highest][: vocabulary.places]


@dataclass(frozen=True)
class Compared:
    """Sequences and how they do. `rates`: (people, sequences); the client's own is the first."""

    sequences: tuple[Sequence_, ...]
    rates: Floats
    alone: Mapping[Variation, int]
    """Where the client's own with one change stands."""
    searched: Literal["all combinations", "each change alone, then one sweep"]

    @property
    def leading(self) -> int:
        """The highest mean rate, as `simplest` tells."""
        return self.simplest(range(len(self.sequences)))

    def simplest(self, among: Sequence[int]) -> int:
        """The one with the highest mean rate; of those within a tenth of a point, the one with the fewest changes."""
        means = self.rates.mean(axis=0)
        highest = max(means[j] for j in among)
        near = [j for j in among if means[j] >= highest - _WORTH]
        return min(near, key=lambda j: (self._changes(j), -round(float(means[j]), 9), j))

    def _changes(self, j: int) -> int:
        """How many things differ from the client's own sequence."""
        made = {contact.place: contact for contact in self.sequences[j]}
        changed = 0
        for own in self.sequences[0]:
            contact = made.get(own.place)
            names = ("day", "channel", "tone")
            changed += 1 if contact is None else sum(getattr(own, n) != getattr(contact, n) for n in names)
        return changed


def compare(design: Design, rate: Rate) -> Compared:
    """Search the design."""
    alone = {v: made for v in design.variations if (made := design.vary(design.own, v)) is not None}
    search = _Search(rate)
    search.add([design.own, *alone.values(), ()])
    everything = design.all_combinations()
    if everything is not None:
        search.add(everything)
    else:
        _sweep(design, alone, search)
    places = {v: search.place[made] for v, made in alone.items()}
    searched: Literal["all combinations", "each change alone, then one sweep"] = (
        "each change alone, then one sweep" if everything is None else "all combinations"
    )
    return Compared(tuple(search.place), np.concatenate(search.rates, axis=1), places, searched)


class _Search:
    """What was compared so far."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self.place: dict[Sequence_, int] = {}
        self.rates: list[Floats] = []

    def add(self, sequences: Sequence[Sequence_]) -> None:
        new = [s for s in dict.fromkeys(sequences) if s not in self.place]
        if new:
            self.place |= {s: len(self.place) + i for i, s in enumerate(new)}
            self.rates.append(self._rate(new))

    def mean(self, sequence: Sequence_) -> float:
        place = self.place[sequence]
        for rates in self.rates:
            if place < rates.shape[1]:
                return float(rates[:, place].mean())
            place -= rates.shape[1]
        raise KeyError(sequence)


def _sweep(design: Design, alone: Mapping[Variation, Sequence_], search: _Search) -> None:
    current = design.own
    for several in _by_gain(alone, search):
        tried = [made for v in several if (made := design.vary(current, v)) is not None]
        search.add(tried)
        for made in tried:
            if search.mean(made) >= search.mean(current) + _WORTH:
                current = made


def _by_gain(alone: Mapping[Variation, Sequence_], search: _Search) -> Iterator[list[Variation]]:
    """The changes of each step and kind together, those with the greatest gain first."""
    groups: dict[tuple[int, Kind], list[Variation]] = {}
    for variation in alone:
        groups.setdefault((variation.place, variation.kind), []).append(variation)
    best = {key: max(search.mean(alone[v]) for v in several) for key, several in groups.items()}
    for key in sorted(groups, key=lambda key: (-best[key], key)):
        yield groups[key]
