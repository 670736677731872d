"""Sequences and their changes in words. Pure."""

from collections.abc import Sequence
from typing import Any

from dramatis_simulation_engine.interventions.design import Variation
from dramatis_simulation_engine.interventions.sequence import Contact, Plan, Sequence_
from dramatis_simulation_engine.interventions.vocabulary import Vocabulary


def timing(plan: Plan, contact: Contact) -> str:
    """The client's own words where the day is its own."""
    own = plan.steps[contact.place]
    if own.contact is not None and own.contact.day == contact.day:
        return own.step.timing
    return "same_day" if contact.day == 0 else f"day_{contact.day}"


def on_day(day: int) -> str:
    return "on the same day" if day == 0 else f"on day {day}"


def step_in_words(plan: Plan, contact: Contact) -> str:
    """`Step 2 (follow up call on day 3)`."""
    action = plan.steps[contact.place].step.action.replace("_", " ")
    return f"Step {contact.place + 1} ({action} {on_day(contact.day)})"


def changes(plan: Plan, sequence: Sequence_, vocabulary: Vocabulary) -> list[str]:
    """What differs from the client's own, a text for each step: `step 3 on day 5 instead of day 7 by letter`."""
    made = {contact.place: contact for contact in sequence}
    said: list[str] = []
    for own in plan.own:
        if own.place not in made:
            said.append(f"without step {own.place + 1}")
        else:
            if what := _changes(own, made[own.place], vocabulary):
                said.append(f"step {own.place + 1} {', '.join(what)}")
    return said


def _changes(own: Contact, contact: Contact, vocabulary: Vocabulary) -> list[str]:
    said = []
    if contact.day != own.day:
        said.append(f"{on_day(contact.day)} instead of {on_day(own.day)[3:]}")
    if contact.channel != own.channel:
        titles = vocabulary.channels
        said.append(f"by {titles[contact.channel].title} instead of {titles[own.channel].title}")
    if contact.tone != own.tone:
        said.append(f"in a {contact.tone.replace('_', '-')} tone")
    return said


def variation(plan: Plan, changed: Variation, sequence: Sequence_, vocabulary: Vocabulary) -> dict[str, Any]:
    """One change, for the detailed results."""
    return {
        "step": changed.place + 1,
        "kind": changed.kind,
        "value": changed.value,
        "change": joined(changes(plan, sequence, vocabulary)),
    }


def joined(parts: Sequence[str]) -> str:
    """`step 1 by letter instead of email; without step 2`; `as planned` where there is nothing."""
    return "; ".join(parts) or "as planned"
