"""Words that every kind of simulation uses: people, parameters and numbers with their method."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from dramatis_contracts.base import Request, Resource

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Dollars = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

Calibration = Literal["assumed", "elicited", "fitted", "calibrated"]
RespondentKind = Literal["statistical", "llm"]
Kind = Literal["focus_group", "marketing_campaign", "intervention", "campaign_variants", "viral_potential"]
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


class LanguageModelLimits(Request):
    """What a simulation with `respondents: llm` may use at most; absent: as the engine is set up. US dollars."""

    max_tokens: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    max_cost: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None


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
    respondents: RespondentKind | None = Field(
        default=None, description="Who answers: a choice model, or a language model. Absent: as the engine is set up."
    )
    stop_early: bool = Field(
        default=False, description="Stop asking once the answer is settled; intervals stay valid when one looks early."
    )
    horizon_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=90, description="By when the outcome of the frozen forecasts is to be known."
    )
    language_model: LanguageModelLimits = Field(default_factory=lambda: LanguageModelLimits())


class TasteSet(Request):
    """Tastes that were estimated, as a simulation uses them for some personas and segments.

    `means`: taste by attribute, in utility (standard Gumbel noise at temperature 1). `deviations`: the standard
    deviation between people, absent for a plain logit; for elicited tastes that of the posterior. `price` is the
    coefficient of −ln(price / asking price), above 0; null where price was not among the attributes. `price_spread` is
    the standard deviation of its logarithm, null where nothing is known of it. `loadings`, where tastes are correlated:
    rows of a matrix L by attribute (`price` for the logarithm of its coefficient), with L·Lᵀ the covariance. `evidence`
    says in words what it rests on.
    """

    id: Word
    calibration: Literal["fitted", "elicited"]
    personas: tuple[Word, ...] = ()
    segments: tuple[Word, ...] = ()
    means: dict[str, float]
    deviations: dict[str, float] = Field(default_factory=dict)
    price: float | None = None
    price_spread: float | None = None
    loadings: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    evidence: str = ""


class Participant(Request):
    """A persona at the version at which it was invited, so that a repeated run sees the same person."""

    persona_id: str
    version: int


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
