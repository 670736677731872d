"""Marketing campaigns, the variants of one, and content that may spread: what a client asks for."""

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from dramatis_contracts.base import Request
from dramatis_contracts.simulation_engine.common import (
    Distinct,
    Name,
    PersonaConfiguration,
    SimulationParameters,
    Unit,
    Word,
)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
AudienceSize = Annotated[int, Field(ge=2, le=1000, description="People drawn from what target_audience describes.")]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
Time = Annotated[str, StringConstraints(pattern=f"^{_TIME}$")]
Metric = Literal["open_rate", "click_rate", "inquiry_rate", "showing_request"]


def _several(value: object) -> object:
    """`"tuesday|thursday"` is two choices, as the published example writes them."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("|"))
    # What a validator returns counts as Python's, of which a strict model takes a tuple only.
    return tuple(value) if isinstance(value, list) else value


def _either(items: dict[str, Any], one: str, most: int) -> WithJsonSchema:
    """What may be sent: a list, or its entries joined with `|`."""
    joined = {"type": "string", "pattern": rf"^\s*{one}\s*(\|\s*{one}\s*)*$"}
    several = {"type": "array", "items": items, "minItems": 1, "maxItems": most, "uniqueItems": True}
    return WithJsonSchema({"anyOf": [several, joined]}, mode="validation")


Days = Annotated[
    tuple[Day, ...],
    Field(min_length=1, max_length=7),
    Distinct,
    BeforeValidator(_several),
    _either({"type": "string", "enum": list(get_args(Day))}, f"({'|'.join(get_args(Day))})", 7),
]
Times = Annotated[
    tuple[Time, ...],
    Field(min_length=1, max_length=10),
    Distinct,
    BeforeValidator(_several),
    _either({"type": "string", "pattern": f"^{_TIME}$"}, f"({_TIME})", 10),
]


class ChannelMessages(Request):
    """What may be said through one channel. Every list is tested against the others of its kind."""

    subject_lines: Annotated[tuple[Text, ...], Field(max_length=10), Distinct] = ()
    headlines: Annotated[tuple[Text, ...], Field(max_length=10), Distinct] = ()
    content_variants: Annotated[tuple[Word, ...], Field(max_length=10), Distinct] = ()
    platforms: Annotated[tuple[Word, ...], Field(max_length=10), Distinct] = ()
    body_template: Annotated[str, StringConstraints(max_length=20_000)] | None = None
    cta: Text | None = None


class Timing(Request):
    """When it is sent. Several days or times, as a list or joined with `|`, are tested against each other."""

    send_day: Days = ("tuesday",)
    send_time: Times = ("09:00",)


class Campaign(Request):
    """A campaign: channels × messages × timing."""

    name: Name
    channels: Annotated[tuple[Word, ...], Field(min_length=1, max_length=10), Distinct]
    messages: Annotated[dict[str, ChannelMessages], Field(max_length=10)] = Field(default_factory=dict)
    timing: Timing = Timing()

    @field_validator("messages", mode="after")
    @classmethod
    def _messages_have_a_channel(
        cls, messages: dict[str, ChannelMessages], info: ValidationInfo
    ) -> dict[str, ChannelMessages]:
        channels = info.data.get("channels", messages)
        for channel in messages:
            if channel not in channels:
                raise ValueError(f"messages.{channel} is for a channel that is not among channels")
        return messages


class ObservedRates(Request):
    """Rates that were measured in earlier campaigns through one channel: what the funnel is calibrated to."""

    open_rate: Unit | None = None
    click_rate: Unit | None = None
    inquiry_rate: Unit | None = None
    showing_request: Unit | None = None
    sent: Annotated[int, Field(ge=1, le=10**9)] | None = None


class MarketingCampaign(Request):
    """A test of a marketing campaign as its client asks for it.

    Who is asked: `target_personas`, or a `persona_configuration` for people drawn from segments; at least one of them.
    """

    campaign: Campaign
    target_personas: Annotated[tuple[Word, ...], Field(max_length=1000), Distinct] = ()
    persona_configuration: PersonaConfiguration | None = None
    success_metrics: Annotated[tuple[Metric, ...], Field(min_length=1), Distinct] = (
        "open_rate",
        "click_rate",
        "inquiry_rate",
        "showing_request",
    )
    observed_rates: Annotated[dict[str, ObservedRates], Field(max_length=10)] = Field(default_factory=dict)
    simulation_parameters: SimulationParameters = SimulationParameters()


class CampaignTest(Request):
    """A test of a marketing campaign as its client asks for it: `campaign` itself, or `campaign_id`, one of them.

    Who is asked: `target_personas`, or a `persona_configuration` for people drawn from segments; at least one of them.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"campaign_id": "camp_456", "target_personas": ["pers_123", "pers_456"]}]}
    )

    campaign: Campaign | None = Field(default=None, description="The campaign itself. Not together with campaign_id.")
    campaign_id: Word | None = Field(
        default=None, description="A campaign under /v1/campaigns, as it is now.", examples=["camp_456"]
    )
    target_personas: Annotated[tuple[Word, ...], Field(max_length=1000), Distinct] = ()
    persona_configuration: PersonaConfiguration | None = None
    success_metrics: Annotated[tuple[Metric, ...], Field(min_length=1), Distinct] = (
        "open_rate",
        "click_rate",
        "inquiry_rate",
        "showing_request",
    )
    observed_rates: Annotated[dict[str, ObservedRates], Field(max_length=10)] = Field(default_factory=dict)
    simulation_parameters: SimulationParameters = SimulationParameters()


class Variant(Request):
    """One version of a campaign's content."""

    label: Word
    hook: Text
    content_description: Text | None = None


def _labels_differ(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    if len({v.label for v in variants}) != len(variants):
        raise ValueError("the labels must differ from one another")
    return variants


class CampaignVariants(Request):
    """Which variant of a campaign will do best, and how well? `persona_id` adds one persona to the audience."""

    name: Name
    description: Text | None = None
    target_audience: Text
    platform: Word
    campaign_type: Word | None = None
    persona_id: Word | None = None
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=20), AfterValidator(_labels_differ)]
    audience_size: AudienceSize = 200
    simulation_parameters: SimulationParameters = SimulationParameters()


class ViralContent(Request):
    """Will this content spread?"""

    platform: Word
    content_description: Text
    hook: Text | None = None
    target_audience: Text
    content_type: Word | None = None
    audience_size: AudienceSize = 200
    simulation_parameters: SimulationParameters = SimulationParameters()
