"""Settings of the simulation engine, `DRAMATIS_SIMULATION_*` beside those that every process shares."""

from decimal import Decimal

from pydantic import Field

from dramatis_contracts.interrogation.v1 import Mind
from dramatis_contracts.simulation_engine.v1 import RespondentKind
from dramatis_kit import Settings


class SimulationSettings(Settings):
    """How much work one engine takes, and how large one simulation may be."""

    simulation_concurrency: int = Field(default=2, ge=1, le=64)
    """Simulations in work at the same time in one process."""

    simulation_tenant_concurrency: int = Field(default=100, ge=1)
    """Simulations of one tenant that are accepted and have not ended; further ones wait for one of them to end."""

    simulation_tenant_at_work: int = Field(default=10, ge=1)
    """Of these, how many are handed to workers at the same time: another tenant waits for so many at most, not for all.
    Below the workers of all engines together, a tenant alone does not use them all."""

    simulation_tenant_waiting: int = Field(default=1000, ge=0, le=10_000)
    """Simulations of one tenant that may wait; more are refused."""

    simulation_sweep_seconds: float = Field(default=15.0, gt=0)
    """How often an engine looks for places that a crash left taken."""

    simulation_max_answers: int = Field(default=50_000_000, ge=1)
    """People × scenarios × iterations of one simulation; more is refused."""

    simulation_respondents: RespondentKind = "statistical"
    """Who answers where a request does not say."""

    simulation_llm_replicates: int = Field(default=2, ge=1, le=20)
    """How often a language model is asked each question for each person, `iterations` at most. Every second time sees
    the options in reverse order."""

    simulation_llm_max_tokens: int = Field(default=5_000_000, ge=1)
    """Tokens of one simulation at most, whatever its request says."""

    simulation_llm_max_cost: Decimal | None = Field(default=None, gt=0)
    """US dollars of one simulation at most, whatever its request says."""

    simulation_fit_seconds: float = Field(default=30.0, gt=0)
    """After how long the search of a mixed logit ends where it stands, and says so."""

    simulation_llm_patience_seconds: float = Field(default=900.0, ge=0)
    """How long a simulation waits for a language model that is down, since its last answer."""

    simulation_cancel_seconds: float = Field(default=0.25, gt=0)
    """How often a simulation in work looks whether it was cancelled."""

    simulation_attempts: int = Field(default=3, ge=1)
    """After how many faults of its computation a simulation fails."""

    interrogation_concurrency: int = Field(default=200, ge=1, le=1000)
    """Interrogations in work at the same time in one process; further ones wait."""

    interrogation_computed_at_once: int = Field(default=1, ge=1, le=64)
    """How many of those may be of the offline mind, which computes: more would only keep requests waiting."""

    interrogation_mind: Mind = "offline"
    """Who investigates and answers where a request does not say."""


def simulation_settings(shared: Settings) -> SimulationSettings:
    """The engine's own settings from the environment, on top of what the process was given."""
    return shared if isinstance(shared, SimulationSettings) else SimulationSettings(**shared.model_dump())
