"""What is asked and what is answered: the one interface between studies and respondents of any kind. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.taxonomy import Sign

NONE = "none"
"""The alternative that is always there: to choose nothing that is offered."""


@dataclass(frozen=True)
class Alternative:
    """Something that can be chosen. `changes` are attribute levels added to what the question is about."""

    name: str
    changes: Mapping[str, float]
    signs: frozenset[tuple[str, Sign]]
    """What is there (+1) or is missing (−1), against which deal breakers are held."""
    price: float


@dataclass(frozen=True)
class Question:
    """A choice set. `menu`: all alternatives and *none* at once. `each`: every alternative alone against *none*.

    `key` names the question by its content, so that its random numbers do not depend on where it stands.
    """

    key: str
    text: str
    about: Literal["photograph", "property"]
    format: Literal["menu", "each"]
    alternatives: tuple[Alternative, ...]
    listing: Listing


@dataclass(frozen=True)
class Answers:
    """Probabilities of choice, shape (people, alternatives), for people in the order of their ids.

    Of a menu the remainder to 1 in each row is *none*; of `each` every entry stands alone against *none*.
    """

    question: Question
    probabilities: Floats

    @property
    def none(self) -> Floats:
        """The probability of *none* in a menu, shape (people,)."""
        return np.asarray(np.maximum(0.0, 1.0 - self.probabilities.sum(axis=1)))
