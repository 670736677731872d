"""The table for people and the file for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.load import disturbance
from bench.measure import NotRun, Row, Spread
from dramatis_kit import utc_now

_WIDTH = 150
"""Where there is no terminal whose width could be asked for."""


def console() -> Console:
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=_WIDTH)


def show(found: Sequence[Row | NotRun]) -> None:
    """Print the table; what did not run is in it."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("measured", "ours", "reference", "ratio", "target"):
        table.add_column(heading)
    for row in found:
        table.add_row(*(_cells(row) if isinstance(row, Row) else _empty(row)))
    out = console()
    out.print()
    out.print(table)
    out.print()
    out.print("Medians, with (lowest – highest). A ratio is ours ÷ reference, pair by pair.", style="dim")
    disturbed = max((row.others or 0 for row in found if isinstance(row, Row)), default=0)
    if words := disturbance(disturbed):
        out.print(f"Take care: {words}.", style="yellow")


def _empty(row: NotRun) -> tuple[str, ...]:
    return row.name, f"not run: {escape(row.reason)}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        _two(row.what, row.n),
        _two(f"{number(row.ours.median)} {row.unit}", _about(row)),
        _two(f"{number(row.reference.median)} {row.unit}", row.reference_is or "") if row.reference else "–",
        _two(f"{number(row.ratio.median)} ×", f"({_range(row.ratio)})") if row.ratio else "–",
        _two(row.target.words, "met" if row.target.met else "[bold not dim]missed[/]") if row.target else "–",
    )


def _two(first: str, second: str) -> str:
    return f"{first}\n[dim]{second}[/]"


def _about(row: Row) -> str:
    return f"({_range(row.ours)})" + (f", p95 {number(row.p95)}" if row.p95 is not None else "")


def _range(spread: Spread) -> str:
    return f"{number(spread.low)} – {number(spread.high)}"


def number(value: float) -> str:
    """Three figures that mean something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def save(found: Sequence[Row | NotRun], facts: dict[str, object], file: Path, *, full: bool) -> None:
    """Replace the results file by this run's."""
    content = {
        "measured_at": utc_now().isoformat(timespec="seconds"),
        "full": full,
        "machine": facts,
        "rows": [_rounded(asdict(row)) for row in found if isinstance(row, Row)],
        "not_run": [asdict(row) for row in found if isinstance(row, NotRun)],
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _rounded(row: dict[str, object]) -> dict[str, object]:
    def rounded(value: object) -> object:
        if isinstance(value, dict):
            return {key: rounded(inner) for key, inner in value.items()}
        return float(f"{value:.4g}") if isinstance(value, float) else value

    return {key: rounded(value) for key, value in row.items()}
