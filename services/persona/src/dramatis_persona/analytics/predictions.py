"""What is to be expected of a persona: assumptions of `data/assumptions.toml` applied to what is known. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, expm1, log2
from typing import Any

from dramatis_contracts.persona.analytics import Predictions
from dramatis_contracts.simulation_engine.common import Estimate
from dramatis_persona.analytics.assumptions import assumed, beta_interval, estimate
from dramatis_persona.analytics.readings import Interaction, Listed, Profile

LIKELIHOOD = "purchase_likelihood_30_days"
TYPE = "preferred_property_type"
BUDGET = "budget_range_estimate"
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Known:
    """What is known as of a moment: the profile, the interactions before it, oldest first, and what was listed."""

    as_of: datetime
    profile: Profile
    interactions: Sequence[Interaction]
    listings: Sequence[Listed]


def predictions(known: Known) -> Predictions:
    likelihood, kind, budget = purchase_likelihood(known), preferred_type(known), budget_range(known)
    found = {LIKELIHOOD: likelihood, TYPE: kind and kind[1], BUDGET: budget and budget[1]}
    days = assumed("history")["days"]
    missing = {
        LIKELIHOOD: f"neither a buying urgency nor an interaction of the last {days} days is known",
        TYPE: "no kind of home has more evidence than the others",
        BUDGET: "no net worth, no offer for a property with a known price and too few viewings of such are known",
    }
    return Predictions(
        purchase_likelihood_30_days=likelihood.value if likelihood else None,
        preferred_property_type=kind[0] if kind else None,
        budget_range_estimate=budget[0] if budget else None,
        estimates={name: value for name, value in found.items() if value},
        unknown={name: reason for name, reason in missing.items() if not found[name]},
    )


def lookback() -> timedelta:
    """How far back interactions count."""
    return timedelta(days=assumed("history")["days"])


# The likelihood of a purchase


def purchase_likelihood(known: Known) -> Estimate | None:
    """P(at least one purchase within the horizon); n counts interactions."""
    urgency = known.profile.urgency
    if not urgency and not known.interactions:
        return None
    model, without = assumed("purchase"), assumed("purchase")["without_urgency"]
    base = model["base"][urgency] if urgency else without["base"]
    deviation = model["deviation"] if urgency else without["deviation"]
    rate = base * exp(_excitement(known, model))
    method = f"exponential hazard from {f'the urgency {urgency}' if urgency else 'no stated urgency'} and interactions"
    return estimate(
        _within_horizon(rate),
        _within_horizon(rate * exp(-_Z * deviation)),
        _within_horizon(rate * exp(_Z * deviation)),
        n=len(known.interactions),
        method=method,
    )


def _excitement(known: Known, model: Mapping[str, Any]) -> float:
    """By how much recent interactions raise the rate, on the log scale."""
    recent: defaultdict[str, float] = defaultdict(float)
    for interaction in known.interactions:
        age = (known.as_of - interaction.happened_at) / timedelta(days=1)
        recent[interaction.kind] += 0.5 ** (age / float(model["half_life_days"]))
    weights = model["weight"]
    return float(sum(weights.get(kind, weights["other"]) * log2(1 + recent[kind]) for kind in sorted(recent)))


def _within_horizon(rate: float) -> float:
    return -expm1(-rate)


# The preferred kind of home


def preferred_type(known: Known) -> tuple[str, Estimate] | None:
    """The kind with most evidence; None where none leads. n counts named kinds and properties."""
    evidence, n = _type_evidence(known)
    leading = sorted(evidence.items(), key=lambda item: -item[1])
    if not leading or (len(leading) > 1 and leading[0][1] == leading[1][1]):
        return None
    kind, weight = leading[0]
    total = sum(evidence.values())
    share = weight / total
    low, high = beta_interval(weight + 0.5, total - weight + 0.5)
    method = "share of the evidence: kinds that the profile names, and properties by their strongest interaction"
    return kind, estimate(share, min(low, share), max(high, share), n=n, method=method)


def _type_evidence(known: Known) -> tuple[dict[str, float], int]:
    evidence = defaultdict[str, float](float, dict.fromkeys(known.profile.types, 1.0))
    weights = assumed("property_type")["weight"]
    strongest: dict[str, float] = {}
    for interaction in known.interactions:
        if weight := weights.get(interaction.kind):
            strongest[interaction.property_id] = max(weight, strongest.get(interaction.property_id, 0))
    types = {listed.property_id: listed.type for listed in known.listings}
    typed = {name: weight for name, weight in strongest.items() if types.get(name)}
    for name, weight in typed.items():
        evidence[types[name]] += weight
    return evidence, len(known.profile.types) + len(typed)


# The budget


def budget_range(known: Known) -> tuple[str, Estimate] | None:
    """What the persona can be expected to spend on a home, in US dollars."""
    return _from_offers(known) or _from_viewings(known) or _from_net_worth(known.profile)


def _from_offers(known: Known) -> tuple[str, Estimate] | None:
    prices = _prices(known, {"offer"})
    return _around(prices, "asking prices of the properties for which offers were made") if prices else None


def _from_viewings(known: Known) -> tuple[str, Estimate] | None:
    prices = _prices(known, {"property_viewing", "showing_request"})
    if len(prices) < assumed("budget")["least_viewed"]:
        return None
    return _around(prices, "asking prices of the properties that were viewed or asked to be shown")


def _prices(known: Known, kinds: set[str]) -> list[float]:
    """The price of each property when one of these interactions with it happened last."""
    history: defaultdict[str, list[Listed]] = defaultdict(list)
    for listed in known.listings:
        history[listed.property_id].append(listed)
    return list(
        {
            interaction.property_id: _price_at(history[interaction.property_id], interaction.happened_at)
            for interaction in known.interactions
            if interaction.kind in kinds and interaction.property_id in history
        }.values()
    )


def _price_at(history: Sequence[Listed], moment: datetime) -> float:
    """Of an interaction that was dated before the property came here, the first price known."""
    then = [listed.price for listed in history if listed.recorded_at <= moment]
    return then[-1] if then else history[0].price


def _around(prices: Sequence[float], what: str) -> tuple[str, Estimate]:
    margin = assumed("budget")["margin"]
    low, high = min(prices) * (1 - margin), max(prices) * (1 + margin)
    return f"{dollars(low)}-{dollars(high)}", _budget(low, high, len(prices), f"{what}, ± {margin:.0%}")


def _from_net_worth(profile: Profile) -> tuple[str, Estimate] | None:
    shares = assumed("budget")
    low = None if profile.net_worth_low is None else profile.net_worth_low * shares["lowest_share"]
    high = None if profile.net_worth_high is None else profile.net_worth_high * shares["highest_share"]
    method = f"{shares['lowest_share']:.0%} to {shares['highest_share']:.0%} of the stated net worth"
    if not low and not high:
        return None
    return _written(low, high), _budget(low, high, 1, method)


def _written(low: float | None, high: float | None) -> str:
    if high is None:
        return f"{dollars(low or 0)}+"
    return f"{dollars(low)}-{dollars(high)}" if low else f"<{dollars(high)}"


def _budget(low: float | None, high: float | None, n: int, method: str) -> Estimate:
    middle = (low + high) / 2 if low is not None and high is not None else None
    return estimate(middle, low, high, n=n, method=method, level=assumed("budget")["level"])


def dollars(amount: float) -> str:
    """`45_000_000` → `"$45M"`: three significant digits, and a unit as in a persona's net worth."""
    rounded = float(f"{amount:.3g}")
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if rounded >= size:
            return f"${rounded / size:g}{unit}"
    return f"${rounded:g}"
