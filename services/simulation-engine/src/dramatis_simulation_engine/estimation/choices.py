"""Observed choices as arrays: choice sets of any size, padded to the largest one. Pure.

T choice sets, J options in the largest of them, K columns (attributes, constants, products of the two with covariates).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from dramatis_contracts.tastes.v1 import ObservedChoice, Option, TasteModel
from dramatis_simulation_engine.seeds import Floats

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


class InvalidChoices(Exception):
    """The choices cannot be estimated from; `field` is the place in the request that is to blame."""

    def __init__(self, field: str, issue: str) -> None:
        super().__init__(f"{field}: {issue}")
        self.field, self.issue = field, issue


@dataclass(frozen=True)
class ChoiceSets:
    """Choices of people in the order in which they were made."""

    names: tuple[str, ...]
    """(K,)"""
    levels: Floats
    """(T, J, K), 0 where there is no option."""
    available: Bools
    """(T, J)"""
    chosen: Integers
    """(T,): the place of the chosen option."""
    person: Integers
    """(T,): the place in `people`."""
    people: tuple[str, ...]
    varying: Bools
    """(K,): whether the taste for a column can differ between people."""

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, sets: Integers) -> "ChoiceSets":
        """Some of the choices, of the same people."""
        return ChoiceSets(
            self.names,
            self.levels[sets],
            self.available[sets],
            self.chosen[sets],
            self.person[sets],
            self.people,
            self.varying,
        )

    def scaled(self, scale: Floats) -> "ChoiceSets":
        """The same choices with every column divided by its scale."""
        levels = self.levels / scale
        return ChoiceSets(self.names, levels, self.available, self.chosen, self.person, self.people, self.varying)


@dataclass(frozen=True)
class Contrasts:
    """Each option that was not chosen against the chosen one: all that a choice says about tastes."""

    levels: Floats
    """(T, J−1, K): option minus chosen option."""
    real: Bools
    """(T, J−1): false where the choice set has no more options."""

    @classmethod
    def of(cls, sets: ChoiceSets) -> "Contrasts":
        count, width, _ = sets.levels.shape
        others = np.arange(width - 1)[None, :] + (np.arange(width - 1)[None, :] >= sets.chosen[:, None])
        rows = np.arange(count)[:, None]
        real = sets.available[rows, others]
        levels = sets.levels[rows, others] - sets.levels[np.arange(count), sets.chosen][:, None, :]
        return cls(np.where(real[:, :, None], levels, 0.0), real)


def choice_sets(choices: Sequence[ObservedChoice], model: TasteModel) -> ChoiceSets:
    """Choices as arrays, with the columns that the model names. Raises `InvalidChoices` with the field at fault."""
    if not choices:
        raise InvalidChoices("choices", "there are no choices")
    attributes = _attributes(choices)
    for index, choice in enumerate(choices):
        _check(choice, attributes, f"choices[{index}]")
    constants = _constants(choices, model)
    products = _products(choices, model, constants)
    people = tuple(sorted({_person(choice, index) for index, choice in enumerate(choices)}))
    place = {name: index for index, name in enumerate(people)}
    width = max(len(choice.options) for choice in choices)
    names = (*attributes, *(f"constant: {c}" for c in constants), *(f"{a} × {c}" for a, c in products))
    levels = np.zeros((len(choices), width, len(names)))
    for index, (row, choice) in enumerate(zip(levels, choices, strict=True)):
        _fill(row, choice, attributes, constants, products, f"choices[{index}]")
    available = np.arange(width)[None, :] < np.array([len(choice.options) for choice in choices])[:, None]
    _take_logarithms(levels, attributes, model, choices)
    return ChoiceSets(
        names=names,
        levels=levels,
        available=available,
        chosen=np.array([[o.name for o in choice.options].index(choice.chosen) for choice in choices]),
        person=np.array([place[_person(choice, index)] for index, choice in enumerate(choices)]),
        people=people,
        varying=np.arange(len(names)) < len(attributes) + len(constants),
    )


def _person(choice: ObservedChoice, index: int) -> str:
    return choice.person if choice.person is not None else f"choices[{index}]"


def _attributes(choices: Sequence[ObservedChoice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(option.attributes for c in choices for option in c.options)))


def _check(choice: ObservedChoice, attributes: tuple[str, ...], where: str) -> None:
    names = [option.name for option in choice.options]
    if len(names) < 2:
        raise InvalidChoices(f"{where}.options", "a choice needs at least two options")
    if len(set(names)) != len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise InvalidChoices(f"{where}.options", f"two options are called '{twice}'")
    if choice.chosen not in names:
        raise InvalidChoices(f"{where}.chosen", f"'{choice.chosen}' is not among the options: {', '.join(names)}")
    for place, option in enumerate(choice.options):
        _check_levels(option, attributes, f"{where}.options[{place}].attributes")
    for name, value in choice.covariates.items():
        if not np.isfinite(value):
            raise InvalidChoices(f"{where}.covariates.{name}", "the value must be a finite number")


def _check_levels(option: Option, attributes: tuple[str, ...], where: str) -> None:
    for name, value in option.attributes.items():
        if not np.isfinite(value):
            raise InvalidChoices(f"{where}.{name}", "the value must be a finite number")
    if option.attributes and (missing := [name for name in attributes if name not in option.attributes]):
        raise InvalidChoices(f"{where}.{missing[0]}", "the attribute is missing; other options have it")


def _constants(choices: Sequence[ObservedChoice], model: TasteModel) -> tuple[str, ...]:
    """All option names but the base, which is the first one of the first choice."""
    if not model.constants and not model.covariates:
        return ()
    labels = tuple(dict.fromkeys(option.name for choice in choices for option in choice.options))
    if len(labels) > 50:
        issue = f"constants need options with the same names in every choice; there are {len(labels)} names"
        raise InvalidChoices("model.constants", issue)
    chosen = {choice.chosen for choice in choices}
    for label in labels:
        if model.constants and label not in chosen:
            raise InvalidChoices("model.constants", f"'{label}' is never chosen: its constant has no finite estimate")
    return labels[1:] if model.constants else ()


def _products(
    choices: Sequence[ObservedChoice], model: TasteModel, constants: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    labels = tuple(dict.fromkeys(option.name for choice in choices for option in choice.options))
    for covariate, named in model.covariates.items():
        if not named and not constants:
            issue = "name the options whose utility it changes, or ask for constants"
            raise InvalidChoices(f"model.covariates.{covariate}", issue)
        for place, label in enumerate(named):
            if label not in labels:
                raise InvalidChoices(f"model.covariates.{covariate}[{place}]", f"no option is called '{label}'")
    return tuple((covariate, label) for covariate, named in model.covariates.items() for label in named or constants)


def _fill(
    row: Floats,
    choice: ObservedChoice,
    attributes: tuple[str, ...],
    constants: tuple[str, ...],
    products: tuple[tuple[str, str], ...],
    where: str,
) -> None:
    for levels, option in zip(row, choice.options, strict=False):
        if option.attributes:
            levels[: len(attributes)] = [option.attributes[name] for name in attributes]
        labels = levels[len(attributes) :]
        labels[: len(constants)] = [option.name == label for label in constants]
        labels[len(constants) :] = list(_product_levels(choice.covariates, option.name, products, where))


def _product_levels(
    covariates: Mapping[str, float], label: str, products: tuple[tuple[str, str], ...], where: str
) -> Iterator[float]:
    for covariate, named in products:
        if covariate not in covariates:
            raise InvalidChoices(f"{where}.covariates.{covariate}", "the covariate is missing")
        yield covariates[covariate] if label == named else 0.0


def _take_logarithms(
    levels: Floats, attributes: tuple[str, ...], model: TasteModel, choices: Sequence[ObservedChoice]
) -> None:
    """In place. The logarithm is of the ratio to the geometric mean, which is what nothing (0) is compared with."""
    for place, name in enumerate(model.log):
        if name not in attributes:
            raise InvalidChoices(f"model.log[{place}]", f"no option has the attribute '{name}'")
        column = levels[:, :, attributes.index(name)]
        stated = np.zeros(column.shape, dtype=bool)
        for t, choice in enumerate(choices):
            for j, option in enumerate(choice.options):
                stated[t, j] = bool(option.attributes)
                if option.attributes and option.attributes[name] <= 0:
                    where = f"choices[{t}].options[{j}].attributes.{name}"
                    raise InvalidChoices(where, "a logarithm needs a value above 0")
        logarithms = np.log(column[stated])
        column[stated] = logarithms - logarithms.mean()
