"""From estimates to what a simulation uses: attributes of the taxonomy, and the weight of ln(price). Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_contracts.tastes.v1 import AppliesTo, FitTastes
from dramatis_simulation_engine.estimation.fit import Fit
from dramatis_simulation_engine.estimation.population import Population
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.taxonomy import Taxonomy

PRICE = "price"
_LOGARITHMS = ("log_price", "ln_price")


@dataclass
class Columns:
    """Which column of a fit stands for which attribute, and in which unit price is."""

    attributes: dict[str, int] = field(default_factory=dict)
    price: int | None = None
    price_unit: float = 1.0
    """What the price column is divided by so that its coefficient is that of ln(price)."""
    unrecognized: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def columns_of(request: FitTastes, fit: Fit, taxonomy: Taxonomy) -> Columns:
    """Read the names of the columns. A constant or a product with a covariate belongs to the data and is not used."""
    columns = Columns()
    named = dict.fromkeys(name for choice in request.choices for option in choice.options for name in option.attributes)
    for place, name in enumerate(fit.sets.names[: len(named)]):
        if name == PRICE or name in _LOGARITHMS:
            _read_price(columns, place, name, request)
        elif (attribute := attribute_of(name, taxonomy)) and attribute not in columns.attributes:
            columns.attributes[attribute] = place
            if attribute != name:
                columns.notes.append(f"'{name}' is read as '{attribute}'.")
        else:
            columns.unrecognized.append(name)
    return columns


def attribute_of(name: str, taxonomy: Taxonomy) -> str | None:
    """The one attribute that a name stands for, or None."""
    if name in taxonomy.names:
        return name
    reading = taxonomy.read(name)
    known = [attribute for attribute, sign in reading.signs.items() if sign > 0]
    return known[0] if len(known) == 1 and len(reading.signs) == 1 and not reading.unknown else None


def _read_price(columns: Columns, place: int, name: str, request: FitTastes) -> None:
    if name in _LOGARITHMS or name in request.model.log:
        columns.price = place
        return
    stated = [o.attributes[name] for c in request.choices for o in c.options if o.attributes]
    if min(stated) <= 0:
        columns.unrecognized.append(name)
        return
    columns.price, columns.price_unit = place, float(np.mean(stated))
    columns.notes.append(
        f"Price entered as it is: simulations use its weight at the mean price of the choices ({columns.price_unit:g})."
    )


def usable(tastes_id: str, request: FitTastes, fit: Fit, columns: Columns) -> tuple[TasteSet, ...]:
    """One set for everyone that the fit applies to, and one for each persona whose own choices are among the data."""
    if not columns.attributes and columns.price is None:
        return ()
    mixed = fit.mixed if fit.mixed is not None and fit.mixed.converged else None
    chose = {name: place for place, name in enumerate(fit.sets.people)}
    own = [p for p in request.applies_to.personas if p in chose] if mixed is not None else []
    others = tuple(p for p in request.applies_to.personas if p not in own)
    to = AppliesTo(personas=others, segments=request.applies_to.segments)
    evidence = f"choices of {fit.plain.people} people"
    general = (
        _plain_set(tastes_id, fit, columns, to, evidence)
        if mixed is None
        else _population_set(tastes_id, mixed.population, columns, to, evidence)
    )
    return (general, *(_personal_set(tastes_id, fit, columns, name, chose[name]) for name in own))


def _plain_set(tastes_id: str, fit: Fit, columns: Columns, to: AppliesTo, evidence: str) -> TasteSet:
    coefficients = fit.plain.coefficients
    price = None if columns.price is None else _weight(coefficients[columns.price] * columns.price_unit, columns)
    return TasteSet(
        id=tastes_id,
        calibration="fitted",
        personas=to.personas,
        segments=to.segments,
        means={name: float(coefficients[k]) for name, k in columns.attributes.items()},
        price=price,
        evidence=evidence,
    )


def _weight(coefficient: float, columns: Columns) -> float | None:
    """Minus the coefficient of ln(price); None where a higher price would be liked."""
    if coefficient < 0:
        return float(-coefficient)
    columns.notes.append("A higher price raised the utility in these choices: simulations keep the assumed weight.")
    return None


def _population_set(tastes_id: str, population: Population, columns: Columns, to: AppliesTo, evidence: str) -> TasteSet:
    means, deviations = population.means, population.standard_deviations
    loadings = {name: _row(population, k) for name, k in columns.attributes.items()}
    price, spread = None, None
    if columns.price is not None:
        price, spread = _log_normal(population, columns.price, columns)
        if price is not None:
            loadings[PRICE] = _price_row(population, columns.price, spread or 0.0)
    return TasteSet(
        id=tastes_id,
        calibration="fitted",
        personas=to.personas,
        segments=to.segments,
        means={name: float(means[k]) for name, k in columns.attributes.items()},
        deviations={name: float(deviations[k]) for name, k in columns.attributes.items()},
        price=price,
        price_spread=spread,
        loadings=loadings if population.shape.correlated else {},
        evidence=evidence,
    )


def _row(population: Population, k: int) -> tuple[float, ...]:
    """A row of L, sized so that the taste has its standard deviation whatever its distribution."""
    length = population.deviations[k]
    size = population.standard_deviations[k] / length if length > 0 else 0.0
    sign = -1.0 if population.shape.signs[k] < 0 else 1.0
    return tuple(float(value) for value in sign * size * population.spreads[k])


def _price_row(population: Population, k: int, spread: float) -> tuple[float, ...]:
    """A row of L for the logarithm of the weight of price."""
    length = population.deviations[k]
    sign = 1.0 if population.shape.signs[k] < 0 else -1.0
    return tuple(float(value) for value in sign * (spread / length if length > 0 else 0.0) * population.spreads[k])


def _log_normal(population: Population, k: int, columns: Columns) -> tuple[float | None, float | None]:
    """Median and logarithmic spread of the weight of price. A normal one is replaced by one with equal moments."""
    if population.shape.signs[k] < 0:
        return float(np.exp(population.location[k])) * columns.price_unit, float(population.deviations[k])
    weight = _weight(float(population.means[k]) * columns.price_unit, columns)
    if weight is None:
        return None, None
    return _matched(weight, float(population.standard_deviations[k]) * columns.price_unit)


def _matched(mean: float, deviation: float) -> tuple[float, float]:
    """Median and logarithmic spread of the log-normal variable with this mean and standard deviation."""
    variance = math.log1p((deviation / mean) ** 2)
    return mean * math.exp(-variance / 2), math.sqrt(variance)


def _personal_set(tastes_id: str, fit: Fit, columns: Columns, person: str, place: int) -> TasteSet:
    """What a persona's own choices say of it; what is not known for certain varies from study to study."""
    if fit.posteriors is None:
        raise AssertionError("a mixed logit comes with posteriors")
    means, covariance = fit.posteriors.means[place], fit.posteriors.covariances[place]
    deviations = np.sqrt(np.maximum(0.0, np.diag(covariance)))
    price, spread = None, None
    if columns.price is not None:
        weight = _weight(float(means[columns.price]) * columns.price_unit, columns)
        if weight is not None:
            price, spread = _matched(weight, float(deviations[columns.price]) * columns.price_unit)
    count = int((fit.sets.person == place).sum())
    return TasteSet(
        id=tastes_id,
        calibration="fitted",
        personas=(person,),
        means={name: float(means[k]) for name, k in columns.attributes.items()},
        deviations={name: float(deviations[k]) for name, k in columns.attributes.items()},
        price=price,
        price_spread=spread,
        loadings=_factor(covariance, columns),
        evidence=f"{count} own choices and those of {fit.plain.people - 1} other people",
    )


def _factor(covariance: Floats, columns: Columns) -> Mapping[str, tuple[float, ...]]:
    places = list(columns.attributes.values())
    if len(places) < 2:
        return {}
    values, vectors = np.linalg.eigh(covariance[np.ix_(places, places)])
    factor = vectors * np.sqrt(np.maximum(0.0, values))
    return {name: tuple(map(float, row)) for name, row in zip(columns.attributes, factor, strict=True)}
