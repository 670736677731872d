"""A persona as it is kept for lists, and as others see it; both made from the aggregate's state."""

from typing import Literal

from dramatis_contracts.persona import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_persona.decider import PersonaState


def encode(state: PersonaState) -> Document:
    """The state as the document that lists and filters read."""
    profile = state.profile.model_dump(mode="json") if state.profile else None
    return {"profile": profile, "deleted": state.deleted}


def decode(document: Document) -> PersonaState:
    profile = document["profile"]
    # An older reader ignores what a newer writer added.
    known = v1.PersonaProfile.model_validate(profile, extra="ignore") if profile else None
    return PersonaState(profile=known, deleted=document["deleted"])


def resource(loaded: Loaded[PersonaState]) -> v1.Persona:
    """The public representation. The persona must have been created."""
    profile = loaded.state.profile
    if profile is None or loaded.created_at is None or loaded.updated_at is None:
        raise ValueError(f"persona {loaded.id} was never created")
    enrichment = enrichment_status(profile)
    return v1.Persona(
        id=loaded.id,
        **dict(profile),
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
        status="deleted" if loaded.state.deleted else "active",
        enrichment_status=enrichment,
        simulation_ready=enrichment != "pending" and describes_someone(profile),
        version=loaded.version,
    )


def enrichment_status(profile: v1.PersonaProfile) -> Literal["none", "pending"]:
    """Sources that were named but not read yet are pending; they may be simulated without, which the flag says."""
    return "pending" if profile.enrichment_sources else "none"


def describes_someone(profile: v1.PersonaProfile) -> bool:
    """A bare name says nothing about how a person would choose."""
    described = (profile.demographics, profile.preferences, profile.behavioral_traits)
    return any(part.model_dump(exclude_defaults=True) for part in described)
