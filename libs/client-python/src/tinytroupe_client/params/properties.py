"""Arguments about properties and matching."""

from collections.abc import Sequence
from typing import Literal, Required, TypedDict

from tinytroupe_client.params.options import CallOptions, PageOptions


class Photo(TypedDict, total=False):
    url: str
    caption: str
    room: str


class ListingChanges(CallOptions, total=False):
    """What is given replaces its whole field."""

    price: float
    type: str
    address: str
    locations: Sequence[str]
    bedrooms: float
    bathrooms: float
    sqft: float
    description: str
    features: Sequence[str]
    styles: Sequence[str]
    photos: Sequence[Photo]


class NewProperty(CallOptions, total=False):
    """`id` (`prop_…`) may be chosen; one is made when it is left out."""

    id: str
    price: Required[float]
    type: str
    address: str
    locations: Sequence[str]
    bedrooms: float
    bathrooms: float
    sqft: float
    description: str
    features: Sequence[str]
    styles: Sequence[str]
    photos: Sequence[Photo]


class PropertyFilter(PageOptions, total=False):
    status: Literal["listed", "withdrawn"]
    type: str
    min_price: float
    max_price: float


class MatchWeights(TypedDict, total=False):
    preference_match: float
    behavioral_fit: float
    timing_alignment: float
    budget_fit: float


class MatchingCriteria(TypedDict, total=False):
    weights: MatchWeights
    minimum_score: float


class OutputOptions(TypedDict, total=False):
    max_results: int
    include_reasoning: bool
    generate_outreach_strategy: bool


class ClientFilters(TypedDict, total=False):
    min_net_worth: float
    preferred_locations: Sequence[str]
    actively_looking: bool


class ClientPool(TypedDict, total=False):
    source: Literal["brokerage", "team", "agent"]
    filters: ClientFilters


class PropertyToClients(CallOptions, total=False):
    property_id: Required[str]
    client_pool: ClientPool
    matching_criteria: MatchingCriteria
    output_options: OutputOptions


class SoughtProperties(TypedDict, total=False):
    types: Sequence[str]
    locations: Sequence[str]
    min_price: float
    max_price: float


class ClientToProperties(CallOptions, total=False):
    persona_id: Required[str]
    filters: SoughtProperties
    matching_criteria: MatchingCriteria
    output_options: OutputOptions
