"""Personas: events, commands, queries and resources, version 1."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    field_validator,
    model_serializer,
)

from dramatis_contracts.base import EventBody, Request, Resource
from dramatis_contracts.pages import Page, PageRequest
from dramatis_contracts.rpc import Method

Visibility = Literal["private", "team", "brokerage"]
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
    """All that a client says about a persona."""

    name: Name
    visibility: Visibility = "private"
    demographics: Demographics = Demographics()
    preferences: Preferences = Preferences()
    behavioral_traits: BehavioralTraits = BehavioralTraits()
    enrichment_sources: Annotated[tuple[EnrichmentSource, ...], Field(max_length=20)] = ()


# Events


class PersonaCreated(EventBody):
    """A persona came into being.

    Produced by `persona` on `CreatePersona`. Consumed by every service that simulates people.
    """

    type: ClassVar[str] = "persona.created.v1"
    owner: ClassVar[str] = "persona"

    profile: PersonaProfile


class PersonaUpdated(EventBody):
    """A persona's profile was replaced; `changed` names the top-level fields that differ.

    Produced by `persona` on `UpdatePersona`. Consumed by every service that simulates people.
    """

    type: ClassVar[str] = "persona.updated.v1"
    owner: ClassVar[str] = "persona"

    profile: PersonaProfile
    changed: tuple[str, ...]


class PersonaDeleted(EventBody):
    """A persona was withdrawn: it is no longer listed and cannot be simulated.

    Produced by `persona` on `DeletePersona`. Its history stays in the log.
    """

    type: ClassVar[str] = "persona.deleted.v1"
    owner: ClassVar[str] = "persona"


Event = PersonaCreated | PersonaUpdated | PersonaDeleted


# Resources


class Insight(Resource):
    """One thing that was learnt about a persona from what was said or written, with the place where it was said."""

    kind: Literal["likes", "dislikes", "must_have", "deal_breaker", "trait"]
    text: Text
    source: Text
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


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
    status: Literal["active", "deleted"]
    enrichment_status: Literal["none", "pending", "completed"]
    simulation_ready: bool
    version: int
    insights: tuple[Insight, ...] = ()


class Personas(Resource):
    """Several personas, in the order in which they were asked for."""

    personas: tuple[Persona, ...]


class Deleted(Resource):
    """The answer to a deletion."""

    id: str


# Commands and queries


class CreatePersona(Request):
    """Create a persona under an id that the caller chose, so that a retry is the same command."""

    persona_id: PersonaId
    profile: PersonaProfile


class PersonaChanges(Request):
    """A partial profile: what is absent stays, what is given replaces its whole top-level field."""

    name: Name | None = None
    visibility: Visibility | None = None
    demographics: Demographics | None = None
    preferences: Preferences | None = None
    behavioral_traits: BehavioralTraits | None = None
    enrichment_sources: Annotated[tuple[EnrichmentSource, ...], Field(max_length=20)] | None = None

    # Not `before`: that hands JSON arrays on as lists, which a strict reader of tuples refuses.
    @field_validator("*", mode="after")
    @classmethod
    def _given_means_a_value(cls, value: object) -> object:
        if value is None:
            raise ValueError("null is not a value: leave the field out to keep it")
        return value

    @model_serializer(mode="wrap")
    def _only_what_is_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        # What is absent must stay absent on the wire, where null is refused.
        whole: dict[str, object] = serialize(self)
        return {name: value for name, value in whole.items() if name in self.model_fields_set}


class UpdatePersona(Request):
    persona_id: str
    changes: PersonaChanges


class DeletePersona(Request):
    persona_id: str


class GetPersona(Request):
    persona_id: str


class ListPersonas(PageRequest):
    """Newest first."""

    visibility: Visibility | None = None


class PersonaVersion(Request):
    """A persona as it was at a version; `None` is its present one."""

    persona_id: str
    version: int | None = Field(default=None, ge=1)


class GetPersonas(Request):
    """Several personas at once, each as of a version. A missing one is rejected by its position."""

    personas: Annotated[tuple[PersonaVersion, ...], Field(max_length=1000)]


SERVICE = "persona"
create_persona = Method(SERVICE, "create", CreatePersona, Persona)
update_persona = Method(SERVICE, "update", UpdatePersona, Persona)
delete_persona = Method(SERVICE, "delete", DeletePersona, Deleted)
get_persona = Method(SERVICE, "get", GetPersona, Persona)
get_personas = Method(SERVICE, "get_many", GetPersonas, Personas)
list_personas = Method(SERVICE, "list", ListPersonas, Page[Persona])
