"""The days that analytics are asked for. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dramatis_kit import Rejected

DEFAULT_DAYS = 30
MOST_DAYS = 731
"""Two years, one of them a leap year."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        """The end, not included."""
        return _midnight(self.last + timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def period_of(first: date | None, last: date | None, today: date) -> Period:
    """What was asked for, or the last 30 days. Raises `Rejected` for what is no period of at most two years."""
    end = last or today
    start = first or end - timedelta(days=DEFAULT_DAYS - 1)
    if start > end:
        named = "date_to" if last is not None else "date_from"
        raise Rejected(
            "INVALID_REQUEST",
            "The period ends before it begins.",
            field=named,
            issue=f"{end} comes before {start}" if last else f"{start} comes after today, {end}",
        )
    if (end - start).days >= MOST_DAYS:
        issue = f"{start} to {end} is {(end - start).days + 1} days; at most {MOST_DAYS} can be asked for at once"
        raise Rejected("INVALID_REQUEST", "The period is too long.", field="date_from", issue=issue)
    return Period(start, end)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
