"""Arguments about personas."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, Required, TypedDict

from tinytroupe_client.params.options import CallOptions, Level, PageOptions, Visibility


class Demographics(TypedDict, total=False):
    """`age_range` as in `45-55`, `net_worth_range` as in `$50M-$100M`."""

    age_range: str
    occupation: str
    net_worth_range: str
    primary_residence: str
    family_status: str


class Preferences(TypedDict, total=False):
    property_types: Sequence[str]
    preferred_locations: Sequence[str]
    must_have_features: Sequence[str]
    deal_breakers: Sequence[str]
    style_preferences: Sequence[str]


class BehavioralTraits(TypedDict, total=False):
    decision_making: str
    risk_tolerance: Level
    communication_style: str
    buying_urgency: Level
    price_sensitivity: Level


class EnrichmentSource(TypedDict, total=False):
    type: Required[str]
    url: str
    auto_refresh: bool


class PersonaProfile(TypedDict, total=False):
    name: Required[str]
    visibility: Visibility
    demographics: Demographics
    preferences: Preferences
    behavioral_traits: BehavioralTraits
    enrichment_sources: Sequence[EnrichmentSource]
    segments: Sequence[str]


class NewPersona(PersonaProfile, CallOptions, total=False):
    """A persona to be created."""


class PersonaChanges(CallOptions, total=False):
    """What is given replaces its whole field."""

    name: str
    visibility: Visibility
    demographics: Demographics
    preferences: Preferences
    behavioral_traits: BehavioralTraits
    enrichment_sources: Sequence[EnrichmentSource]
    segments: Sequence[str]


class PersonaFilter(PageOptions, total=False):
    visibility: Visibility
    status: Literal["active", "archived"]
    segment: str


class EnrichmentMetadata(TypedDict, total=False):
    """`interest` from 0 to 1, where the interaction was about the property `property_id`."""

    date: str
    agent_id: str
    interaction_type: str
    property_id: str
    interest: float


class EnrichmentContent(TypedDict, total=False):
    text: Required[str]
    metadata: EnrichmentMetadata | Mapping[str, str | float | bool | None]


class EnrichmentRequest(CallOptions, total=False):
    """`source` is one of `agent_notes`, `call_transcript`, `email`, `public_api`, or a word of your own.

    `process_immediately` False leaves it to the next collective run.
    """

    data_type: Required[Literal["interaction", "public_info", "notes", "preferences"]]
    source: Required[str]
    content: Required[EnrichmentContent]
    process_immediately: bool


class AnalyticsQuery(CallOptions, total=False):
    """Days are UTC, both included: the 30 days that end today where nothing else is said."""

    date_from: date | str
    date_to: date | str
    metrics: Sequence[Literal["engagement", "preferences", "predictions"]]
