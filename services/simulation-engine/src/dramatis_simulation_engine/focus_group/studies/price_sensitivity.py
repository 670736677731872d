"""Four prices of each person: Van Westendorp's price sensitivity meter and its Newton–Miller–Smith extension. Pure.

Nothing here knows where the prices come from: they may be derived from simulated tastes or be answers to a survey.

Van Westendorp (1976): each person names a price that is too cheap, one that is cheap, one that is expensive and one
that is too expensive. Cumulative shares over the price cross one another in four points. As in the R package
`pricesensitivitymeter`, only strictly rising answers count, a curve is linear between two prices that were named, and
a crossing is where the rising curve first reaches the falling one.

Newton, Miller and Smith (1993): the calibrated intent to buy at the cheap and at the expensive price, 0 at the outer
two and linear in the price between them, gives the share that would try at each price, and with it revenue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dramatis_simulation_engine.seeds import Floats

POINTS = {
    "pmc": "point of marginal cheapness",
    "opp": "optimal price point",
    "idp": "indifference price point",
    "pme": "point of marginal expensiveness",
}


@dataclass(frozen=True)
class FourPrices:
    """What each person named, four arrays of shape (people,) in US dollars; not a number where nothing was named."""

    too_cheap: Floats
    cheap: Floats
    expensive: Floats
    too_expensive: Floats

    @property
    def matrix(self) -> Floats:
        """Shape (people, 4), from too cheap to too expensive."""
        return np.stack([self.too_cheap, self.cheap, self.expensive, self.too_expensive], axis=1)

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Who named all four, each above 0. Shape (people,)."""
        matrix = self.matrix
        return np.asarray(np.isfinite(matrix).all(axis=1) & (np.nan_to_num(matrix) > 0).all(axis=1))

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Whose four prices rise strictly. Shape (people,)."""
        return np.asarray(self.complete & (np.diff(np.nan_to_num(self.matrix), axis=1) > 0).all(axis=1))

    def prices(self, at_most: int | None = None) -> Floats:
        """All prices that valid answers name, rising; thinned evenly to `at_most` of them."""
        named = np.unique(self.matrix[self.valid])
        if at_most is None or len(named) <= at_most:
            return np.asarray(named)
        return np.asarray(named[np.linspace(0, len(named) - 1, at_most).round().astype(int)])


def shares_at(answers: FourPrices, prices: Floats) -> dict[str, Floats]:
    """The cumulative shares of valid answers at each price, as Van Westendorp draws them. Each of shape (prices,)."""
    reached = [np.searchsorted(np.sort(named), prices, side="right") for named in answers.matrix[answers.valid].T]
    too_cheap, cheap, expensive, too_expensive = (count / answers.valid.sum() for count in reached)
    return {"too_cheap": 1 - too_cheap, "cheap": 1 - cheap, "expensive": expensive, "too_expensive": too_expensive}


def each_at(answers: FourPrices, prices: Floats) -> dict[str, Floats]:
    """Who finds which price too cheap, cheap, expensive, too expensive: 0 or 1, each of shape (people, prices).

    A person without a valid answer has not a number: see `excesses`.
    """
    named = np.where(answers.valid[:, None], answers.matrix, np.nan)[:, :, None]
    reached = np.where(np.isnan(named), np.nan, (named <= prices).astype(np.float64))
    too_cheap, cheap, expensive, too_expensive = (reached[:, which] for which in range(4))
    return {"too_cheap": 1 - too_cheap, "cheap": 1 - cheap, "expensive": expensive, "too_expensive": too_expensive}


def excesses(shares: dict[str, Floats]) -> dict[str, Floats]:
    """By how much the rising curve of each point exceeds the falling one.

    Below 0 before the point and 0 or more from there on. Who has no valid answer adds nothing.
    """
    not_cheap, not_expensive = 1 - shares["cheap"], 1 - shares["expensive"]
    return {
        "pmc": np.nan_to_num(not_cheap - shares["too_cheap"]),
        "opp": np.nan_to_num(shares["too_expensive"] - shares["too_cheap"]),
        "idp": np.nan_to_num(shares["expensive"] - shares["cheap"]),
        "pme": np.nan_to_num(shares["too_expensive"] - not_expensive),
    }


def where_crossed(excess: Floats, prices: Floats) -> Floats:
    """The price at which each curve first reaches 0, linear between two prices; not a number where it never does.

    `excess` (…, prices) → (…).
    """
    reached = excess >= 0
    after = reached.argmax(axis=-1)
    before = np.maximum(after - 1, 0)
    low = np.take_along_axis(excess, before[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(excess, after[..., None], axis=-1)[..., 0]
    rise = np.where(high > low, high - low, 1.0)
    share = np.where(after > before, -low / rise, 0.0)
    found = prices[before] + share * (prices[after] - prices[before])
    return np.asarray(np.where(reached.any(axis=-1), found, np.nan))


def van_westendorp(answers: FourPrices) -> dict[str, float]:
    """The four points of the price sensitivity meter, in US dollars.

    Raises `ValueError` when nobody's four prices rise strictly.
    """
    if not answers.valid.any():
        raise ValueError("nobody's four prices rise strictly")
    prices = answers.prices()
    return {name: float(where_crossed(e, prices)) for name, e in excesses(shares_at(answers, prices)).items()}


# Newton, Miller and Smith


def calibrated(intent: NDArray[np.int64], probabilities: Sequence[float]) -> Floats:
    """Probabilities of a purchase for answers from 5 (definitely) to 1 (definitely not); `probabilities` in that order.

    Raises `ValueError` for an answer outside the scale or a probability outside [0, 1].
    """
    scale = np.asarray(probabilities, dtype=np.float64)
    if not ((scale >= 0) & (scale <= 1)).all():
        raise ValueError("a probability lies between 0 and 1")
    if ((intent < 1) | (intent > len(scale))).any():
        raise ValueError(f"an intent lies between 1 and {len(scale)}")
    return np.asarray(scale[len(scale) - intent])


def trial(answers: FourPrices, at_cheap: Floats, at_expensive: Floats, prices: Floats) -> Floats:
    """Each person's probability of a purchase at each price, shape (people, prices); 0 without a valid answer.

    Linear in the price between the person's own four prices. (The R package is linear in the rank of the price among
    all prices that were named, which lets one person's answer depend on the others'.)
    """
    buys = np.zeros((len(answers.cheap), len(prices)))
    for person in np.flatnonzero(answers.valid):
        heights = (0.0, at_cheap[person], at_expensive[person], 0.0)
        buys[person] = np.interp(prices, answers.matrix[person], heights, left=0.0, right=0.0)
    return buys
