"""What reaches a person, and what is asked about it at each stage of a funnel. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dramatis_simulation_engine import questions
from dramatis_simulation_engine.marketing.channels import Place
from dramatis_simulation_engine.marketing.messages import Content


@dataclass(frozen=True)
class Exposure(questions.Alternative):
    """One message at one place, at one time."""

    place: Place
    hook: Content | None = None
    body: Content | None = None
    cta: Content | None = None
    day: str | None = None
    part: str | None = None
    """Of the day, as in the assumptions."""
    traits: Mapping[str, float] = field(default_factory=dict)
    """Attributes that its kind of content brings."""
    shown: str = ""
    """In words, for respondents who read."""

    @property
    def parts(self) -> Mapping[str, Content]:
        """The texts that were given."""
        named = {"hook": self.hook, "body": self.body, "cta": self.cta}
        return {name: content for name, content in named.items() if content is not None}

    @property
    def description(self) -> str:
        return self.shown

    def content(self) -> object:
        """What it consists of, whatever it is called."""
        texts = sorted((part, text.text) for part, text in self.parts.items())
        return [self.place.name, texts, self.day, self.part, sorted(self.traits.items())]


@dataclass(frozen=True)
class Question(questions.Question):
    """Does the person take this step, given that it took all steps before? `stages` are all steps up to this one."""

    alternatives: Sequence[Exposure]
    stages: tuple[str, ...]
    shown_to_all: str = ""

    @property
    def stimulus(self) -> str:
        return self.shown_to_all


Answers = questions.Answers[Question]


def stage_questions(
    stages: Sequence[str], texts: Mapping[str, str], exposures: Sequence[Exposure], shown_to_all: str
) -> tuple[Question, ...]:
    """A question for each stage; none when there is nothing to ask about."""
    if not exposures:
        return ()
    content = json.dumps(sorted(json.dumps([e.name, e.content()]) for e in exposures))
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return tuple(
        Question(f"{stage}-{digest}", texts[stage], "each", exposures, tuple(stages[: i + 1]), shown_to_all)
        for i, stage in enumerate(stages)
    )
