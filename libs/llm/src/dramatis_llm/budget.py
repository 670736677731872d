"""What a run may spend: reserved before each call, settled to what it really took. For one event loop."""

import asyncio
from decimal import Decimal

from dramatis_llm.errors import BudgetExhausted, dollars

_NOTHING = Decimal(0)


class Budget:
    """Tokens and US dollars; None is without a limit. `spent_*` is what an earlier process of this run has spent.

    A call is reserved at the most that it can take, so that calls in flight together never exceed the limit. One that
    does not fit beside those in flight waits for them: they usually take less than was reserved.
    """

    def __init__(
        self,
        *,
        max_tokens: int | None = None,
        max_cost: Decimal | None = None,
        spent_tokens: int = 0,
        spent_cost: Decimal = _NOTHING,
    ) -> None:
        self.max_tokens, self.max_cost = max_tokens, max_cost
        self.spent_tokens, self.spent_cost = spent_tokens, spent_cost
        self._reserved_tokens, self._reserved_cost = 0, _NOTHING
        self._changed = asyncio.Event()

    async def reserve(self, tokens: int, cost: Decimal | None) -> "Reservation":
        """Hold the most that a call can take. Raises `BudgetExhausted`; a `cost` of None is not counted."""
        money = _NOTHING if cost is None else cost
        while self._lacking(tokens + self._reserved_tokens, money + self._reserved_cost):
            if exhausted := self._lacking(tokens, money):
                raise exhausted
            self._changed.clear()
            await self._changed.wait()
        self._reserved_tokens += tokens
        self._reserved_cost += money
        return Reservation(self, tokens, money)

    def book(self, tokens: int | None, cost: Decimal | None) -> None:
        """Something was spent without a reservation: by an earlier process of this run."""
        self._settle((0, _NOTHING), tokens or 0, cost or _NOTHING)

    def _lacking(self, tokens: int, cost: Decimal) -> BudgetExhausted | None:
        if self.max_tokens is not None and self.spent_tokens + tokens > self.max_tokens:
            return BudgetExhausted("tokens", str(self.max_tokens), str(self.spent_tokens))
        if self.max_cost is not None and self.spent_cost + cost > self.max_cost:
            return BudgetExhausted("US dollars", dollars(self.max_cost), dollars(self.spent_cost))
        return None

    def _settle(self, reserved: tuple[int, Decimal], tokens: int, cost: Decimal) -> None:
        self._reserved_tokens -= reserved[0]
        self._reserved_cost -= reserved[1]
        self.spent_tokens += tokens
        self.spent_cost += cost
        self._changed.set()


class Reservation:
    """A call's share of the budget until it is settled, once."""

    def __init__(self, budget: Budget, tokens: int, cost: Decimal) -> None:
        self._budget, self._tokens, self._cost = budget, tokens, cost
        self._settled = False

    def settle(self, tokens: int | None, cost: Decimal | None) -> None:
        """The call took this. None counts as all that was reserved: what is unknown may have been billed."""
        self._end(self._tokens if tokens is None else tokens, self._cost if cost is None else cost)

    def release(self) -> None:
        """The call took nothing."""
        self._end(0, _NOTHING)

    def _end(self, tokens: int, cost: Decimal) -> None:
        if not self._settled:
            self._settled = True
            self._budget._settle((self._tokens, self._cost), tokens, cost)  # noqa: SLF001  # two halves of one thing
