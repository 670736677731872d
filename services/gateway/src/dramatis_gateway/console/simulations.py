"""`/console/simulations`: what was asked, where it stands, and the results as a reader wants them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Response

from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.console.routing import PageNumber, TheVisit, console_router

router = console_router()

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One estimate as a line of a table, with its place on a scale that all lines of the table share."""

    name: str
    estimate: v1.Estimate
    low: float
    high: float

    @property
    def points(self) -> tuple[float, float, float] | None:
        """Where value, lower and upper bound stand, in percent of the scale; None without an interval."""
        stated = (self.estimate.value, self.estimate.low, self.estimate.high)
        return _placed(stated, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Table:
    """Estimates that can be compared with one another. `unit`: probability, difference or usd."""

    title: str
    question: str
    unit: str
    figures: tuple[Figure, ...]


@router.get("/simulations")
async def list_simulations(visit: TheVisit, query: Annotated[PageNumber, Query()]) -> Response:
    """All simulations, newest first."""
    found = await visit.caller.ask(v1.list_simulations, v1.ListSimulations(page=query.page, page_size=_AT_ONCE))
    return visit.page("simulations.html", found=found)


@router.get("/simulations/{simulation_id}")
async def show_simulation(visit: TheVisit, simulation_id: str) -> Response:
    """One simulation, with its results once it is completed."""
    simulation = await visit.caller.ask(v1.get_simulation, v1.GetSimulation(simulation_id=simulation_id))
    asked = v1.GetResults(simulation_id=simulation_id)
    results = await visit.caller.ask(v1.get_results, asked) if simulation.status == "completed" else None
    details = results.detailed_results if results else None
    return visit.page(
        "simulation.html", simulation=simulation, results=results, tables=tables_of(details) if details else ()
    )


def tables_of(details: Mapping[str, Any]) -> Sequence[Table]:
    """The sections of a focus group's details as tables; a section that was not asked has none."""
    found: list[Table] = []
    for section in _with_further(details.get("photo_preferences")):
        shown = [(o["option"], o["share"]) for o in section["options"] if o.get("share")]
        found.append(_table("Photographs", section["question"], "probability", shown))
    for section in _with_further(details.get("modification_impact")):
        shown = [(m["modification"], m["change"]) for m in section["modifications"] if m.get("change")]
        found.append(_table("Changes", "How much more or less interest there would be", "difference", shown))
    for section in _with_further(details.get("pricing_sensitivity")):
        shown = [(f"${p['price']:,.0f}", p["demand"]) for p in section["price_points"]]
        found.append(_table("Prices", section["question"], "probability", shown))
    return [table for table in found if table.figures]


def _with_further(section: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return [] if section is None else [section, *section.get("further", [])]


def _table(title: str, question: str, unit: str, shown: Sequence[tuple[str, Mapping[str, Any]]]) -> Table:
    estimates = [(name.replace("_", " "), v1.Estimate.model_validate(stated)) for name, stated in shown]
    bounds = [b for _, e in estimates for b in (e.value, e.low, e.high) if b is not None]
    low, high = min([0.0, *bounds]), max([0.0, *bounds])
    return Table(title, question, unit, tuple(Figure(name, e, low, high) for name, e in estimates))


def _placed(
    stated: tuple[float | None, float | None, float | None], low: float, high: float
) -> tuple[float, float, float] | None:
    value, lower, upper = stated
    if value is None or lower is None or upper is None or high <= low:
        return None
    return tuple(round(100 * (x - low) / (high - low), 2) for x in (value, lower, upper))  # type: ignore[return-value]  # three stay three
