"""What is asked about a follow-up: where one stands, what silence does, how one reacts to each step. Pure.

Every question is a menu: a state has two ways out of it, and *none* is staying, so that the answer is a distribution
over what happens next. The client's own steps are asked about in every state, other versions of a step in one state
only: what they change is a change of log-odds, which is taken to be the same in every state.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dramatis_simulation_engine import questions
from dramatis_simulation_engine.interventions.process import TRANSIENT
from dramatis_simulation_engine.interventions.sequence import Contact, Plan, Sequence_
from dramatis_simulation_engine.interventions.vocabulary import Vocabulary

STANDINGS = ("cold", "aware", "engaged", "considering")
SILENT_DAYS = 7
_MEANING = {
    "cold": "you have hardly any interest in it any more",
    "aware": "you remember it and no more",
    "engaged": "you are interested and read what concerns it",
    "considering": "you weigh seriously whether to take the next step",
    "annoyed": "you are annoyed by the way you were contacted",
}
_FORWARD = {
    "cold": "it is on your mind again",
    "aware": "you become interested",
    "engaged": "you begin to consider it seriously",
    "considering": "you take the next step",
    "annoyed": "you forgive it and listen again",
}
_WITHDRAW = {
    "cold": "you do not want to hear of it again",
    "aware": "you are annoyed",
    "engaged": "you are annoyed",
    "considering": "you are annoyed",
    "annoyed": "you do not want to hear of it again",
}
ASKED_STATE = "engaged"
"""Where other versions of a step are asked about."""


@dataclass(frozen=True)
class Alternative(questions.Alternative):
    """Something that may happen, in words."""

    words: str

    @property
    def description(self) -> str:
        return f"({self.words})"


@dataclass(frozen=True)
class Question(questions.Question):
    """A question about one moment of someone in `state`. `contact`, `before` are there for `about == "contact"`."""

    alternatives: Sequence[Alternative]
    about: Literal["start", "silence", "contact"]
    told: str
    state: str
    contact: Contact | None = None
    before: Sequence_ = ()

    @property
    def stimulus(self) -> str:
        return self.told


Answers = questions.Answers[Question]


def start_question(plan: Plan) -> Question:
    """Where does the first contact leave a person?"""
    told = f"You have had a first contact with an estate agent about a home: {plan.after}."
    alternatives = tuple(Alternative(state, _MEANING[state]) for state in STANDINGS)
    text = "Where do you stand now? None means that you have no interest at all."
    return Question(_key("start", told), text, "menu", alternatives, "start", told, STANDINGS[0])


def silence_question(plan: Plan) -> Question:
    """What does a week without contact do to who considers?"""
    told = (
        f"After the first contact about a home ({plan.after}), {_MEANING['considering']}. "
        f"Nobody contacts you for {SILENT_DAYS} days."
    )
    alternatives = (
        Alternative("fades", "your interest becomes less"),
        Alternative("acts", f"you take the step of your own accord: one {plan.interaction.converts}"),
    )
    text = "What has happened after these days? None means that nothing has changed."
    return Question(_key("silence", told), text, "menu", alternatives, "silence", told, "considering")


def contact_question(plan: Plan, before: Sequence_, contact: Contact, state: str, vocabulary: Vocabulary) -> Question:
    """How does a person in this state react to this contact, after those before it?"""
    told = _story(plan, before, contact, vocabulary)
    text = (
        f"Before you received this: {_MEANING[state]}. What happens because of it? None means that you stay as you are."
    )
    alternatives = (Alternative("forward", _FORWARD[state]), Alternative("withdraw", _WITHDRAW[state]))
    key = _key("contact", f"{told}\n{state}")
    return Question(key, text, "menu", alternatives, "contact", told, state, contact, before)


def questions_of(plan: Plan, versions: Sequence[Contact], vocabulary: Vocabulary) -> tuple[Question, ...]:
    """All questions about a follow-up; `versions` are its steps with one thing changed each."""
    before = {contact.place: plan.own[:i] for i, contact in enumerate(plan.own)}
    own = [
        contact_question(plan, before[contact.place], contact, state, vocabulary)
        for contact in plan.own
        for state in TRANSIENT
    ]
    others = [contact_question(plan, before[v.place], v, ASKED_STATE, vocabulary) for v in versions]
    return start_question(plan), silence_question(plan), *own, *others


def _story(plan: Plan, before: Sequence_, contact: Contact, vocabulary: Vocabulary) -> str:
    lines = [f"Day 0: first contact with an estate agent about a home: {plan.after}."]
    lines += [f"Day {b.day}: {described(plan, b, vocabulary)}." for b in before]
    step = plan.steps[contact.place].step
    now = f"Now, on day {contact.day}, you receive: {described(plan, contact, vocabulary)}."
    said = f' It says: "{step.content}"' if step.content else ""
    return "\n".join([*lines, now + said])


def described(plan: Plan, contact: Contact, vocabulary: Vocabulary) -> str:
    """A contact in words: `follow-up call; tone neutral; about answers to concerns`."""
    action = plan.steps[contact.place].step.action.replace("_", " ")
    about = ", ".join(vocabulary.contents[c].title for c in contact.contents)
    channel = vocabulary.channels[contact.channel].title
    parts = [action, f"by {channel}", f"in a {contact.tone.replace('_', '-')} tone", about and f"about {about}"]
    return "; ".join(part for part in parts if part)


def _key(kind: str, told: str) -> str:
    return f"follow-up-{kind}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}"
