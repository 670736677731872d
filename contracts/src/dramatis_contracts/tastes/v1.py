"""Tastes that are estimated: observed choices, the models fitted to them, and what is asked next, version 1."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from dramatis_contracts.base import EventBody, Request, Resource, Viewer
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine.common import TasteSet

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]

Distribution = Literal["normal", "log_normal", "negative_log_normal", "fixed"]
"""How a taste varies between people; the log-normal ones have one sign for everyone."""


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("the entries must differ from one another")
    return values


Words = Annotated[tuple[Word, ...], Field(max_length=1000), AfterValidator(_distinct)]


class Option(Request):
    """Something that could be chosen. Without attributes it is the option to choose nothing: all its levels are 0."""

    name: Word
    attributes: Annotated[dict[Word, Number], Field(max_length=50)] = Field(default_factory=dict)


class ObservedChoice(Request):
    """What a person chose, and from what. Without a `person` the choice is that of somebody who chose only once."""

    person: Word | None = None
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=50)]
    chosen: Word
    covariates: Annotated[dict[Word, Number], Field(max_length=20)] = Field(default_factory=dict)


class TasteModel(Request):
    """What explains the choices.

    `log` attributes enter as logarithms. `constants` gives every option name but the first one a constant of its own.
    `covariates` of a person are multiplied by the constants of the options that are named. Tastes vary between people
    as `distributions` says, `normal` where it says nothing; what belongs to a covariate does not vary. Without
    `correlated` they are taken as correlated if that is worth its parameters (BIC). `draws` is rounded up to a power
    of two.
    """

    log: Words = ()
    constants: bool = False
    covariates: Annotated[dict[Word, Words], Field(max_length=20)] = Field(default_factory=dict)
    mixed: bool = True
    distributions: Annotated[dict[Word, Distribution], Field(max_length=50)] = Field(default_factory=dict)
    correlated: bool | None = None
    draws: Annotated[int, Field(ge=16, le=2048)] = 128


class AppliesTo(Request):
    """Whose tastes they are from now on: personas by id, and segments that people are drawn from."""

    personas: Words = ()
    segments: Words = ()


class FitTastes(Request):
    """Observed choices to estimate tastes from, in the order in which each person made them.

    `holdout_choices`: how many last choices of each person are set aside for the score; a quarter of them if absent,
    0 for no score.
    """

    name: Word | None = None
    choices: Annotated[tuple[ObservedChoice, ...], Field(min_length=1, max_length=20_000)]
    model: TasteModel = TasteModel()
    holdout_choices: Annotated[int, Field(ge=0, le=1000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    applies_to: AppliesTo = AppliesTo()


class Answer(Request):
    """What a person chose when it was asked question number `question`."""

    question: Annotated[int, Field(ge=1)]
    chosen: Word


class ElicitTastes(Request):
    """Ask a persona what it likes, one choice at a time.

    The first request names the persona; each later one the `tastes_id` that came back, with the answer to the open
    question. `attributes` of the first request say what is asked about; price is always among it.
    """

    persona_id: Word | None = None
    tastes_id: Word | None = None
    answer: Answer | None = None
    attributes: Annotated[tuple[Word, ...], Field(max_length=12), AfterValidator(_distinct)] = ()
    options: Annotated[int, Field(ge=2, le=3)] = 2
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0

    @model_validator(mode="after")
    def _begins_or_goes_on(self) -> "ElicitTastes":
        if self.tastes_id is None and self.persona_id is None:
            raise ValueError("name a persona_id to begin with, or a tastes_id to go on")
        if self.tastes_id is not None and (self.persona_id is not None or self.attributes):
            raise ValueError("persona_id and attributes belong to the first request, which has no tastes_id")
        if self.tastes_id is None and self.answer is not None:
            raise ValueError("an answer needs the tastes_id of the question")
        return self


# What was estimated


class Coefficient(Resource):
    """An estimate with its standard errors (classical, and clustered by person) and the 95 % interval of the latter."""

    name: str
    estimate: float
    standard_error: float | None
    robust_standard_error: float | None
    low: float | None
    high: float | None


class PlainResult(Resource):
    """A conditional logit: the same tastes for everyone. `constants_log_likelihood` is null without shared names."""

    coefficients: tuple[Coefficient, ...]
    log_likelihood: float
    null_log_likelihood: float
    constants_log_likelihood: float | None
    mcfadden_r2: float
    aic: float
    bic: float
    n_choices: int
    n_people: int
    converged: bool


class SpreadTaste(Resource):
    """How one taste varies between people. `location` and `spread` are those of the logarithm for log-normal tastes."""

    name: str
    distribution: Distribution
    location: Coefficient
    spread: Coefficient | None
    mean: float
    standard_deviation: float
    share_positive: float


class Correlation(Resource):
    """Between two tastes, of their logarithms where they are log-normal."""

    one: str
    other: str
    value: float


class MixedResult(Resource):
    """A mixed logit: tastes differ between people. `message` says why it did not converge, if it did not."""

    tastes: tuple[SpreadTaste, ...]
    correlated: bool
    correlations: tuple[Correlation, ...]
    log_likelihood: float
    aic: float
    bic: float
    n_parameters: int
    n_choices: int
    n_people: int
    draws: int
    converged: bool
    message: str


class Score(Resource):
    """Mean log score in nats per choice; 0 is perfect. The interval is a bootstrap over people."""

    value: float
    low: float | None
    high: float | None
    level: float


class HoldoutResult(Resource):
    """Scores on choices that the models had not seen. The last two need a mixed logit.

    `personal` uses what each person chose before, `population` does not. `gain` is `personal` minus `plain`, or `plain`
    minus `null` without a mixed logit.
    """

    held_out: str
    n_choices: int
    n_people: int
    n_learnt_from: int
    null: Score
    plain: Score
    population: Score | None
    personal: Score | None
    gain: Score | None


class PersonalTastes(Resource):
    """Means and standard deviations of one person's tastes, given its own choices."""

    person: str
    n_choices: int
    means: dict[str, float]
    deviations: dict[str, float]


class Fitted(Resource):
    """What observed choices tell. `people` are some of those who chose, of `n_people`; those it applies to first."""

    plain: PlainResult
    mixed: MixedResult | None
    holdout: HoldoutResult | None
    people: tuple[PersonalTastes, ...]
    n_choices: int
    n_people: int
    warnings: tuple[str, ...]
    method: str


class Profile(Resource):
    """A home that can be chosen: what it has, and ln(price / asking price) under `price`."""

    name: str
    description: str
    attributes: dict[str, float]


class Question(Resource):
    """Which of these would you take? `expected_information` is what the answer should tell, in nats."""

    number: int
    text: str
    options: tuple[Profile, ...]
    expected_information: float


class ElicitedTaste(Resource):
    """What is known of one taste of a persona. For `price` it is ln of the weight of ln(price / asking price)."""

    attribute: str
    mean: float
    deviation: float
    low: float
    high: float
    level: float
    prior_mean: float
    prior_deviation: float


class Stop(Resource):
    """Whether it is worth asking on: not where the next answer is expected to tell less than `bound`, in nats."""

    enough: bool
    expected_information: float
    bound: float
    statement: str


class Elicited(Resource):
    """An interview with one persona about its tastes."""

    persona_id: str
    persona_version: int
    n_answers: int
    tastes: tuple[ElicitedTaste, ...]
    question: Question
    stop: Stop
    method: str


class Tastes(Resource):
    """Estimated tastes. `used` is what simulations take from them, `unrecognized` what the taxonomy has no word for."""

    id: str
    calibration: Literal["fitted", "elicited"]
    name: str | None
    applies_to: AppliesTo
    fitted: Fitted | None
    elicited: Elicited | None
    used: tuple[TasteSet, ...]
    unrecognized: tuple[str, ...]
    model_version: str
    seed: int
    created_at: datetime
    updated_at: datetime
    version: int


# Events


class TastesFitted(EventBody):
    """Tastes were estimated from observed choices. The choices themselves are not kept, their SHA-256 is.

    Produced by `simulation-engine` on `RequestFit`. Consumed by nobody yet; simulations look the tastes up.
    """

    type: ClassVar[str] = "tastes.fitted.v1"
    owner: ClassVar[str] = "simulation-engine"

    name: str | None
    applies_to: AppliesTo
    fitted: Fitted
    used: tuple[TasteSet, ...]
    unrecognized: tuple[str, ...]
    model_version: str
    seed: int
    inputs_hash: str


class Interview(Resource):
    """What is thought of a persona before it is asked: normal tastes, and a log-normal weight of price.

    `noise` multiplies the random part of its utility.
    """

    persona_id: str
    persona_version: int
    attributes: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    noise: float
    seed: int
    model_version: str


class TastesQuestionAsked(EventBody):
    """A persona was asked which of some homes it would take. The first question carries what is assumed of it.

    Produced by `simulation-engine` on `RequestElicitation`. Consumed by nobody yet.
    """

    type: ClassVar[str] = "tastes.question_asked.v1"
    owner: ClassVar[str] = "simulation-engine"

    question: Question
    interview: Interview | None


class TastesChoiceObserved(EventBody):
    """A persona answered, and this is what is known of its tastes now.

    Produced by `simulation-engine` on `RequestElicitation`. Consumed by nobody yet; simulations look the tastes up.
    """

    type: ClassVar[str] = "tastes.choice_observed.v1"
    owner: ClassVar[str] = "simulation-engine"

    question: int
    chosen: str
    tastes: tuple[ElicitedTaste, ...]
    used: TasteSet


Event = TastesFitted | TastesQuestionAsked | TastesChoiceObserved


# Commands and queries


class RequestFit(Request):
    tastes_id: str
    fit: FitTastes
    viewer: Viewer = Viewer()


class RequestElicitation(Request):
    tastes_id: str
    elicitation: ElicitTastes
    viewer: Viewer = Viewer()


class GetTastes(Request):
    tastes_id: str


SERVICE = "simulation-engine"
fit_tastes = Method(SERVICE, "fit_tastes", RequestFit, Tastes, timeout_seconds=50.0)
elicit_tastes = Method(SERVICE, "elicit_tastes", RequestElicitation, Tastes, timeout_seconds=10.0)
get_tastes = Method(SERVICE, "get_tastes", GetTastes, Tastes)
