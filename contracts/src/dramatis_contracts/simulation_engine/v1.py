"""Simulations: events, commands, queries and resources, version 1."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from dramatis_contracts.base import EventBody, Request, Resource
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.common import (
    Calibration,
    Distinct,
    DiversityParameters,
    Dollars,
    Estimate,
    Kind,
    LanguageModelLimits,
    Name,
    Participant,
    PersonaConfiguration,
    RespondentKind,
    Rising,
    SimulationParameters,
    Status,
    TasteSet,
    Unit,
    Word,
)
from dramatis_contracts.simulation_engine.follow_up import Intervention
from dramatis_contracts.simulation_engine.marketing import CampaignVariants, MarketingCampaign, ViralContent

__all__ = [
    "Calibration",
    "CampaignVariants",
    "DiversityParameters",
    "Estimate",
    "Intervention",
    "Kind",
    "LanguageModelLimits",
    "MarketingCampaign",
    "Participant",
    "PersonaConfiguration",
    "RespondentKind",
    "SimulationParameters",
    "Status",
    "TasteSet",
    "Unit",
    "ViralContent",
]


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


PriceMethod = Literal["van_westendorp", "newton_miller_smith"]
HypotheticalBias = Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)]
"""Stated divided by real willingness to pay; every willingness to pay is divided by it."""


class PhotoSelection(Request):
    """Which photograph should lead?"""

    type: Literal["photo_selection"]
    options: Annotated[tuple[Word, ...], Field(min_length=2, max_length=20), Distinct]


class ModificationTesting(Request):
    """What would each change to the property be worth? With `interactions`, also each pair of changes together."""

    type: Literal["modification_testing"]
    modifications: Annotated[tuple[Word, ...], Field(min_length=1, max_length=20), Distinct]
    interactions: bool = False
    hypothetical_bias: HypotheticalBias | None = None


class PricingStrategy(Request):
    """How does demand fall with the price? Gabor and Granger's method always, the others when asked.

    `purchase_intent` is for Newton, Miller and Smith: how probable a purchase is after each answer of a scale of five,
    from "definitely" to "definitely not".
    """

    type: Literal["pricing_strategy"]
    price_points: Annotated[tuple[Dollars, ...], Field(min_length=2, max_length=20), Rising]
    methods: Annotated[tuple[PriceMethod, ...], Field(max_length=2), Distinct] = ()
    purchase_intent: tuple[Unit, Unit, Unit, Unit, Unit] | None = None
    hypothetical_bias: HypotheticalBias | None = None


Scenario = Annotated[PhotoSelection | ModificationTesting | PricingStrategy, Field(discriminator="type")]


class FocusGroup(Request):
    """A focus group as its client asks for it."""

    name: Name
    property: Property
    test_scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=20)]
    persona_configuration: PersonaConfiguration
    simulation_parameters: SimulationParameters = SimulationParameters()


# Results


class Summary(Resource):
    """What the study says, in a few lines.

    `confidence_level`: how sure it is that one option alone leads and reaches the threshold, in every scenario.
    """

    consensus_reached: bool
    confidence_level: float | None
    key_findings: tuple[str, ...]


class Recommendation(Resource):
    """What to do. `confidence` is the probability, under the model, that the action is the best one tested."""

    action: str
    impact: Literal["high", "medium", "low"]
    confidence: float | None


class Headline(Resource):
    """One number of the result that was stated before any outcome is known.

    `statement` says in words what the number is about; a probability is frozen as a forecast.
    """

    name: str
    estimate: Estimate
    unit: Literal["probability", "difference", "usd", "ratio"] | None = None
    statement: str | None = None


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
    type: Kind = "focus_group"
    respondents: RespondentKind = "statistical"
    predicted_results: dict[str, Any] | None = Field(
        default=None, description="What is predicted, in the form of its kind; null for a focus group."
    )


class RecordedAnswer(Resource):
    """What one person answered once to one question.

    `probabilities` in the order of the question's alternatives; `order`: their places as they were shown.
    """

    question: str
    persona_id: str
    replicate: int
    probabilities: tuple[float, ...]
    order: tuple[int, ...]
    reason: str | None = None


class Usage(Resource):
    """What a language model was paid for. `cost` in US dollars, null when a price is not known; tokens likewise.

    `booked_*` is what counts against the limits: `lost_calls`, which broke off and may have been billed, at the most
    that they can have taken.
    """

    calls: int
    cached_calls: int
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    lost_calls: int = 0
    booked_tokens: int = 0
    booked_cost: float = 0.0


class FrozenForecast(Resource):
    """One probability, stated before its outcome is known. `statement`: what will turn out true, or how often.

    `name` is unique within the simulation, which is the subject of the event.
    """

    name: str
    statement: str
    estimate: Estimate


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
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()


class CampaignRequested(EventBody):
    """A test of a marketing campaign was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestCampaign`. Consumed by its own work queue.
    """

    type: ClassVar[str] = "simulation.campaign_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    campaign: MarketingCampaign
    participants: tuple[Participant, ...]
    seed: int
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()


class InterventionRequested(EventBody):
    """A test of a follow-up sequence was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestIntervention`. Consumed by its own work queue.
    """

    type: ClassVar[str] = "simulation.intervention_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    intervention: Intervention
    participants: tuple[Participant, ...]
    seed: int
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()


class VariantsRequested(EventBody):
    """A forecast of the variants of a campaign was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestVariants`. Consumed by its own work queue.
    """

    type: ClassVar[str] = "simulation.variants_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    variants: CampaignVariants
    participants: tuple[Participant, ...]
    seed: int
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()


class ViralRequested(EventBody):
    """A forecast of the viral potential of a content was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestViral`. Consumed by its own work queue.
    """

    type: ClassVar[str] = "simulation.viral_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    content: ViralContent
    participants: tuple[Participant, ...]
    seed: int
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()


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


class AnswersRecorded(EventBody):
    """Some of the answers of a language model were received, with what they used.

    Produced by `simulation-engine` while it asks, so that what was paid for is not asked again after a crash.
    """

    type: ClassVar[str] = "simulation.answers_recorded.v1"
    owner: ClassVar[str] = "simulation-engine"

    model: str
    answers: tuple[RecordedAnswer, ...]
    usage: Usage


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
    kind: Kind = "focus_group"
    respondents: RespondentKind = "statistical"
    predicted_results: dict[str, Any] | None = None


class ForecastFrozen(EventBody):
    """The probabilities of a simulation were stated before their outcomes are known; they never change any more.

    Produced by `simulation-engine` in the same commit as the completion. Consumed, later, by `calibration`.
    `inputs_hash` is a SHA-256 over the request, the participants' versions and the seed; with the model version it
    names everything that the forecast follows from.
    """

    type: ClassVar[str] = "forecast.frozen.v1"
    owner: ClassVar[str] = "simulation-engine"
    category: ClassVar[str] = "simulation"

    kind: Kind
    model_version: str
    respondents: RespondentKind
    frozen_at: datetime
    horizon: datetime
    inputs_hash: str
    forecasts: tuple[FrozenForecast, ...]


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


Requested = FocusGroupRequested | CampaignRequested | InterventionRequested | VariantsRequested | ViralRequested
"""Every way in which a simulation begins."""

Event = (
    FocusGroupRequested
    | CampaignRequested
    | InterventionRequested
    | VariantsRequested
    | ViralRequested
    | SimulationStarted
    | AnswersRecorded
    | ResponsesRecorded
    | ForecastFrozen
    | SimulationCompleted
    | SimulationFailed
    | SimulationCancelled
)


# Resources, commands and queries


class Simulation(Resource):
    """Where a simulation stands. `progress` is null unless an engine is at work on it or it has ended."""

    simulation_id: str
    type: Kind
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


class RequestCampaign(Request):
    simulation_id: str
    campaign: MarketingCampaign


class RequestIntervention(Request):
    simulation_id: str
    intervention: Intervention


class RequestVariants(Request):
    simulation_id: str
    variants: CampaignVariants


class RequestViral(Request):
    simulation_id: str
    content: ViralContent


class CancelSimulation(Request):
    simulation_id: str


class GetSimulation(Request):
    simulation_id: str


class ListSimulations(PageRequest):
    """Newest first."""

    status: Status | None = None
    type: Kind | None = None


SERVICE = "simulation-engine"
request_focus_group = Method(SERVICE, "request_focus_group", RequestFocusGroup, Simulation)
request_campaign = Method(SERVICE, "request_campaign", RequestCampaign, Simulation)
request_intervention = Method(SERVICE, "request_intervention", RequestIntervention, Simulation)
request_variants = Method(SERVICE, "predict_campaign", RequestVariants, Simulation)
request_viral = Method(SERVICE, "predict_viral", RequestViral, Simulation)
cancel_simulation = Method(SERVICE, "cancel", CancelSimulation, Simulation)
get_simulation = Method(SERVICE, "get", GetSimulation, Simulation)
get_results = Method(SERVICE, "results", GetSimulation, Results)
list_segments = Method(SERVICE, "segments", ListSegments, Segments)
list_simulations = Method(SERVICE, "list", ListSimulations, Page[Simulation])
