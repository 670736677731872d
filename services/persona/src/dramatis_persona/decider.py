"""What may happen to a persona. Pure: the log and NATS belong to handlers.py."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from dramatis_contracts.persona import v1
from dramatis_kit import Rejected
from dramatis_persona.commands import Command, Create, LookAtSource, Read, Unreadable
from dramatis_persona.contradictions import check_consistent
from dramatis_persona.learning import learn, remembered

_KNOWN_TEXTS = 500
"""So many texts are recognised when they come again; a persona's history is rarely longer."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How it went with a source so far. `failures` since it was last read."""

    read_at: datetime | None = None
    looked_at: datetime | None = None
    digest: str | None = None
    failure: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class PersonaState:
    """A persona's profile, or nothing yet; a deleted one keeps its profile for simulations that began before.

    `texts` are the digests of what was to be read, with the id of the enrichment; `pending` of those that wait.
    """

    profile: v1.PersonaProfile | None = None
    deleted: bool = False
    archived: bool = False
    owner: v1.Owner = field(default_factory=v1.Owner)
    insights: tuple[v1.Insight, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    read: int = 0
    last_failed: bool = False
    sources: Mapping[str, SourceState] = field(default_factory=dict)


def decide(command: Command, persona: PersonaState) -> list[v1.Event]:
    match command:
        case Create() if persona.profile is not None:
            raise Rejected("CONFLICT", "a persona with this id exists already", field="persona_id")
        case Create(profile=profile, owner=owner):
            check_consistent(profile.preferences)
            return [v1.PersonaCreated(profile=profile, created_by=owner)]
        case v1.UpdatePersona(changes=changes):
            return _update(changes, _existing(persona), persona.owner)
        case v1.DeletePersona():
            _existing(persona)
            return [v1.PersonaDeleted()]
        case v1.ArchivePersona():
            _existing(persona)
            return [] if persona.archived else [v1.PersonaArchived()]
        case v1.RestorePersona():
            profile = _existing(persona)
            return [v1.PersonaRestored(profile=profile, created_by=persona.owner)] if persona.archived else []
        case v1.EnrichPersona(enrichment_id=enrichment_id, enrichment=enrichment):
            return _enrich(persona, enrichment_id, enrichment)
        case Read():
            return _read(command, persona)
        case Unreadable(enrichment_id=enrichment_id, code=code, reason=reason):
            waits = enrichment_id in persona.pending
            return [v1.EnrichmentFailed(enrichment_id=enrichment_id, code=code, reason=reason)] if waits else []
        case LookAtSource():
            return _looked(command, persona)
    assert_never(command)


def evolve(persona: PersonaState, event: v1.Event) -> PersonaState:
    match event:
        case v1.PersonaCreated(profile=profile, created_by=owner):
            return replace(persona, profile=profile, owner=owner)
        case v1.PersonaUpdated(profile=profile):
            return replace(persona, profile=profile)
        case v1.PersonaDeleted():
            return replace(persona, deleted=True)
        case v1.PersonaArchived():
            return replace(persona, archived=True)
        case v1.PersonaRestored():
            return replace(persona, archived=False)
        case v1.EnrichmentRequested(enrichment_id=enrichment_id, enrichment=enrichment):
            texts = {**persona.texts, digest_of(enrichment): enrichment_id}
            latest = dict(list(texts.items())[-_KNOWN_TEXTS:])
            return replace(persona, texts=latest, pending=(*persona.pending, enrichment_id))
        case v1.PersonaEnriched():
            insights = remembered(persona.insights, event.new_insights)
            done = replace(persona, profile=event.profile, insights=insights, read=persona.read + 1, last_failed=False)
            return _settled(done, event.enrichment_id)
        case v1.EnrichmentFailed(enrichment_id=enrichment_id):
            # What could not be read may be sent again.
            texts = {digest: known for digest, known in persona.texts.items() if known != enrichment_id}
            return _settled(replace(persona, texts=texts, last_failed=True), enrichment_id)
        case v1.SourceRead():
            return replace(persona, sources={**persona.sources, event.url: _source(persona.sources, event)})
    assert_never(event)


def digest_of(enrichment: v1.Enrichment) -> str:
    """Names a text with all that was said about it; when it is read plays no part."""
    said = enrichment.model_dump_json(exclude={"process_immediately"})
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _existing(persona: PersonaState) -> v1.PersonaProfile:
    if persona.profile is None or persona.deleted:
        raise Rejected("NOT_FOUND", "there is no such persona", field="persona_id")
    return persona.profile


def _update(changes: v1.PersonaChanges, profile: v1.PersonaProfile, owner: v1.Owner) -> list[v1.Event]:
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    updated = profile.model_copy(update=given)
    changed = tuple(sorted(name for name in given if getattr(updated, name) != getattr(profile, name)))
    if "preferences" in changed:
        check_consistent(updated.preferences)
    # A change to what is already so is not a new fact.
    return [v1.PersonaUpdated(profile=updated, changed=changed, created_by=owner)] if changed else []


def _enrich(persona: PersonaState, enrichment_id: str, enrichment: v1.Enrichment) -> list[v1.Event]:
    _existing(persona)
    # The same text says nothing new.
    if digest_of(enrichment) in persona.texts or enrichment_id in persona.texts.values():
        return []
    return [v1.EnrichmentRequested(enrichment_id=enrichment_id, enrichment=enrichment)]


def _read(command: Read, persona: PersonaState) -> list[v1.Event]:
    if command.enrichment_id not in persona.pending or persona.profile is None or persona.deleted:
        return []
    profile, learnt = learn(persona.profile, command.findings, command.traits)
    insights = (*(finding.insight for finding in command.findings), *command.trait_insights)
    return [
        v1.PersonaEnriched(
            enrichment_id=command.enrichment_id,
            enrichment_type=command.enrichment_type,
            source=command.source,
            method=command.method,
            new_insights=insights,
            learnt=learnt,
            profile=profile,
            interaction=command.interaction,
            created_by=persona.owner,
            dropped=command.dropped,
        )
    ]


def _looked(command: LookAtSource, persona: PersonaState) -> list[v1.Event]:
    """A source that was taken from the profile meanwhile, or that says what it said before, tells nothing."""
    if persona.profile is None or persona.deleted:
        return []
    if command.url not in {source.url for source in persona.profile.enrichment_sources}:
        return []
    known = persona.sources.get(command.url, SourceState())
    failures = known.failures + 1 if command.failure else 0
    seen = v1.SourceRead(
        url=command.url, digest=command.digest, failure=command.failure, failures=failures, at=command.at
    )
    new = command.enrichment is not None and command.enrichment_id is not None and command.digest != known.digest
    if not new or command.enrichment is None or command.enrichment_id is None:
        return [seen]
    return [seen, *_enrich(persona, command.enrichment_id, command.enrichment)]


def _settled(persona: PersonaState, enrichment_id: str) -> PersonaState:
    return replace(persona, pending=tuple(waiting for waiting in persona.pending if waiting != enrichment_id))


def _source(sources: Mapping[str, SourceState], event: v1.SourceRead) -> SourceState:
    known = sources.get(event.url, SourceState())
    if event.failure is not None:
        return replace(known, looked_at=event.at, failure=event.failure, failures=event.failures)
    return SourceState(read_at=event.at, looked_at=event.at, digest=event.digest)
