"""What is asked about prices and cannot be answered, although each value alone is possible. Pure."""

from collections.abc import Iterator
from itertools import pairwise

from dramatis_contracts.simulation_engine.v1 import FocusGroup, PricingStrategy
from dramatis_kit import Rejected

A_CENT = 0.01
_ROUNDING = 1e-3
"""What binary fractions of a dollar make of a cent at a trillion dollars."""


def check_prices(focus_group: FocusGroup) -> None:
    """Raises `Rejected` where prices are less than a cent apart, or a purchase intent says nothing of purchases."""
    for number, scenario in enumerate(focus_group.test_scenarios):
        if isinstance(scenario, PricingStrategy):
            for field, issue in _faults(scenario):
                raise Rejected(
                    "INVALID_SIMULATION",
                    "The simulation asked for is invalid.",
                    field=f"test_scenarios[{number}].{field}",
                    issue=issue,
                )


def _faults(scenario: PricingStrategy) -> Iterator[tuple[str, str]]:
    for place, (low, high) in enumerate(pairwise(scenario.price_points), start=1):
        if high - low < A_CENT - _ROUNDING:
            yield f"price_points[{place}]", "prices must be a cent apart or more"
    if (intent := scenario.purchase_intent) is None:
        return
    if "newton_miller_smith" not in scenario.methods:
        yield "purchase_intent", "only the method 'newton_miller_smith' uses it, and methods does not ask for that"
    if any(later > earlier for earlier, later in pairwise(intent)):
        yield "purchase_intent", "must not rise from 'definitely' to 'definitely not'"
    if not any(intent):
        yield "purchase_intent", "somebody must buy: all five probabilities are 0"
