"""What is decided about a persona: what others may ask, and what the service itself found out."""

from dataclasses import dataclass
from datetime import datetime

from dramatis_contracts.persona import v1
from dramatis_persona.learning import Finding


@dataclass(frozen=True, slots=True)
class Create:
    """Create a persona for an owner. That nobody like it exists was found out before."""

    profile: v1.PersonaProfile
    owner: v1.Owner


@dataclass(frozen=True, slots=True)
class Read:
    """A text was read: what it says of the persona, by which reader, and what dealing it tells of."""

    enrichment_id: str
    enrichment_type: v1.DataType
    source: str
    method: str
    findings: tuple[Finding, ...]
    trait_insights: tuple[v1.Insight, ...]
    traits: dict[str, str]
    interaction: v1.Interaction | None
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text cannot be read, now or later."""

    enrichment_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class LookAtSource:
    """A source was looked at. `enrichment` is its text where there is a new one."""

    url: str
    at: datetime
    digest: str | None
    failure: str | None
    enrichment_id: str | None = None
    enrichment: v1.Enrichment | None = None


Command = (
    Create
    | v1.UpdatePersona
    | v1.DeletePersona
    | v1.ArchivePersona
    | v1.RestorePersona
    | v1.EnrichPersona
    | Read
    | Unreadable
    | LookAtSource
)
