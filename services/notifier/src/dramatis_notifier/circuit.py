"""The circuit breaker of an endpoint: after failures in a row nothing is sent for a while, then one probe. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dramatis_contracts.notifier.terms import Circuit


@dataclass(frozen=True, slots=True)
class Breaker:
    """Opens at `failures` in a row for `seconds`, doubled by every further one up to `longest`."""

    failures: int = 5
    seconds: float = 5.0
    longest: float = 60.0

    def open_seconds(self, streak: int) -> float:
        """How long to send nothing after the `streak`-th failure in a row; 0 while the circuit stays closed."""
        if streak < self.failures:
            return 0.0
        return float(min(self.longest, self.seconds * 2.0 ** min(streak - self.failures, 30)))

    def circuit(self, streak: int, last_failure_at: datetime | None, now: datetime) -> tuple[Circuit, datetime | None]:
        """The state, and when the probe may leave if it is open."""
        if last_failure_at is None or not (seconds := self.open_seconds(streak)):
            return "closed", None
        until = last_failure_at + timedelta(seconds=seconds)
        return ("open", until) if now < until else ("half_open", None)
