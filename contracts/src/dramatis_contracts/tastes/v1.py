"""Tastes that are estimated: observed choices, the models fitted to them, and what is asked next, version 1."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from dramatis_contracts.base import Request

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]

Distribution = Literal["normal", "log_normal", "negative_log_normal", "fixed"]
"""How a taste varies between people; the log-normal ones have one sign for everyone."""


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("the entries must differ from one another")
    return values


Words = Annotated[tuple[Word, ...], Field(max_length=1000), AfterValidator(_distinct)]


class Option(Request):
    """Something that could be chosen. Without attributes it is the option to choose nothing: all its levels are 0."""

    name: Word
    attributes: Annotated[dict[Word, Number], Field(max_length=50)] = Field(default_factory=dict)


class ObservedChoice(Request):
    """What a person chose, and from what. Without a `person` the choice is that of somebody who chose only once."""

    person: Word | None = None
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=50)]
    chosen: Word
    covariates: Annotated[dict[Word, Number], Field(max_length=20)] = Field(default_factory=dict)


class TasteModel(Request):
    """What explains the choices.

    `log` attributes enter as logarithms. `constants` gives every option name but the first one a constant of its own.
    `covariates` of a person are multiplied by the constants of the options that are named. Tastes vary between people
    as `distributions` says, `normal` where it says nothing; what belongs to a covariate does not vary. Without
    `correlated` they are taken as correlated if that is worth its parameters (BIC). `draws` is rounded up to a power
    of two.
    """

    log: Words = ()
    constants: bool = False
    covariates: Annotated[dict[Word, Words], Field(max_length=20)] = Field(default_factory=dict)
    mixed: bool = True
    distributions: Annotated[dict[Word, Distribution], Field(max_length=50)] = Field(default_factory=dict)
    correlated: bool | None = None
    draws: Annotated[int, Field(ge=16, le=2048)] = 256
