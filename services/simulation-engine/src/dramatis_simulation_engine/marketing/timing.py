"""When a message arrives, and how that suits a person. Pure."""

from collections.abc import Iterator

from dramatis_simulation_engine.marketing.relevance import Term
from dramatis_simulation_engine.marketing.tastes import Assumptions, Tastes

WEEKEND = ("saturday", "sunday")


def part_of_day(time: str, assumptions: Assumptions) -> str:
    """`"09:00"` → `morning`."""
    hour = int(time.partition(":")[0])
    begun = [(fields["from"], name) for name, fields in assumptions.parts.items() if fields["from"] <= hour]
    return str(max(begun)[1])


def time_terms(day: str | None, part: str | None, tastes: Tastes, assumptions: Assumptions) -> list[Term]:
    """Terms of the utility of a message at this time; none where no time is given."""
    return [*_of_day(day, tastes, assumptions), *_of_part(part, tastes, assumptions)]


def _of_day(day: str | None, tastes: Tastes, assumptions: Assumptions) -> Iterator[Term]:
    if day is None:
        return
    yield Term(day, "everybody", assumptions.days[day])
    for group in tastes.rhythm:
        if day in WEEKEND:
            yield Term("weekend", f"occupation: {group}", assumptions.rhythm[group].get("weekend", 0.0))


def _of_part(part: str | None, tastes: Tastes, assumptions: Assumptions) -> Iterator[Term]:
    if part is None:
        return
    sizes = assumptions.parts[part]
    yield Term(part, "everybody", sizes["market"])
    yield Term(part, "age", sizes["per_decade"] * assumptions.decades(tastes))
    for group in tastes.rhythm:
        yield Term(part, f"occupation: {group}", assumptions.rhythm[group].get(part, 0.0))
