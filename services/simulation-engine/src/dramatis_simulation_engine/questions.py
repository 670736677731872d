"""What is asked and what is answered: the one interface between studies and respondents of any kind. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np

from dramatis_simulation_engine.seeds import Floats

NONE = "none"
"""The alternative that is always there: to choose nothing that is offered."""

Format = Literal["menu", "each"]


@dataclass(frozen=True)
class Alternative:
    """Something that can be chosen. A domain adds what its respondents need to judge it."""

    name: str

    @property
    def description(self) -> str:
        """What a reader must know of it beside its name; empty when the name says all."""
        return ""


@dataclass(frozen=True)
class Question:
    """A choice set. `menu`: all alternatives and *none* at once. `each`: every alternative alone against *none*.

    `key` names the question by its content, so that its random numbers do not depend on where it stands.
    """

    key: str
    text: str
    format: Format
    alternatives: Sequence[Alternative]

    @property
    def stimulus(self) -> str:
        """What is shown to everyone before the question is asked, in words."""
        return ""


QuestionT = TypeVar("QuestionT", bound=Question)


@dataclass(frozen=True)
class Answers(Generic[QuestionT]):
    """Probabilities of choice, shape (people, alternatives), for people in the order of their ids.

    Of a menu the remainder to 1 in each row is *none*; of `each` every entry stands alone against *none*.
    """

    question: QuestionT
    probabilities: Floats

    @property
    def none(self) -> Floats:
        """The probability of *none* in a menu, shape (people,)."""
        return np.asarray(np.maximum(0.0, 1.0 - self.probabilities.sum(axis=1)))
