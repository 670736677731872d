"""Questions about a property, its photographs, its changes and its price. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dramatis_simulation_engine import questions
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.questions import NONE
from dramatis_simulation_engine.taxonomy import Sign

__all__ = ["NONE", "Alternative", "Answers", "Question"]


@dataclass(frozen=True)
class Alternative(questions.Alternative):
    """A version of the property, or a photograph of it. `changes` are attribute levels added to what it is."""

    changes: Mapping[str, float]
    signs: frozenset[tuple[str, Sign]]
    """What is there (+1) or is missing (−1), against which deal breakers are held."""
    price: float

    @property
    def description(self) -> str:
        return f"at ${self.price:,.0f}"


@dataclass(frozen=True)
class Question(questions.Question):
    """A choice among alternatives that concern one property."""

    alternatives: Sequence[Alternative]
    about: Literal["photograph", "property"]
    listing: Listing

    @property
    def stimulus(self) -> str:
        return self.listing.stimulus


Answers = questions.Answers[Question]
