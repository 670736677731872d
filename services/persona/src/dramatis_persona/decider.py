"""What may happen to a persona. Pure: the log and NATS belong to handlers.py."""

from dataclasses import dataclass, replace
from typing import assert_never

from dramatis_contracts.persona import v1
from dramatis_kit import Rejected
from dramatis_persona.contradictions import check_consistent

Command = v1.CreatePersona | v1.UpdatePersona | v1.DeletePersona


@dataclass(frozen=True, slots=True)
class PersonaState:
    """A persona's profile, or nothing yet; a deleted one keeps its profile for simulations that began before."""

    profile: v1.PersonaProfile | None = None
    deleted: bool = False


def decide(command: Command, persona: PersonaState) -> list[v1.Event]:
    match command:
        case v1.CreatePersona() if persona.profile is not None:
            raise Rejected("CONFLICT", "a persona with this id exists already", field="persona_id")
        case v1.CreatePersona(profile=profile):
            check_consistent(profile.preferences)
            return [v1.PersonaCreated(profile=profile)]
        case v1.UpdatePersona(changes=changes):
            return _update(changes, _existing(persona, command.persona_id))
        case v1.DeletePersona():
            _existing(persona, command.persona_id)
            return [v1.PersonaDeleted()]
    assert_never(command)


def evolve(persona: PersonaState, event: v1.Event) -> PersonaState:
    match event:
        case v1.PersonaCreated(profile=profile) | v1.PersonaUpdated(profile=profile):
            return replace(persona, profile=profile)
        case v1.PersonaDeleted():
            return replace(persona, deleted=True)
    assert_never(event)


def _existing(persona: PersonaState, persona_id: str) -> v1.PersonaProfile:
    if persona.profile is None or persona.deleted:
        raise Rejected("NOT_FOUND", f"no persona {persona_id}", field="persona_id")
    return persona.profile


def _update(changes: v1.PersonaChanges, profile: v1.PersonaProfile) -> list[v1.Event]:
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    updated = profile.model_copy(update=given)
    changed = tuple(sorted(name for name in given if getattr(updated, name) != getattr(profile, name)))
    if "preferences" in changed:
        check_consistent(updated.preferences)
    # A change to what is already so is not a new fact.
    return [v1.PersonaUpdated(profile=updated, changed=changed)] if changed else []
