"""Arguments about simulations and campaigns."""

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypedDict

from tinytroupe_client.params.options import CallOptions, PageOptions, SimulationKind, SimulationStatus
from tinytroupe_client.params.properties import Photo


class Property(TypedDict, total=False):
    """A property that is described in the request itself."""

    id: str
    price: Required[float]
    type: str
    address: str
    bedrooms: float
    bathrooms: float
    sqft: float
    description: str
    features: Sequence[str]
    photos: Sequence[Photo]


class PhotoSelection(TypedDict):
    type: Literal["photo_selection"]
    options: Sequence[str]


class ModificationTesting(TypedDict, total=False):
    type: Required[Literal["modification_testing"]]
    modifications: Required[Sequence[str]]
    interactions: bool
    hypothetical_bias: float


class PricingStrategy(TypedDict, total=False):
    type: Required[Literal["pricing_strategy"]]
    price_points: Required[Sequence[float]]
    methods: Sequence[Literal["van_westendorp", "newton_miller_smith"]]
    purchase_intent: Sequence[float]
    hypothetical_bias: float


ScenarioWord = Literal["photo_selection", "pricing", "pricing_strategy", "modification_testing"]
Scenario = ScenarioWord | PhotoSelection | ModificationTesting | PricingStrategy


class DiversityParameters(TypedDict, total=False):
    age_diversity: float
    wealth_diversity: float
    preference_diversity: float


class PersonaConfiguration(TypedDict, total=False):
    mode: Required[Literal["segment", "specific"]]
    segments: Sequence[str]
    specific_personas: Sequence[str]
    generated_count: int
    diversity_parameters: DiversityParameters


class LanguageModelLimits(TypedDict, total=False):
    max_tokens: int
    max_cost: float


class SimulationParameters(TypedDict, total=False):
    iterations: int
    temperature: float
    consensus_threshold: float
    detail_level: Literal["detailed", "summary"]
    seed: int
    respondents: Literal["statistical", "llm"]
    stop_early: bool
    horizon_days: int
    language_model: LanguageModelLimits


class FocusGroup(CallOptions, total=False):
    """`property_id` or `property`; `persona_segments` or `persona_configuration`; the rest may be left out."""

    name: str
    property_id: str
    property: Property
    test_scenarios: Sequence[Scenario]
    persona_segments: Sequence[str]
    generated_count: int
    persona_configuration: PersonaConfiguration
    simulation_parameters: SimulationParameters


class ChannelMessages(TypedDict, total=False):
    subject_lines: Sequence[str]
    headlines: Sequence[str]
    content_variants: Sequence[str]
    platforms: Sequence[str]
    body_template: str
    cta: str


class Timing(TypedDict, total=False):
    send_day: str | Sequence[str]
    send_time: str | Sequence[str]


class Campaign(TypedDict, total=False):
    name: Required[str]
    channels: Required[Sequence[str]]
    messages: Mapping[str, ChannelMessages]
    timing: Timing


class NewCampaign(Campaign, CallOptions, total=False):
    """A campaign to be kept."""


class CampaignChanges(CallOptions, total=False):
    """What is given replaces its whole field."""

    name: str
    channels: Sequence[str]
    messages: Mapping[str, ChannelMessages]
    timing: Timing


class CampaignFilter(PageOptions, total=False):
    status: str
    channel: str
    name: str


class MarketingCampaign(CallOptions, total=False):
    """`campaign_id` or `campaign`; `target_personas`, `persona_configuration` or both."""

    campaign_id: str
    campaign: Campaign
    target_personas: Sequence[str]
    persona_configuration: PersonaConfiguration
    success_metrics: Sequence[Literal["open_rate", "click_rate", "inquiry_rate", "showing_request"]]
    observed_rates: Mapping[str, Mapping[str, float]]
    simulation_parameters: SimulationParameters


class Step(TypedDict, total=False):
    step: Required[int]
    timing: Required[str]
    action: Required[str]
    content: str
    script_points: Sequence[str]
    includes: Sequence[str]


class FollowUp(TypedDict):
    type: Literal["follow_up_sequence"]
    initial_interaction: str
    interventions: Sequence[Step]


class Intervention(CallOptions, total=False):
    """`test_personas`, `persona_configuration` or both."""

    scenario: Required[FollowUp]
    test_personas: Sequence[str]
    persona_configuration: PersonaConfiguration
    variations_to_test: Sequence[Literal["timing_variations", "message_tone", "channel_mix"]]
    simulation_parameters: SimulationParameters


class SimulationFilter(PageOptions, total=False):
    status: SimulationStatus
    type: SimulationKind


class ResultsQuery(CallOptions, total=False):
    """`summary` leaves the details out."""

    detail_level: Literal["detailed", "summary"]
