"""Simulations: events, commands, queries and resources, version 1."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from dramatis_contracts.base import EventBody, Request, Resource, Viewer
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.common import (
    Calibration,
    DiversityParameters,
    Estimate,
    Kind,
    LanguageModelLimits,
    Participant,
    PersonaConfiguration,
    RespondentKind,
    SimulationParameters,
    Status,
    TasteSet,
    Unit,
)
from dramatis_contracts.simulation_engine.focus_group import (
    FocusGroup,
    FocusGroupRequest,
    HypotheticalBias,
    ModificationTesting,
    Photo,
    PhotoSelection,
    PriceMethod,
    PricingStrategy,
    Property,
    Scenario,
    ScenarioWord,
)
from dramatis_contracts.simulation_engine.follow_up import Intervention
from dramatis_contracts.simulation_engine.marketing import (
    CampaignTest,
    CampaignVariants,
    MarketingCampaign,
    ViralContent,
)

__all__ = [
    "Calibration",
    "CampaignTest",
    "CampaignVariants",
    "DiversityParameters",
    "Estimate",
    "FocusGroup",
    "FocusGroupRequest",
    "HypotheticalBias",
    "Intervention",
    "Kind",
    "LanguageModelLimits",
    "MarketingCampaign",
    "ModificationTesting",
    "Participant",
    "PersonaConfiguration",
    "Photo",
    "PhotoSelection",
    "PriceMethod",
    "PricingStrategy",
    "Property",
    "RespondentKind",
    "Scenario",
    "ScenarioWord",
    "SimulationParameters",
    "Status",
    "TasteSet",
    "Unit",
    "ViralContent",
]


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
    derived: tuple[str, ...] = Field(default=(), description="How a request in short was completed.")


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

    Produced by `simulation-engine` on `RequestFocusGroup`. Consumed by its own work queue. `derived` says in words what
    the engine added to a request in short; the request itself is whole.
    """

    type: ClassVar[str] = "simulation.focus_group_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    focus_group: FocusGroup
    participants: tuple[Participant, ...]
    seed: int
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()
    requested_by: Viewer = Viewer()
    derived: tuple[str, ...] = ()


class CampaignRequested(EventBody):
    """A test of a marketing campaign was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestCampaign`. Consumed by its own work queue. `derived` says in words what
    the engine added to a request in short; the request itself is whole.
    """

    type: ClassVar[str] = "simulation.campaign_requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    campaign: MarketingCampaign
    participants: tuple[Participant, ...]
    seed: int
    respondents: RespondentKind = "statistical"
    tastes: tuple[TasteSet, ...] = ()
    requested_by: Viewer = Viewer()
    derived: tuple[str, ...] = ()


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
    requested_by: Viewer = Viewer()


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
    requested_by: Viewer = Viewer()


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
    requested_by: Viewer = Viewer()


class SimulationAdmitted(EventBody):
    """A simulation that waited because its brokerage had as many under way as it may, may begin now.

    Produced by `simulation-engine` when another one ends. Consumed by its own work queue. One that need not wait has
    no such event.
    """

    type: ClassVar[str] = "simulation.admitted.v1"
    owner: ClassVar[str] = "simulation-engine"


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
    | SimulationAdmitted
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
    """Where a simulation stands. `progress` is null unless an engine is at work on it or it has ended.

    `queue_position`: how many simulations of the brokerage must end before it may begin, 1 for the next; null unless
    it waits because the brokerage has as many under way as it may. `derived`: how a request in short was completed.
    """

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
    queue_position: int | None = None
    derived: tuple[str, ...] = ()


class Progress(Resource):
    """A progress tick: not a fact, never stored. It travels on `progress.<tenant>.<simulation id>`.

    `progress` is null while the simulation waits for its turn; `queue_position` is set only then.
    """

    simulation_id: str
    progress: float | None
    current_step: str
    partial_results: dict[str, Any] = Field(default_factory=dict)
    queue_position: int | None = None


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
    """`viewer`, here and below: whose personas may be invited, and who sees the simulation beside the brokerage."""

    simulation_id: str
    # On the wire both are read as the first, which has room for every whole request.
    focus_group: Annotated[FocusGroupRequest | FocusGroup, Field(union_mode="left_to_right")]
    viewer: Viewer = Viewer()


class RequestCampaign(Request):
    simulation_id: str
    campaign: Annotated[CampaignTest | MarketingCampaign, Field(union_mode="left_to_right")]
    viewer: Viewer = Viewer()


class RequestIntervention(Request):
    simulation_id: str
    intervention: Intervention
    viewer: Viewer = Viewer()


class RequestVariants(Request):
    simulation_id: str
    variants: CampaignVariants
    viewer: Viewer = Viewer()


class RequestViral(Request):
    simulation_id: str
    content: ViralContent
    viewer: Viewer = Viewer()


class CancelSimulation(Request):
    """`viewer`, here and below: an agent reaches what it asked for itself, a team its own, the brokerage all."""

    simulation_id: str
    viewer: Viewer = Viewer()


class GetSimulation(Request):
    simulation_id: str
    viewer: Viewer = Viewer()


class GetResults(Request):
    """Results of a completed simulation, as a `summary` without `detailed_results`."""

    simulation_id: str
    detail_level: Literal["detailed", "summary"] = "detailed"
    viewer: Viewer = Viewer()


class ListSimulations(PageRequest):
    """Newest first."""

    status: Status | None = None
    type: Kind | None = None
    viewer: Viewer = Viewer()


SERVICE = "simulation-engine"
request_focus_group = Method(SERVICE, "request_focus_group", RequestFocusGroup, Simulation)
request_campaign = Method(SERVICE, "request_campaign", RequestCampaign, Simulation)
request_intervention = Method(SERVICE, "request_intervention", RequestIntervention, Simulation)
request_variants = Method(SERVICE, "predict_campaign", RequestVariants, Simulation)
request_viral = Method(SERVICE, "predict_viral", RequestViral, Simulation)
cancel_simulation = Method(SERVICE, "cancel", CancelSimulation, Simulation)
get_simulation = Method(SERVICE, "get", GetSimulation, Simulation)
get_results = Method(SERVICE, "results", GetResults, Results)
list_segments = Method(SERVICE, "segments", ListSegments, Segments)
list_simulations = Method(SERVICE, "list", ListSimulations, Page[Simulation])
