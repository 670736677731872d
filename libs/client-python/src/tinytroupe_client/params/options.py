"""What every method takes, and words that several use."""

from collections.abc import Mapping
from typing import Literal, TypedDict

Visibility = Literal["private", "team", "brokerage"]
Level = Literal["very_low", "low", "moderate", "medium", "high", "very_high"]
SimulationStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
SimulationKind = Literal["focus_group", "marketing_campaign", "intervention", "campaign_variants", "viral_potential"]
DeliveryStatus = Literal["pending", "delivered", "failed", "stopped"]


class CallOptions(TypedDict, total=False):
    """What every method takes besides its own arguments.

    `timeout` in seconds for each attempt; a stream has none. `idempotency_key`: the same key again, within a day, gives
    the first answer again instead of doing the work twice; without one each call gets a key of its own, kept in all its
    attempts.
    """

    timeout: float
    max_retries: int
    idempotency_key: str
    extra_headers: Mapping[str, str]


class PageOptions(CallOptions, total=False):
    """Where a list begins (`page` counts from 1) and how many items are fetched at once (200 at most)."""

    page: int
    page_size: int


class NewApiKey(CallOptions, total=False):
    """Whose key it shall be: an agent's, a team's, or without both the brokerage's own."""

    name: str
    agent_id: str
    team_id: str
