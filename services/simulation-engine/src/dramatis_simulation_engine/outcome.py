"""What a simulation found, before it becomes events. Pure."""

from dataclasses import dataclass
from typing import Any

from dramatis_contracts.simulation_engine.v1 import Headline, Recommendation, Summary


@dataclass(frozen=True)
class Outcome:
    """The results of a simulation. `detailed_results` is None where only a summary was asked for."""

    summary: Summary
    recommendations: tuple[Recommendation, ...]
    headlines: tuple[Headline, ...]
    unrecognized: tuple[str, ...]
    n_respondents: int
    model_version: str
    detailed_results: dict[str, Any] | None
    predicted_results: dict[str, Any] | None = None
    """What is predicted, in the form of its kind; None for a focus group."""
    tokens_used: int | None = 0
    cost: float | None = 0.0
    """US dollars; statistical respondents read nothing and cost nothing."""
