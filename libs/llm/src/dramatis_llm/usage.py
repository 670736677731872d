"""What a call took: tokens, money, attempts. Unknown is None and stays None in a sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of one answer, as its endpoint reported them. `cached` of the `read` ones came from the endpoint's own cache."""

    read: int
    written: int
    cached: int = 0

    @property
    def total(self) -> int:
        return self.read + self.written


def tokens_of(completion: Mapping[str, Any]) -> Tokens | None:
    """None when the endpoint does not say."""
    usage = completion.get("usage") or {}
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(read, int) or not isinstance(written, int):
        return None
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    return Tokens(read, written, cached if isinstance(cached, int) else 0)


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums over calls. `cost` in US dollars. `lost` attempts may have been billed, but nobody said how much."""

    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cached_tokens: int | None = 0
    cost: Decimal | None = Decimal(0)
    attempts: int = 0
    lost: int = 0
    from_cache: int = 0
    """Answers that were read from our own cache, which costs nothing."""

    @property
    def tokens(self) -> int | None:
        return _sum(self.input_tokens, self.output_tokens)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            cached_tokens=_sum(self.cached_tokens, other.cached_tokens),
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
            attempts=self.attempts + other.attempts,
            lost=self.lost + other.lost,
            from_cache=self.from_cache + other.from_cache,
        )


def usage_of(tokens: Tokens | None, cost: Decimal | None) -> Usage:
    """One answered attempt."""
    if tokens is None:
        return Usage(None, None, None, cost, attempts=1)
    return Usage(tokens.read, tokens.written, tokens.cached, cost, attempts=1)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
