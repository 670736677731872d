"""Simulations: events, commands, queries and resources, version 1."""

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from dramatis_contracts.base import EventBody, Request, Resource
from dramatis_contracts.rpc import Method

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Dollars = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

Calibration = Literal["assumed", "elicited", "fitted", "calibrated"]
Status = Literal["queued", "running", "completed", "failed", "cancelled"]


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError("the entries must differ from one another")
    return values


def _rising(prices: tuple[float, ...]) -> tuple[float, ...]:
    if any(high <= low for low, high in pairwise(prices)):
        raise ValueError("the prices must rise strictly")
    return prices


Distinct = AfterValidator(_distinct)
Rising = AfterValidator(_rising)


class Photo(Request):
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    caption: Annotated[str, StringConstraints(max_length=500)] | None = None
    room: Word | None = None


class Property(Request):
    """What the respondents look at. Money in US dollars, area in square feet."""

    id: Word | None = None
    address: Annotated[str, StringConstraints(max_length=500)] | None = None
    price: Dollars
    type: Word | None = None
    bedrooms: Annotated[float, Field(ge=0, le=200)] | None = None
    bathrooms: Annotated[float, Field(ge=0, le=200)] | None = None
    sqft: Annotated[float, Field(gt=0, le=1e7)] | None = None
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    features: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    photos: Annotated[tuple[Photo, ...], Field(max_length=100)] = ()


class PhotoSelection(Request):
    """Which photograph should lead?"""

    type: Literal["photo_selection"]
    options: Annotated[tuple[Word, ...], Field(min_length=2, max_length=20), Distinct]


class ModificationTesting(Request):
    """What would each change to the property be worth?"""

    type: Literal["modification_testing"]
    modifications: Annotated[tuple[Word, ...], Field(min_length=1, max_length=20), Distinct]


class PricingStrategy(Request):
    """How does demand fall with the price?"""

    type: Literal["pricing_strategy"]
    price_points: Annotated[tuple[Dollars, ...], Field(min_length=2, max_length=20), Rising]


Scenario = Annotated[PhotoSelection | ModificationTesting | PricingStrategy, Field(discriminator="type")]


class DiversityParameters(Request):
    """How widely generated personas vary, from 0 (alike) to 1 (as wide as the segment)."""

    age_diversity: Unit = 0.3
    wealth_diversity: Unit = 0.3
    preference_diversity: Unit = 0.3


class PersonaConfiguration(Request):
    """Who takes part: `specific_personas`, plus `generated_count` people drawn from `segments`.

    Mode `segment` needs at least one segment and a count, mode `specific` at least one persona.
    """

    mode: Literal["segment", "specific"]
    segments: Annotated[tuple[Word, ...], Field(max_length=20), Distinct] = ()
    specific_personas: Annotated[tuple[Word, ...], Field(max_length=1000), Distinct] = ()
    generated_count: Annotated[int, Field(ge=0, le=1000)] = 0
    diversity_parameters: DiversityParameters = DiversityParameters()

    @model_validator(mode="after")
    def _someone_takes_part(self) -> "PersonaConfiguration":
        if self.mode == "specific" and not self.specific_personas:
            raise ValueError("mode 'specific' needs specific_personas")
        if self.mode == "segment" and not (self.segments and self.generated_count):
            raise ValueError("mode 'segment' needs segments and a generated_count above 0")
        return self


class SimulationParameters(Request):
    """`iterations` choices per person and question; `temperature` scales the random part of utility."""

    iterations: Annotated[int, Field(ge=1, le=10_000)] = 100
    temperature: Annotated[float, Field(gt=0, le=5, allow_inf_nan=False)] = 0.7
    consensus_threshold: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.6
    detail_level: Literal["detailed", "summary"] = "detailed"
    seed: Annotated[int, Field(ge=0, lt=2**53)] | None = None


class FocusGroup(Request):
    """A focus group as its client asks for it."""

    name: Name
    property: Property
    test_scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=20)]
    persona_configuration: PersonaConfiguration
    simulation_parameters: SimulationParameters = SimulationParameters()


class Participant(Request):
    """A persona at the version at which it was invited, so that a repeated run sees the same person."""

    persona_id: str
    version: int


# Results


class Estimate(Resource):
    """A number with its method. `n` counts independent respondents, never iterations."""

    value: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    method: str
    model_version: str
    calibration: Calibration


class Summary(Resource):
    """What the study says, in a few lines. `confidence_level` is P(the leading share ≥ the threshold)."""

    consensus_reached: bool
    confidence_level: float | None
    key_findings: tuple[str, ...]


class Recommendation(Resource):
    """What to do. `confidence` is the probability, under the model, that the action is the best one tested."""

    action: str
    impact: Literal["high", "medium", "low"]
    confidence: float | None


class Headline(Resource):
    """One number of the result that was stated before any outcome is known."""

    name: str
    estimate: Estimate


class Results(Resource):
    """The results of a simulation. `detailed_results` is absent from a `summary`."""

    simulation_id: str
    status: Status
    completed_at: datetime | None
    summary: Summary | None
    detailed_results: dict[str, Any] | None
    recommendations: tuple[Recommendation, ...]
    tokens_used: int | None
    cost: float | None
    n_respondents: int
    model_version: str
    seed: int
    unrecognized: tuple[str, ...]


# Events


class FocusGroupRequested(EventBody):
    """A focus group was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestFocusGroup`. Consumed by its own work queue.
    """

    type: ClassVar[str] = "simulation.focus_group_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    focus_group: FocusGroup
    participants: tuple[Participant, ...]
    seed: int


class SimulationStarted(EventBody):
    """An engine took the simulation up.

    Produced by `simulation-engine`. A simulation whose engine dies is taken up again without a second event.
    """

    type: ClassVar[str] = "simulation.started.v1"
    owner: ClassVar[str] = "simulation-engine"

    model_version: str
    started_at: datetime | None = None


class ResponsesRecorded(EventBody):
    """The detailed results of a simulation, committed together with its completion.

    Produced by `simulation-engine`. Kept apart so that `simulation.completed` stays small enough for a webhook.
    """

    type: ClassVar[str] = "simulation.responses_recorded.v1"
    owner: ClassVar[str] = "simulation-engine"

    detailed_results: dict[str, Any]


class SimulationCompleted(EventBody):
    """A simulation ended with a result.

    Produced by `simulation-engine`. Consumed by `notifier` and, later, by `calibration`.
    """

    type: ClassVar[str] = "simulation.completed.v1"
    owner: ClassVar[str] = "simulation-engine"

    name: str
    summary: Summary
    recommendations: tuple[Recommendation, ...]
    headlines: tuple[Headline, ...]
    unrecognized: tuple[str, ...]
    n_respondents: int
    model_version: str
    seed: int
    tokens_used: int | None
    cost: float | None


class SimulationFailed(EventBody):
    """A simulation ended without a result; `reason` says why in words for its owner.

    Produced by `simulation-engine`. Consumed by `notifier`.
    """

    type: ClassVar[str] = "simulation.failed.v1"
    owner: ClassVar[str] = "simulation-engine"

    code: str
    reason: str


class SimulationCancelled(EventBody):
    """A simulation was stopped by its owner before it ended.

    Produced by `simulation-engine` on `CancelSimulation`. Consumed by `notifier`.
    """

    type: ClassVar[str] = "simulation.cancelled.v1"
    owner: ClassVar[str] = "simulation-engine"


Event = (
    FocusGroupRequested
    | SimulationStarted
    | ResponsesRecorded
    | SimulationCompleted
    | SimulationFailed
    | SimulationCancelled
)


# Resources, commands and queries


class Simulation(Resource):
    """Where a simulation stands. `progress` is null unless an engine is at work on it or it has ended."""

    simulation_id: str
    type: Literal["focus_group"]
    name: str
    status: Status
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    progress: float | None
    error: str | None
    estimated_duration_seconds: int
    version: int


class Progress(Resource):
    """A progress tick: not a fact, never stored. It travels on `progress.<tenant>.<simulation id>`."""

    simulation_id: str
    progress: float
    current_step: str
    partial_results: dict[str, Any] = Field(default_factory=dict)


class Segment(Resource):
    """A group of buyers from which people can be drawn. Its distributions are assumed, not measured."""

    name: str
    title: str
    description: str
    calibration: Calibration


class Segments(Resource):
    """Every segment that `persona_configuration.segments` may name."""

    segments: tuple[Segment, ...]


class ListSegments(Request):
    """All segments, by name."""


class RequestFocusGroup(Request):
    simulation_id: str
    focus_group: FocusGroup


class CancelSimulation(Request):
    simulation_id: str


class GetSimulation(Request):
    simulation_id: str


SERVICE = "simulation-engine"
request_focus_group = Method(SERVICE, "request_focus_group", RequestFocusGroup, Simulation)
cancel_simulation = Method(SERVICE, "cancel", CancelSimulation, Simulation)
get_simulation = Method(SERVICE, "get", GetSimulation, Simulation)
get_results = Method(SERVICE, "results", GetSimulation, Results)
list_segments = Method(SERVICE, "segments", ListSegments, Segments)
