"""Time that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FixedClock:
    """A `dramatis_kit.Clock`: call it for the time, `advance` it by seconds."""

    def __init__(self, now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now
