# Generated from _async by scripts/synchronise_client.py: edit there.
"""A simulation that was requested: follow it, wait for it, stop it."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, Self, Unpack

from tinytroupe_client._http import call, path
from tinytroupe_client._parsing import parsed_message
from tinytroupe_client._polling import DEFAULT_WAIT, pauses
from tinytroupe_client._retries import PATIENT_RETRIES
from tinytroupe_client._sync._io import sleep
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.errors import (
    RateLimitError,
    SimulationCancelled,
    SimulationFailed,
    SimulationTimeout,
    TinyTroupeError,
)
from tinytroupe_client.models.simulations import FollowUpRecommendations, Results, SimulationState, SimulationUpdate
from tinytroupe_client.params.options import CallOptions
from tinytroupe_client.params.simulations import ResultsQuery

_ENDED = frozenset({"completed", "failed", "cancelled"})


class Simulation:
    """What is known of it is in `state`, as of the last look; `refresh` looks again."""

    def __init__(self, transport: Transport, state: SimulationState) -> None:
        self._transport = transport
        self.state = state

    @property
    def id(self) -> str:
        return self.state.simulation_id

    @property
    def status(self) -> str:
        """`queued`, `running`, `completed`, `failed` or `cancelled`."""
        return self.state.status

    @property
    def progress(self) -> float | None:
        """From 0 to 1, None unless it is at work or has ended."""
        return self.state.progress

    @property
    def queue_position(self) -> int | None:
        """From 1, None unless it waits behind others."""
        return self.state.queue_position

    @property
    def predicted_results(self) -> dict[str, Any] | None:
        """Of a campaign test that was carried out at once; else they are among the `results`."""
        return self.state.predicted_results

    @property
    def recommendations(self) -> FollowUpRecommendations | None:
        """Of a follow-up test that was carried out at once; else they are among the `results`."""
        return self.state.recommendations

    @property
    def ended(self) -> bool:
        return self.status in _ENDED

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status}>"

    def refresh(self, **options: Unpack[CallOptions]) -> Self:
        """Look where it stands. Raises `TinyTroupeError`."""
        return self._now(self._transport.ask(SimulationState, call("GET", self._path(), options)))

    def cancel(self, **options: Unpack[CallOptions]) -> Self:
        """Stop it. Raises `ConflictError` when it has ended."""
        return self._now(self._transport.ask(SimulationState, call("POST", self._path("cancel"), options)))

    def results(self, **query: Unpack[ResultsQuery]) -> Results:
        """Its results. Raises `ConflictError` while there are none."""
        return self._transport.ask(Results, call("GET", self._path("results"), query))

    def wait_for_completion(
        self,
        *,
        timeout: float = DEFAULT_WAIT,
        poll_interval: float | None = None,
    ) -> Results:
        """Its results, as soon as there are any. Seconds; without `poll_interval` it looks less and less often.

        Raises `SimulationFailed`, `SimulationCancelled`, or `SimulationTimeout` while it goes on.
        """
        deadline = time.monotonic() + timeout
        for pause in pauses(poll_interval):
            if self.ended:
                break
            if time.monotonic() >= deadline:
                raise SimulationTimeout(self.id, f"{self.id} is still {self.status} after {timeout:g} s, and goes on")
            sleep(max(0.0, min(pause, deadline - time.monotonic())))
            self._look(deadline)
        return self._outcome()

    @contextmanager
    def updates(self) -> Iterator[Iterator[SimulationUpdate]]:
        """Live updates over a WebSocket, until it has ended. Needs `tinytroupe-client[live]`.

        ```python
        with simulation.updates() as updates:
            for update in updates:
                print(update.progress)
        ```
        """
        with closing(self._updates()) as updates:
            yield updates

    def _updates(self) -> Generator[SimulationUpdate, None]:
        with closing(self._transport.listen(call("GET", path("ws", "simulations", self.id)))) as messages:
            for message in messages:
                update = parsed_message(SimulationUpdate, message)
                if update.current_step == "refused":
                    raise TinyTroupeError(f"the updates of {self.id} were refused: {update.error}")
                yield update
                if update.type != "progress":
                    return

    def _look(self, deadline: float) -> None:
        try:
            self.refresh(max_retries=PATIENT_RETRIES)
        except RateLimitError as full:
            # Others use the key, too: waiting is what was asked for anyway.
            pause = full.retry_after
            if pause is None or time.monotonic() + pause > deadline:
                raise
            sleep(pause)

    def _outcome(self) -> Results:
        if self.status == "failed":
            raise SimulationFailed(self.id, f"{self.id} failed: {self.state.error or 'no reason was given'}")
        if self.status == "cancelled":
            raise SimulationCancelled(self.id, f"{self.id} was cancelled")
        return self.results()

    def _path(self, *more: str) -> str:
        return path("simulations", self.id, *more)

    def _now(self, state: SimulationState) -> Self:
        # What the first answer said and later ones do not repeat stays.
        news = {name: getattr(state, name) for name in state.model_fields_set}
        self.state = self.state.model_copy(update=news)
        return self
