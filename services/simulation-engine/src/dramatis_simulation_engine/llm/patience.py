"""How long a run waits for a language model that is down: what was answered stays, and it goes on from there."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from dramatis_kit import Clock, Unavailable
from dramatis_llm import LlmError, RateLimited, Unreachable
from dramatis_simulation_engine.settings import SimulationSettings


async def wait_if_down(
    failure: LlmError,
    latest: Callable[[], Awaitable[datetime | None]],
    delivered: int,
    settings: SimulationSettings,
    clock: Clock,
) -> None:
    """Raises `Unavailable` while an endpoint that is down is worth waiting for; returns where the run has to fail.

    Counted since the `latest` answer, in seconds, and in attempts, of which this is the one numbered `delivered`.
    """
    if not isinstance(failure, Unreachable | RateLimited):
        return
    since = await latest()
    patience = timedelta(seconds=settings.simulation_llm_patience_seconds)
    waited = since is None or clock() - since >= patience
    if not (waited and delivered >= settings.simulation_attempts):
        raise Unavailable("the language model") from failure
