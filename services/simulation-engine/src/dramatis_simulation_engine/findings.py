"""Numbers in words: rounded to what they can carry, with interval and n. Pure."""

from collections.abc import Callable

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_simulation_engine.sequential import Stopped
from dramatis_simulation_engine.statistics import FIRST_LOOK, Consensus


def percent(value: float) -> str:
    """Whole percents: a study of some dozen people carries no decimals. What is nearly all or nothing is neither."""
    if 0 < value < 0.005:
        return "below 1 %"
    return "above 99 %" if 0.995 <= value < 1 else f"{value * 100:.0f} %"


def points(value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    whole = round(value * 100)
    return "0 points" if whole == 0 else f"{whole:+d} points".replace("-", "−")


def fewer(value: float) -> str:
    """A relative loss in percent, to two digits: `4.2 %`."""
    return "below 0.1 %" if value < 0.1 else f"{value:.2g} %"


def hypothetical(bias: float) -> str:
    """How willingness to pay was corrected; empty where it was not."""
    return "" if bias == 1 else f"Willingness to pay is divided by {bias:g}: people say more than they would pay."


def money(value: float) -> str:
    """US dollars as a price that was asked about: `$44.5M`, `$875K`; in full where that is not exact: `$450,001`."""
    if float(f"{value:.4g}") == value:
        return f"${_amount(value)}"
    return f"${value:,.2f}".removesuffix(".00") if value >= 0.01 else f"${value:.4g}"


def rounded_money(value: float) -> str:
    """An estimated price in US dollars, to three digits: `$44.5M`."""
    return f"${_amount(float(f'{value:.3g}'))}"


def worth(value: float) -> str:
    """What something is worth in US dollars, to two digits: `$1.2M`, `−$450K`."""
    plain = float(f"{value:.2g}")
    return f"−${_amount(-plain)}" if plain < 0 else f"${_amount(plain)}"


def _amount(value: float) -> str:
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def people(n: int) -> str:
    return "1 person" if n == 1 else f"{n} people"


def bounded(estimate: Estimate, words: Callable[[float], str]) -> str:
    """`$44.5M ($41M to $48M)`; the sentence around it says what the bounds are."""
    if estimate.value is None:
        return "a price not known"
    if estimate.low is None or estimate.high is None:
        return words(estimate.value)
    value, low, high = words(estimate.value), words(estimate.low), words(estimate.high)
    return value if value == low == high else f"{value} ({low} to {high})"


def probability(value: float | None) -> str:
    """Two digits, and never certainty."""
    if value is None:
        return "unknown"
    if value > 0.99:
        return "above 0.99"
    return "below 0.01" if value < 0.01 else f"{value:.2f}"


def share(estimate: Estimate) -> str:
    """`54 % (95 % interval 47 % to 61 %, n = 22 people)`."""
    return _stated(estimate, percent)


def change(estimate: Estimate) -> str:
    """`+12 points (95 % interval +8 points to +15 points, n = 22 people)`."""
    return _stated(estimate, points)


def amount(estimate: Estimate) -> str:
    """`$12.3M (95 % interval $10.1M to $14.2M, n = 22 people)`."""
    return _stated(estimate, money)


def _stated(estimate: Estimate, words: Callable[[float], str]) -> str:
    if estimate.value is None:
        return "not known"
    people = "1 person" if estimate.n == 1 else f"{estimate.n} people"
    if estimate.low is None or estimate.high is None:
        return f"{words(estimate.value)} (no interval can be given, n = {people})"
    value, low, high = words(estimate.value), words(estimate.low), words(estimate.high)
    within = "the same when rounded" if value == low == high else f"{low} to {high}"
    return f"{value} ({estimate.level * 100:.0f} % interval {within}, n = {people})"


def listed(texts: list[str]) -> str:
    """`'a', 'b' and 'c'`."""
    quoted = [f"'{text}'" for text in texts]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def agreement(consensus: Consensus) -> str:
    """Whether one answer alone leads with enough choices, and how sure each part of that is."""
    verdict = "reached" if consensus.reached else "not reached"
    wanted = f"Consensus, one answer alone in the lead with at least {percent(consensus.threshold)} of choices, is"
    if consensus.probability is None:
        return f"{wanted} {verdict} (one person shows none)."
    leads, enough = probability(consensus.leads), probability(consensus.enough)
    return f"{wanted} {verdict} (probability that it leads alone: {leads}; that so many agree: {enough})."


def stopped(how: Stopped) -> str:
    """How many were asked in a study that might stop early, and why no more."""
    if how.settled and how.asked < how.planned:
        return (
            f"Asking stopped after {how.asked} of {people(how.planned)}, when it was settled whether there is a "
            "consensus; the intervals allow for having looked before."
        )
    if how.planned <= FIRST_LOOK:
        return f"All {people(how.planned)} were asked: results are looked at early only after {FIRST_LOOK}."
    return f"All {people(how.planned)} were asked, because no earlier look settled whether there is a consensus."
