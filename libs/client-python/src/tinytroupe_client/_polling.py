"""How often something is looked at that takes its time."""

from collections.abc import Iterator
from itertools import chain, repeat

DEFAULT_WAIT = 600.0
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0)
_LONG = 5.0


def pauses(poll_interval: float | None) -> Iterator[float]:
    """Seconds between looks. Without an interval they grow to 5 s: a key has 50 requests per minute by default."""
    return repeat(poll_interval) if poll_interval is not None else chain(_PAUSES, repeat(_LONG))
