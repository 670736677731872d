"""Properties and match runs: events, commands, queries and resources, version 1. Money in US dollars."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import (
    Field,
    StringConstraints,
    model_validator,
)

from dramatis_contracts.base import Changes, EventBody, Request, Resource, Viewer
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method

PropertyId = Annotated[str, StringConstraints(pattern=r"^prop_[0-9A-Za-z_-]{1,64}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(max_length=200)]
Dollars = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Rooms = Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)]
PropertyStatus = Literal["listed", "withdrawn"]


class ListingPhoto(Request):
    """A photograph of the property."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    caption: Annotated[str, StringConstraints(max_length=500)] | None = None
    room: Word | None = None


Photos = Annotated[tuple[ListingPhoto, ...], Field(max_length=100)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Area = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
Description = Annotated[str, StringConstraints(max_length=10_000)]


class Listing(Request):
    """All that a client says about a property. `sqft` in square feet; `locations` are the places that it lies in."""

    price: Dollars
    type: Word | None = Field(default=None, examples=["penthouse"])
    address: Address | None = None
    locations: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    bedrooms: Rooms | None = None
    bathrooms: Rooms | None = None
    sqft: Area | None = None
    description: Description | None = None
    features: Words = ()
    styles: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    photos: Photos = ()


# Events


class PropertyListed(EventBody):
    """A property came on the market.

    Produced by `matching` on `ListProperty`. Consumed by whoever looks for clients of new properties.
    """

    type: ClassVar[str] = "property.listed.v1"
    owner: ClassVar[str] = "matching"

    listing: Listing


class PropertyUpdated(EventBody):
    """A property's listing was replaced; `changed` names the fields that differ.

    Produced by `matching` on `UpdateProperty`.
    """

    type: ClassVar[str] = "property.updated.v1"
    owner: ClassVar[str] = "matching"

    listing: Listing
    changed: tuple[str, ...]


class PropertyWithdrawn(EventBody):
    """A property left the market: it is no longer matched.

    Produced by `matching` on `WithdrawProperty`. Its history stays in the log.
    """

    type: ClassVar[str] = "property.withdrawn.v1"
    owner: ClassVar[str] = "matching"


PropertyEvent = PropertyListed | PropertyUpdated | PropertyWithdrawn


class MatchedPair(Resource):
    """A persona and a property with their score, 0 to 1."""

    persona_id: str
    property_id: str
    match_score: float


class MatchFound(EventBody):
    """A match run found somebody for a property, or something for a persona; the subject is the run.

    Produced by `matching` on a run with at least one match. `matches` are those of its answer (100 at most), best
    first; `matched` counts all that reached the minimum score. Consumed by webhooks.
    """

    type: ClassVar[str] = "match.found.v1"
    owner: ClassVar[str] = "matching"

    kind: Literal["property_to_clients", "client_to_properties"]
    sought_for: str
    minimum_score: float
    weights: dict[str, float]
    matched: int
    matches: Annotated[tuple[MatchedPair, ...], Field(max_length=100)]
    model_version: str


# Resources


class ListedProperty(Resource):
    """A property as its owners see it."""

    id: str
    price: float
    type: str | None
    address: str | None
    locations: tuple[str, ...]
    bedrooms: float | None
    bathrooms: float | None
    sqft: float | None
    description: str | None
    features: tuple[str, ...]
    styles: tuple[str, ...]
    photos: tuple[ListingPhoto, ...]
    status: PropertyStatus
    created_at: datetime
    updated_at: datetime
    version: int


class MatchTerm(Resource):
    """One term of a score. `value` is 0 to 1, null when unknown; `contribution` is weight × value, 0 when unknown."""

    name: Literal["preference_match", "behavioral_fit", "timing_alignment", "budget_fit"]
    weight: float
    value: float | None
    contribution: float


class MatchEvidence(Resource):
    """One thing that speaks for or against a match, and the fields of the persona and the property that say so."""

    text: str
    favours: bool
    persona_field: str
    property_field: str


class MatchReasoning(Resource):
    """Why a score is what it is: the contributions of `terms` sum to it. `known_weight` is that of the known terms."""

    terms: tuple[MatchTerm, ...]
    known_weight: float
    evidence: tuple[MatchEvidence, ...]


class OutreachStrategy(Resource):
    """How to approach a client. What the persona's fields do not say is null or empty."""

    recommended_approach: str | None
    talking_points: tuple[str, ...]
    best_showing_time: str | None


class _Matched(Resource):
    """What was not asked for is null."""

    match_score: float
    key_attractions: tuple[str, ...] | None
    potential_objections: tuple[str, ...] | None
    reasoning: MatchReasoning | None
    outreach_strategy: OutreachStrategy | None


class ClientMatch(_Matched):
    """A client for a property."""

    persona_id: str


class PropertyMatch(_Matched):
    """A property for a client."""

    property_id: str


class _Run(Resource):
    """`pool` counts who or what was considered, `excluded` what deal breakers ruled out of it, `matched` what reached
    the minimum score. `weights` are as used: they sum to 1. Scores are `assumed`, not estimated from outcomes."""

    match_run_id: str
    pool: int
    excluded: int
    matched: int
    weights: dict[str, float]
    minimum_score: float
    model_version: str
    calibration: Literal["assumed"] = "assumed"


class ClientMatches(_Run):
    """Clients for a property, best first. `matched_literally` are its words without a known synonym."""

    property_id: str
    matched_literally: tuple[str, ...]
    matches: tuple[ClientMatch, ...]


class PropertyMatches(_Run):
    """Properties for a client, best first. `matched_literally` are the client's words without a known synonym."""

    persona_id: str
    matched_literally: tuple[str, ...]
    matches: tuple[PropertyMatch, ...]


class Withdrawn(Resource):
    """The answer to a withdrawal."""

    id: str


# Commands and queries


class ListProperty(Request):
    """Put a property on the market under an id that the caller chose, so that a retry is the same command."""

    property_id: PropertyId
    listing: Listing


class ListingChanges(Changes):
    """A partial listing: what is absent stays, what is given replaces its whole field."""

    price: Dollars | None = None
    type: Word | None = None
    address: Address | None = None
    locations: Annotated[tuple[Word, ...], Field(max_length=20)] | None = None
    bedrooms: Rooms | None = None
    bathrooms: Rooms | None = None
    sqft: Area | None = None
    description: Description | None = None
    features: Words | None = None
    styles: Annotated[tuple[Word, ...], Field(max_length=20)] | None = None
    photos: Photos | None = None


class UpdateProperty(Request):
    property_id: str
    changes: ListingChanges


class WithdrawProperty(Request):
    property_id: str


class GetProperty(Request):
    property_id: str


class ListProperties(PageRequest):
    """Newest first. `type` is compared as matching compares words; both prices are included."""

    status: PropertyStatus = "listed"
    type: Word | None = None
    min_price: Dollars | None = None
    max_price: Dollars | None = None


Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class MatchWeights(Request):
    """How much each term counts; a term that is left out counts nothing. Any positive sum is normalised to 1."""

    preference_match: Weight = 0.0
    behavioral_fit: Weight = 0.0
    timing_alignment: Weight = 0.0
    budget_fit: Weight = 0.0

    @model_validator(mode="after")
    def _something_counts(self) -> "MatchWeights":
        if self.preference_match + self.behavioral_fit + self.timing_alignment + self.budget_fit < 1e-6:
            raise ValueError("at least one weight must be above 0")
        return self


class MatchingCriteria(Request):
    """Weights as `MatchWeights` says, absent: preference 0.4, behaviour 0.3, timing 0.2, budget 0.1."""

    weights: MatchWeights | None = None
    minimum_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


class OutputOptions(Request):
    """What to answer, and of how many."""

    max_results: Annotated[int, Field(ge=1, le=100)] = 20
    include_reasoning: bool = True
    generate_outreach_strategy: bool = True


class ClientFilters(Request):
    """Who is considered. A persona of which the field is unknown is not.

    `min_net_worth`: the lower end of the persona's range is at least that. `preferred_locations`: at least one of them
    is among the persona's. `actively_looking`: the buying urgency is moderate or higher (false: lower).
    """

    min_net_worth: Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False)] | None = None
    preferred_locations: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    actively_looking: bool | None = None


class ClientPool(Request):
    """Whose clients: what is shared with the `brokerage`, besides with the `team`, or besides what is the `agent`'s.

    Team and agent are those of the API key; for a key of the whole brokerage, all teams and all agents.
    """

    source: Literal["brokerage", "team", "agent"] = "agent"
    filters: ClientFilters = ClientFilters()


class PropertyFilters(Request):
    """Which properties are considered; `locations`: one of them at least. Both prices are included."""

    types: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    locations: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    min_price: Dollars | None = None
    max_price: Dollars | None = None


class PropertyToClients(Request):
    """Which clients does a property suit?"""

    property_id: Word
    client_pool: ClientPool = ClientPool()
    matching_criteria: MatchingCriteria = MatchingCriteria()
    output_options: OutputOptions = OutputOptions()


class MatchClients(PropertyToClients):
    """The same, and who asks: an agent sees no more personas here than elsewhere."""

    viewer: Viewer = Viewer()


class ClientToProperties(Request):
    """Which properties suit a client?"""

    persona_id: Word
    filters: PropertyFilters = PropertyFilters()
    matching_criteria: MatchingCriteria = MatchingCriteria()
    output_options: OutputOptions = OutputOptions()


class MatchProperties(ClientToProperties):
    """The same, and who asks."""

    viewer: Viewer = Viewer()


Event = PropertyEvent | MatchFound

SERVICE = "matching"
list_property = Method(SERVICE, "list_property", ListProperty, ListedProperty)
update_property = Method(SERVICE, "update_property", UpdateProperty, ListedProperty)
withdraw_property = Method(SERVICE, "withdraw_property", WithdrawProperty, Withdrawn)
get_property = Method(SERVICE, "get_property", GetProperty, ListedProperty)
list_properties = Method(SERVICE, "list_properties", ListProperties, Page[ListedProperty])
match_clients = Method(SERVICE, "property_to_clients", MatchClients, ClientMatches, timeout_seconds=10.0)
match_properties = Method(SERVICE, "client_to_properties", MatchProperties, PropertyMatches, timeout_seconds=10.0)
