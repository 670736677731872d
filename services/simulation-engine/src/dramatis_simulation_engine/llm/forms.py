"""The form in which a language model answers: a probability for each option, and a reason in a sentence. Pure."""

from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model, model_validator

_TOLERANCE = 0.05
"""How far the sum of probabilities may be from 1 before the answer counts as unreadable."""

Reason = Annotated[str, Field(description="One short sentence in the words of the person.")]


class OfferAnswer(BaseModel):
    """Whether the person takes one offer rather than nothing."""

    reason: Reason = ""
    probability: Annotated[float, Field(description="Between 0 and 1.")]

    @model_validator(mode="after")
    def _is_a_probability(self) -> "OfferAnswer":
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a probability of {self.probability:g}")
        return self


class MenuAnswer(BaseModel):
    """What the person takes of several options. Subclasses have a field for each option, `none` the last."""

    reason: Reason = ""

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Of the options as they were shown, `none` left out; with it they sum to 1."""
        stated = self._stated()
        return tuple(value / sum(stated) for value in stated[:-1])

    @model_validator(mode="after")
    def _is_a_distribution(self) -> "MenuAnswer":
        stated = self._stated()
        total = sum(stated)
        # Written so that a NaN fails. Percentages are meant where the sum is a hundred.
        if not all(value >= 0 for value in stated) or not any(
            abs(total / whole - 1) <= _TOLERANCE for whole in (1, 100)
        ):
            raise ValueError(f"the probabilities sum to {total:g}, and the lowest is {min(stated):g}")
        return self

    def _stated(self) -> list[float]:
        return [float(getattr(self, name)) for name in type(self).model_fields if name != "reason"]


def label(place: int) -> str:
    """How the option at this place is called in a menu."""
    return f"option_{place + 1}"


@lru_cache(maxsize=64)
def menu_form(options: int) -> type[MenuAnswer]:
    """The form of an answer to so many options, and none of them."""
    names = [*(label(place) for place in range(options)), "none"]
    fields: dict[str, Any] = dict.fromkeys(names, (float, ...))
    return create_model("MenuAnswer", __base__=MenuAnswer, **fields)
