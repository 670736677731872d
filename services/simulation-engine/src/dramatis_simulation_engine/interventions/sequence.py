"""A follow-up as a sequence of contacts, read from a client's request. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from dramatis_contracts.simulation_engine.follow_up import FollowUp, Step
from dramatis_kit import Rejected
from dramatis_simulation_engine.interventions.vocabulary import (
    Interaction,
    Vocabulary,
    Words,
    day_of,
    interaction_of,
    prose_contents,
    read_words,
    tone_of,
)

_WHERE = "scenario.interventions"


@dataclass(frozen=True, slots=True)
class Contact:
    """One step as the respondents meet it. `place` is its place in the client's list, `day` counts from day 0."""

    place: int
    day: int
    channel: str
    tone: str
    contents: tuple[str, ...]

    @property
    def attributes(self) -> tuple[str, ...]:
        return (self.channel, self.tone, *self.contents)


def replaced(contact: Contact, name: str, value: str | int) -> Contact:
    """A contact with its `day`, `channel` or `tone` changed."""
    fields: Mapping[str, str | int] = {"day": contact.day, "channel": contact.channel, "tone": contact.tone}
    changed = {**fields, name: value}
    return Contact(contact.place, int(changed["day"]), str(changed["channel"]), str(changed["tone"]), contact.contents)


Sequence_ = tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What came before a contact. `pressure`: earlier contacts, the recent ones more (see `process.toml`)."""

    gap: int
    """Days since the contact before, or since the first one."""
    pressure: float
    same_channel: int
    same_content: int


def history_of(before: Sequence[Contact], contact: Contact, sizes: Mapping[str, Any]) -> History:
    """What a person has had before this contact, from the contacts before it."""
    memory = sizes["memory"]
    pressure = sizes["first"] * math.exp(-contact.day / memory)
    pressure += sum(math.exp(-max(0, contact.day - b.day) / memory) for b in before)
    earlier = {content for b in before for content in b.contents}
    return History(
        gap=contact.day - (before[-1].day if before else 0),
        pressure=pressure,
        same_channel=sum(b.channel == contact.channel for b in before),
        same_content=len(earlier & set(contact.contents)),
    )


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step as its client wrote it, and what it is understood as; None where nothing in it is known."""

    step: Step
    contact: Contact | None
    fitting: tuple[str, ...]
    """The channels that suit it, its own first."""
    unrecognized: tuple[tuple[str, str], ...]
    """(field, text)"""


@dataclass(frozen=True)
class Plan:
    """The client's follow-up, read through the vocabulary."""

    steps: tuple[PlannedStep, ...]
    interaction: Interaction
    interaction_words: str
    interaction_known: bool

    @cached_property
    def own(self) -> Sequence_:
        """The sequence as it is proposed, of the steps that are understood."""
        return tuple(s.contact for s in self.steps if s.contact is not None)

    @property
    def unrecognized(self) -> Iterator[tuple[str, str]]:
        if not self.interaction_known:
            yield "scenario.initial_interaction", self.interaction_words
        for planned in self.steps:
            yield from planned.unrecognized

    @property
    def after(self) -> str:
        """The first contact in words."""
        return self.interaction.title if self.interaction_known else self.interaction_words.replace("_", " ")


def read_follow_up(scenario: FollowUp, vocabulary: Vocabulary) -> Plan:
    """Raises `Rejected` for a time that has no meaning, and for steps whose times run backwards."""
    interaction, known = interaction_of(scenario.initial_interaction, vocabulary)
    steps = tuple(_planned(i, step, vocabulary) for i, step in enumerate(scenario.interventions))
    _in_time(scenario, vocabulary)
    return Plan(steps, interaction, scenario.initial_interaction, known)


def _in_time(scenario: FollowUp, vocabulary: Vocabulary) -> None:
    days = [_day(i, step, vocabulary) for i, step in enumerate(scenario.interventions)]
    for i, (before, day) in enumerate(pairwise(days), start=1):
        if day < before:
            raise invalid(
                f"{_WHERE}[{i}].timing", f"day {day} is before day {before} of the step before: the steps are in order"
            )


def _day(index: int, step: Step, vocabulary: Vocabulary) -> int:
    day = day_of(step.timing, vocabulary)
    if day is None:
        known = "known are, for example, same_day, next_day, day_3, week_2, 48_hours"
        raise invalid(f"{_WHERE}[{index}].timing", f"'{step.timing}' is not understood as a time; {known}")
    return day


def _planned(index: int, step: Step, vocabulary: Vocabulary) -> PlannedStep:
    action = read_words(step.action, vocabulary)
    parts = {f"script_points[{i}]": read_words(t, vocabulary) for i, t in enumerate(step.script_points)}
    parts |= {f"includes[{i}]": read_words(t, vocabulary) for i, t in enumerate(step.includes)}
    texts = {f"script_points[{i}]": t for i, t in enumerate(step.script_points)}
    texts |= {f"includes[{i}]": t for i, t in enumerate(step.includes)}
    written = prose_contents(step.content or "", vocabulary)
    contents = tuple(dict.fromkeys((*action.contents, *(c for p in parts.values() for c in p.contents), *written)))
    unread = [*_unread("action", step.action, action)]
    for field, words in parts.items():
        unread.extend(_unread(field, texts[field], words))
    channel = _channel(action, contents, vocabulary)
    contact = None
    if channel is not None:
        tone = tone_of(step.content, vocabulary)
        contact = Contact(index, _day(index, step, vocabulary), channel, tone, contents)
    return PlannedStep(
        step=step,
        contact=contact,
        fitting=_fitting(channel, contents, vocabulary) if channel is not None else (),
        unrecognized=tuple((f"{_WHERE}[{index}].{field}", text) for field, text in unread),
    )


def _unread(field: str, text: str, words: Words) -> Iterator[tuple[str, str]]:
    """Single words of a text that is understood in part, else the text as a whole."""
    if not words.understood:
        yield field, text
        return
    for word in words.unknown:
        yield field, word


def _channel(action: Words, contents: Sequence[str], vocabulary: Vocabulary) -> str | None:
    """The channel that the action names, else the usual one of what it is about. None where nothing is known."""
    if action.channels:
        return action.channels[0]
    usual = (vocabulary.usual[c] for c in (*action.contents, *contents) if c in vocabulary.usual)
    return next(usual, "email" if contents else None)


def _fitting(channel: str, contents: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    limits = [vocabulary.fits[c] for c in contents if c in vocabulary.fits]
    candidates = limits[0] if limits else vocabulary.other_channels
    others = [c for c in candidates if c != channel and all(c in limit for limit in limits)]
    return (channel, *others)


def check_horizon(plan: Plan, horizon_days: int) -> None:
    """Raises `Rejected` where a step lies beyond the time in which conversions count."""
    for contact in plan.own:
        if contact.day >= horizon_days:
            raise invalid(
                "simulation_parameters.horizon_days",
                f"step {contact.place + 1} is on day {contact.day}; conversions count within {horizon_days} days",
            )


def check_understood(plan: Plan) -> None:
    """Raises `Rejected` where not one step is understood."""
    if not plan.own:
        texts = ", ".join(f"'{s.step.action}'" for s in plan.steps)
        raise invalid(f"{_WHERE}[0].action", f"no step is understood: {texts}")


def invalid(field: str, issue: str) -> Rejected:
    return Rejected("INVALID_SIMULATION", "The simulation asked for is invalid.", field=field, issue=issue)
