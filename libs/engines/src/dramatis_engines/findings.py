"""The results of a simulation in the terminal: findings, and every estimate with its n and interval."""

from collections.abc import Iterator
from typing import Any

from dramatis_engines.console import Voice

_ESTIMATE = frozenset({"value", "low", "high", "n", "method"})
_SHOWN = 12


def show(results: dict[str, Any], voice: Voice) -> None:
    """Findings first, then the numbers behind them, then what to do."""
    summary = results["summary"] or {}
    voice.fact("result", f"{results['n_respondents']} respondents, model {results['model_version']}")
    for finding in summary.get("key_findings", ()):
        voice.line(f"  • {finding}")
    rows = list(estimates(results["detailed_results"] or {}))
    _table(rows[:_SHOWN], voice)
    if len(rows) > _SHOWN:
        voice.line(f"  … and {len(rows) - _SHOWN} more in /v1/simulations/{results['simulation_id']}/results")
    for recommendation in results["recommendations"]:
        voice.line(f"  → {recommendation['action']}{_confidence(recommendation['confidence'])}")


def _confidence(value: float | None) -> str:
    if value is None:
        return ""
    told = "above 0.99" if value > 0.99 else "below 0.01" if value < 0.01 else f"{value:.2f}"
    return f" (probability that it is the best of those tested: {told})"


def estimates(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every estimate in a result, with the words that lead to it."""
    if isinstance(value, dict):
        if value.keys() >= _ESTIMATE:
            yield " · ".join(path), value
            return
        for name, part in value.items():
            if name != "persona_responses":
                yield from estimates(part, (*path, _words(name)))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from estimates(part, (*path, _name(part) or str(place + 1)))


def _name(part: object) -> str | None:
    """What an element of a list is about."""
    if isinstance(part, dict):
        for key in ("option", "modification", "price", "name", "id"):
            if key in part:
                return _words(f"${part[key]:,.0f}" if key == "price" else str(part[key]))
    return None


def _words(name: str) -> str:
    return name.replace("_", " ")


def _table(rows: list[tuple[str, dict[str, Any]]], voice: Voice) -> None:
    width = max((len(name) for name, _ in rows), default=0)
    for name, estimate in rows:
        interval = f"{_number(estimate['low'])} to {_number(estimate['high'])}"
        voice.line(f"    {name:{width}}  {_number(estimate['value']):>10}  {interval:20}  {_basis(estimate)}")


def _basis(estimate: dict[str, Any]) -> str:
    """What a number rests on: without it, it says nothing."""
    level = f"{estimate.get('level', 0.95):.0%}".replace("%", " %")
    return f"{level} interval, n = {estimate['n']}, {estimate.get('calibration', 'no calibration')}"


def _number(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
