"""Interrogations: events, commands, queries and resources, version 1.

One run is one stream; each event is a step that is never repeated. What the door's clients see live is derived from
these events alone.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from dramatis_contracts.base import EventBody, Request, Resource
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method

RESIDUAL = "none"
"""The id under which the belief stands that no hypothesis is right."""

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Mind = Literal["offline", "llm"]
RunStatus = Literal["running", "completed", "failed"]
HypothesisStatus = Literal["pending", "in_progress", "validated", "rejected", "inconclusive"]
QuestionKind = Literal["opening", "probe", "why", "disconfirm"]
EvidenceType = Literal["opinion", "anecdote", "past_behaviour", "measured_outcome"]
StopReason = Literal["decided", "exhausted", "message_limit", "stakeholder_tired"]
SimulationId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]
StakeholderId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
UserInput = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]
Profile = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


def _blank_is_none(value: object) -> object:
    # Forms send their empty fields, too.
    return None if isinstance(value, str) and not value.strip() else value


class InterrogationRequest(Request):
    """A run as its client asks for it. A profile of one's own overrides the catalogue's."""

    user_input: UserInput
    stakeholder_id: Annotated[StakeholderId | None, BeforeValidator(_blank_is_none)] = None
    stakeholder_profile: Annotated[Profile | None, BeforeValidator(_blank_is_none)] = None
    max_interview_messages: Annotated[int, Field(ge=2, le=40)] = 8
    mind: Mind | None = Field(
        default=None, description="Who investigates and answers; the platform's setting if absent."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None


class Stakeholder(Resource):
    """Whom a run interviews, as in the catalogue. An ad-hoc stakeholder has a profile and no id."""

    id: str | None = None
    persona_id: str | None = None
    title: str
    profile: str
    age_demography: str | None = None
    tech_savviness: str | None = None
    product_context: str | None = None


class Hypothesis(Resource):
    """One possible cause. `cause`: its name in the taxonomy, null for one outside it; `prior`: before any answer."""

    id: str
    title: str
    description: str
    prior: Probability
    cause: str | None = None


class RejectedQuestion(Resource):
    """A question that was not asked, and the rule that it broke."""

    content: str
    rule: Literal["leading", "hypothetical", "opinion", "compound", "repeated"]
    why: str


class Evidence(Resource):
    """What one answer says about one hypothesis.

    `log_likelihood_ratio` (natural) is strength × reliability × the ratio of its type, capped by type and
    discounted for what the same source said before. `quote` is a literal part of the answer with number `answer`.
    """

    hypothesis_id: str
    answer: int
    type: EvidenceType
    strength: Annotated[float, Field(ge=-1, le=1)]
    reliability: Probability
    log_likelihood_ratio: float
    quote: str
    why: str


class Belief(Resource):
    """How probable a hypothesis is after the interview so far; `hypothesis_id` is `none` for the residual."""

    hypothesis_id: str
    probability: Probability
    log_odds: float


class HypothesisConcluded(Resource):
    """What came of one hypothesis. `root_cause` is empty unless one was found that could be acted on."""

    hypothesis_id: str
    status: Literal["validated", "rejected", "inconclusive"]
    root_cause: str = ""
    why: str


class Citation(Resource):
    """A line of the transcript that the final answer rests on. `answer` counts the answers of the run from 1."""

    hypothesis_id: str
    answer: int
    quote: str


class Usage(Resource):
    """What one step's calls of a language model were paid for; all 0 offline. `cost` in US dollars, null if unknown."""

    calls: int = 0
    cached_calls: int = 0
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    cost: float | None = 0.0


# Events


class InterrogationRequested(EventBody):
    """A run was accepted and waits for an engine.

    Produced by `simulation-engine` on `RequestInterrogation`. Consumed by its own work queue.
    """

    type: ClassVar[str] = "interrogation.requested.v1"
    owner: ClassVar[str] = "simulation-engine"

    user_input: str
    stakeholder: Stakeholder
    max_interview_messages: int
    mind: Mind
    seed: int


class InterrogationStarted(EventBody):
    """An engine took the run up.

    Produced by `simulation-engine`. A run whose engine dies is taken up again without a second event.
    """

    type: ClassVar[str] = "interrogation.started.v1"
    owner: ClassVar[str] = "simulation-engine"

    model_version: str


class HypothesesDistilled(EventBody):
    """The problem was read and its possible causes stated, each with a prior; `residual` is that of "none of these".

    Produced by `simulation-engine`.
    """

    type: ClassVar[str] = "interrogation.hypotheses_distilled.v1"
    owner: ClassVar[str] = "simulation-engine"

    analysis: str
    hypotheses: Annotated[tuple[Hypothesis, ...], Field(min_length=1, max_length=12)]
    residual: Probability
    unrecognized: tuple[str, ...] = ()
    usage: Usage = Usage()


class InterviewPlanned(EventBody):
    """The order in which hypotheses are to be looked at, and how many questions there may be.

    Produced by `simulation-engine`. The plan is a start: each next question is chosen by what was learnt.
    """

    type: ClassVar[str] = "interrogation.interview_planned.v1"
    owner: ClassVar[str] = "simulation-engine"

    order: tuple[str, ...]
    questions: int
    why: str


class QuestionAsked(EventBody):
    """The investigator asked. `message_index` counts the messages of this hypothesis from 0.

    Produced by `simulation-engine`. `expected_information_gain` in bits, about all hypotheses at once.
    """

    type: ClassVar[str] = "interrogation.question_asked.v1"
    owner: ClassVar[str] = "simulation-engine"

    hypothesis_id: str
    message_index: int
    content: str
    kind: QuestionKind
    probe: str | None = None
    expected_information_gain: Annotated[float, Field(ge=0)] | None
    rejected: tuple[RejectedQuestion, ...] = ()
    usage: Usage = Usage()


class AnswerGiven(EventBody):
    """The simulated stakeholder answered. `knows` is false for an "I don't know"; `fatigue` grows from 0 to 1.

    Produced by `simulation-engine`. `unsupported`: claims that neither profile nor facts carry; they count nothing.
    """

    type: ClassVar[str] = "interrogation.answer_given.v1"
    owner: ClassVar[str] = "simulation-engine"

    hypothesis_id: str
    message_index: int
    content: str
    knows: bool
    fatigue: Probability
    unsupported: tuple[str, ...] = ()
    usage: Usage = Usage()


class EvidenceWeighed(EventBody):
    """An answer was turned into evidence, and the beliefs moved. `beliefs` holds every hypothesis and the residual.

    Produced by `simulation-engine`. `root_cause`: a cause behind the answer that could be acted on, else empty.
    """

    type: ClassVar[str] = "interrogation.evidence_weighed.v1"
    owner: ClassVar[str] = "simulation-engine"

    hypothesis_id: str
    evidence: tuple[Evidence, ...]
    beliefs: tuple[Belief, ...]
    root_cause: str = ""
    usage: Usage = Usage()


class HypothesesConcluded(EventBody):
    """Hypotheses are settled as far as this interview can; each one once in a run.

    Produced by `simulation-engine`.
    """

    type: ClassVar[str] = "interrogation.hypotheses_concluded.v1"
    owner: ClassVar[str] = "simulation-engine"

    conclusions: Annotated[tuple[HypothesisConcluded, ...], Field(min_length=1)]


class InterrogationCompleted(EventBody):
    """A run ended with an answer that says what it rests on and what stays uncertain.

    Produced by `simulation-engine`. Consumed by `notifier`.
    """

    type: ClassVar[str] = "interrogation.completed.v1"
    owner: ClassVar[str] = "simulation-engine"

    final_answer: str
    beliefs: tuple[Belief, ...]
    citations: tuple[Citation, ...]
    uncertainty: str
    stop_reason: StopReason
    calibration: Literal["assumed", "elicited", "fitted", "calibrated"] = "assumed"
    usage: Usage = Usage()


class InterrogationFailed(EventBody):
    """A run ended without an answer; `reason` says why in words for its owner.

    Produced by `simulation-engine`. Consumed by `notifier`.
    """

    type: ClassVar[str] = "interrogation.failed.v1"
    owner: ClassVar[str] = "simulation-engine"

    code: str
    reason: str


Event = (
    InterrogationRequested
    | InterrogationStarted
    | HypothesesDistilled
    | InterviewPlanned
    | QuestionAsked
    | AnswerGiven
    | EvidenceWeighed
    | HypothesesConcluded
    | InterrogationCompleted
    | InterrogationFailed
)
Step = HypothesesDistilled | InterviewPlanned | QuestionAsked | AnswerGiven | EvidenceWeighed | HypothesesConcluded


# Resources, commands and queries


class Interrogation(Resource):
    """Where a run stands."""

    simulation_id: str
    status: RunStatus
    user_input: str
    stakeholder: Stakeholder
    max_interview_messages: int
    mind: Mind
    created_at: datetime
    ended_at: datetime | None
    error: str | None
    final_answer: str | None
    version: int


class RequestInterrogation(Request):
    """Begin a run under an id that the caller chose, so that a retry is the same command."""

    simulation_id: SimulationId
    request: InterrogationRequest


class GetInterrogation(Request):
    simulation_id: str


class ListInterrogations(PageRequest):
    """Newest first."""

    status: RunStatus | None = None


SERVICE = "simulation-engine"
request_interrogation = Method(
    SERVICE, "request_interrogation", RequestInterrogation, Interrogation, timeout_seconds=10.0
)
get_interrogation = Method(SERVICE, "get_interrogation", GetInterrogation, Interrogation)
list_interrogations = Method(SERVICE, "list_interrogations", ListInterrogations, Page[Interrogation])
