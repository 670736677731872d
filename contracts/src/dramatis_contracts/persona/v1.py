"""Personas: events, commands, queries and resources, version 1."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from dramatis_contracts.base import Changes, EventBody, Request, Resource, Viewer
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method

Visibility = Literal["private", "team", "brokerage"]
Status = Literal["active", "archived", "deleted"]
EnrichmentStatus = Literal["none", "pending", "processing", "completed", "failed"]
DataType = Literal["interaction", "public_info", "notes", "preferences"]
Level = Literal["very_low", "low", "moderate", "medium", "high", "very_high"]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Words = Annotated[tuple[Word, ...], Field(max_length=100)]
PersonaId = Annotated[str, StringConstraints(pattern=r"^pers_[0-9A-Za-z_-]{1,64}$")]


def _ordered(text: str) -> str:
    low, _, high = text.partition("-")
    if high and int(low) > int(high):
        raise ValueError("Invalid format: the lower age comes first")
    return text


AgeRange = Annotated[
    str,
    StringConstraints(pattern=r"^\d{1,3}(-\d{1,3}|\+)?$"),
    AfterValidator(lambda t: _ordered(t.rstrip("+")) and t),
]
NetWorthRange = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, pattern=r"^[<>]?\$?\d+(\.\d+)?[KMBkmb]?(\s*-\s*\$?\d+(\.\d+)?[KMBkmb]?|\+)?$"
    ),
]


class Demographics(Request):
    """Who the person is, in ranges rather than facts that identify."""

    age_range: AgeRange | None = Field(default=None, examples=["45-55"])
    occupation: Text | None = None
    net_worth_range: NetWorthRange | None = Field(default=None, examples=["$50M-$100M"])
    primary_residence: Text | None = None
    family_status: Text | None = None


class Preferences(Request):
    """What the person looks for, and what ends the conversation."""

    property_types: Words = ()
    preferred_locations: Words = ()
    must_have_features: Words = ()
    deal_breakers: Words = ()
    style_preferences: Words = ()


class BehavioralTraits(Request):
    """How the person decides."""

    decision_making: Word | None = None
    risk_tolerance: Level | None = None
    communication_style: Word | None = None
    buying_urgency: Level | None = None
    price_sensitivity: Level | None = None


class EnrichmentSource(Request):
    """Where more can be learnt about the person."""

    type: Word
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=2000)] | None = None
    auto_refresh: bool = False


class PersonaProfile(Request):
    """All that a client says about a persona. `segments` are groups of the client's own that it is listed under."""

    name: Name
    visibility: Visibility = "private"
    demographics: Demographics = Demographics()
    preferences: Preferences = Preferences()
    behavioral_traits: BehavioralTraits = BehavioralTraits()
    enrichment_sources: Annotated[tuple[EnrichmentSource, ...], Field(max_length=20)] = ()
    segments: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


class Owner(Resource):
    """Who created a persona: an agent, of a team perhaps. Both are None when the brokerage itself did."""

    agent_id: str | None = None
    team_id: str | None = None


InteractionKind = Literal[
    "property_viewing", "showing_request", "offer", "inquiry", "phone_call", "email", "meeting", "other"
]


Moment = date | datetime


class EnrichmentMetadata(Request):
    """Where a text comes from. What is not named here may be said as well, and is kept with the text.

    `interest`: how interested the client seemed, from 0 to 1, as the agent puts it. `property_id`: what it was about.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, StringConstraints(max_length=500)] | float | bool | None]

    date: Moment | None = None
    agent_id: Annotated[str, StringConstraints(max_length=100)] | None = None
    interaction_type: Annotated[str, StringConstraints(max_length=100)] | None = None
    property_id: Annotated[str, StringConstraints(max_length=100)] | None = None
    interest: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _few(self) -> Self:
        if len(self.__pydantic_extra__ or ()) > 30:
            raise ValueError("at most 30 fields beside those that are named")
        return self


class EnrichmentContent(Request):
    """What was said or written, and where it comes from."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]
    metadata: EnrichmentMetadata = EnrichmentMetadata()


class Enrichment(Request):
    """Something from which more can be learnt about a persona.

    `process_immediately`: false leaves it to the next collective run.
    """

    data_type: DataType
    source: Word
    content: EnrichmentContent
    process_immediately: bool = True


class Insight(Resource):
    """One thing that was learnt about a persona from what was said or written.

    `source` is the sentence that says so. `confidence` is how clearly it does, by the extractor's own documented scale.
    """

    kind: Literal["likes", "dislikes", "must_have", "deal_breaker", "trait"]
    text: Text
    source: Text
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Interaction(Resource):
    """That somebody dealt with the persona: what kind of dealing, when, and about which property."""

    kind: InteractionKind | None = None
    happened_at: datetime
    property_id: str | None = None
    interest: float | None = None


class Learnt(Resource):
    """What an enrichment changed in the profile: words that were added or withdrawn by field, and traits."""

    added: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    withdrawn: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    behavioral_traits: dict[str, str] = Field(default_factory=dict)


# Events


class PersonaCreated(EventBody):
    """A persona came into being.

    Produced by `persona` on `CreatePersona`. Consumed by every service that simulates people.
    """

    type: ClassVar[str] = "persona.created.v1"
    owner: ClassVar[str] = "persona"

    profile: PersonaProfile
    created_by: Owner = Owner()


class PersonaUpdated(EventBody):
    """A persona's profile was replaced; `changed` names the top-level fields that differ.

    Produced by `persona` on `UpdatePersona`. Consumed by every service that simulates people.
    """

    type: ClassVar[str] = "persona.updated.v1"
    owner: ClassVar[str] = "persona"

    profile: PersonaProfile
    changed: tuple[str, ...]
    created_by: Owner = Owner()


class PersonaDeleted(EventBody):
    """A persona was withdrawn: it is no longer listed and cannot be simulated.

    Produced by `persona` on `DeletePersona`. Its history stays in the log.
    """

    type: ClassVar[str] = "persona.deleted.v1"
    owner: ClassVar[str] = "persona"


class PersonaArchived(EventBody):
    """A persona was put aside: it is listed only when asked for, and cannot be simulated or matched.

    Produced by `persona` on `ArchivePersona`.
    """

    type: ClassVar[str] = "persona.archived.v1"
    owner: ClassVar[str] = "persona"


class PersonaRestored(EventBody):
    """An archived persona is in use again, with this profile.

    Produced by `persona` on `RestorePersona`.
    """

    type: ClassVar[str] = "persona.restored.v1"
    owner: ClassVar[str] = "persona"

    profile: PersonaProfile
    created_by: Owner = Owner()


class EnrichmentRequested(EventBody):
    """Something was said or written about a persona, and waits to be read.

    Produced by `persona` on `EnrichPersona`, or from a source of the profile. Consumed by its own work queue.
    """

    type: ClassVar[str] = "persona.enrichment_requested.v1"
    owner: ClassVar[str] = "persona"

    enrichment_id: str
    enrichment: Enrichment


class PersonaEnriched(EventBody):
    """More is known about a persona. `profile` is the whole of it afterwards, `new_insights` what was learnt now.

    Produced by `persona`. Consumed by every service that simulates people. `method` names the reader and its version;
    `dropped` counts what a language model said that no sentence of the text says.
    """

    type: ClassVar[str] = "persona.enriched.v1"
    owner: ClassVar[str] = "persona"

    enrichment_id: str
    enrichment_type: DataType
    source: str
    method: str
    new_insights: tuple[Insight, ...]
    learnt: Learnt
    profile: PersonaProfile
    interaction: Interaction | None = None
    dropped: int = 0
    created_by: Owner = Owner()


class EnrichmentFailed(EventBody):
    """What was said or written about a persona could not be read; `reason` says why in words for its owner.

    Produced by `persona`.
    """

    type: ClassVar[str] = "persona.enrichment_failed.v1"
    owner: ClassVar[str] = "persona"

    enrichment_id: str
    code: str
    reason: str


class SourceRead(EventBody):
    """A source of a persona was looked at. `failure` says in words why nothing came of it, None when it was read.

    Produced by `persona`. `digest` (SHA-256 of the text) tells whether the source has changed since.
    """

    type: ClassVar[str] = "persona.source_read.v1"
    owner: ClassVar[str] = "persona"

    url: str
    at: datetime
    digest: str | None = None
    failure: str | None = None
    failures: int = 0


Event = (
    PersonaCreated
    | PersonaUpdated
    | PersonaDeleted
    | PersonaArchived
    | PersonaRestored
    | EnrichmentRequested
    | PersonaEnriched
    | EnrichmentFailed
    | SourceRead
)


# Resources


class SourceStatus(Resource):
    """How it went with a source of the profile. `next_look` is null for one that is looked at only once."""

    url: str
    read_at: datetime | None
    failure: str | None
    failures: int
    next_look: datetime | None


class Persona(Resource):
    """A persona as its owners see it."""

    id: str
    name: str
    visibility: Visibility
    demographics: Demographics
    preferences: Preferences
    behavioral_traits: BehavioralTraits
    enrichment_sources: tuple[EnrichmentSource, ...]
    created_at: datetime
    updated_at: datetime
    status: Status
    enrichment_status: EnrichmentStatus
    simulation_ready: bool
    version: int
    insights: tuple[Insight, ...] = ()
    segments: tuple[Word, ...] = ()
    created_by: Owner = Owner()
    sources: tuple[SourceStatus, ...] = ()


class Personas(Resource):
    """Several personas, in the order in which they were asked for."""

    personas: tuple[Persona, ...]


class Deleted(Resource):
    """The answer to a deletion."""

    id: str


class AcceptedEnrichment(Resource):
    """The answer to an enrichment. `queued`: it waits for the next collective run."""

    enrichment_id: str
    status: Literal["processing", "queued", "completed", "failed"]
    estimated_completion: datetime


# Commands and queries


class CreatePersona(Request):
    """Create a persona under an id that the caller chose, so that a retry is the same command."""

    persona_id: PersonaId
    profile: PersonaProfile
    viewer: Viewer = Viewer()


class PersonaChanges(Changes):
    """A partial profile: what is absent stays, what is given replaces its whole top-level field."""

    name: Name | None = None
    visibility: Visibility | None = None
    demographics: Demographics | None = None
    preferences: Preferences | None = None
    behavioral_traits: BehavioralTraits | None = None
    enrichment_sources: Annotated[tuple[EnrichmentSource, ...], Field(max_length=20)] | None = None
    segments: Annotated[tuple[Word, ...], Field(max_length=20)] | None = None


class UpdatePersona(Request):
    persona_id: str
    changes: PersonaChanges
    viewer: Viewer = Viewer()


class DeletePersona(Request):
    persona_id: str
    viewer: Viewer = Viewer()


class ArchivePersona(Request):
    persona_id: str
    viewer: Viewer = Viewer()


class RestorePersona(Request):
    persona_id: str
    viewer: Viewer = Viewer()


class EnrichPersona(Request):
    """Learn more about a persona, under an id that the caller chose."""

    persona_id: str
    enrichment_id: Annotated[str, StringConstraints(pattern=r"^enr_[0-9A-Za-z_-]{1,64}$")]
    enrichment: Enrichment
    viewer: Viewer = Viewer()


class GetPersona(Request):
    persona_id: str
    viewer: Viewer = Viewer()


class ListPersonas(PageRequest):
    """Newest first. Without a `status`, those that are active."""

    visibility: Visibility | None = None
    segment: Word | None = None
    status: Literal["active", "archived"] = "active"
    viewer: Viewer = Viewer()


class PersonaVersion(Request):
    """A persona as it was at a version; `None` is its present one."""

    persona_id: str
    version: int | None = Field(default=None, ge=1)


class GetPersonas(Request):
    """Several personas at once, each as of a version. A missing one is rejected by its position.

    At its present version an archived one is rejected as well.
    """

    personas: Annotated[tuple[PersonaVersion, ...], Field(max_length=1000)]
    viewer: Viewer = Viewer()


SERVICE = "persona"
create_persona = Method(SERVICE, "create", CreatePersona, Persona)
update_persona = Method(SERVICE, "update", UpdatePersona, Persona)
delete_persona = Method(SERVICE, "delete", DeletePersona, Deleted)
archive_persona = Method(SERVICE, "archive", ArchivePersona, Persona)
restore_persona = Method(SERVICE, "restore", RestorePersona, Persona)
enrich_persona = Method(SERVICE, "enrich", EnrichPersona, AcceptedEnrichment)
get_persona = Method(SERVICE, "get", GetPersona, Persona)
get_personas = Method(SERVICE, "get_many", GetPersonas, Personas)
list_personas = Method(SERVICE, "list", ListPersonas, Page[Persona])
