"""A persona as it is kept for lists, and as others see it; both made from the aggregate's state."""

from dataclasses import asdict

from dramatis_contracts.persona import v1
from dramatis_eventlog import Loaded
from dramatis_kit import Document
from dramatis_persona.decider import PersonaState, SourceState
from dramatis_persona.schedule import addressed, due, next_look


def encode(state: PersonaState) -> Document:
    """The state as the document that lists and filters read."""
    return {
        "profile": state.profile.model_dump(mode="json") if state.profile else None,
        "deleted": state.deleted,
        "archived": state.archived,
        "owner": state.owner.model_dump(),
        "insights": [insight.model_dump() for insight in state.insights],
        # In the order of their arrival, which a document would not keep; and digests are no field names.
        "texts": [[digest, enrichment_id] for digest, enrichment_id in state.texts.items()],
        "pending": list(state.pending),
        "read": state.read,
        "last_failed": state.last_failed,
        "sources": [[url, asdict(source)] for url, source in state.sources.items()],
        "due": due(state),
    }


def decode(document: Document) -> PersonaState:
    profile = document["profile"]
    # An older reader ignores what a newer writer added, and a newer one does without what an older one did not write.
    known = v1.PersonaProfile.model_validate(profile, extra="ignore") if profile else None
    insights = document.get("insights", ())
    return PersonaState(
        profile=known,
        deleted=document["deleted"],
        archived=document.get("archived", False),
        owner=v1.Owner.model_validate(document.get("owner", {})),
        insights=tuple(v1.Insight.model_validate(insight) for insight in insights),
        texts=dict(document.get("texts", ())),
        pending=tuple(document.get("pending", ())),
        read=document.get("read", 0),
        last_failed=document.get("last_failed", False),
        sources={url: SourceState(**source) for url, source in document.get("sources", ())},
    )


def resource(loaded: Loaded[PersonaState]) -> v1.Persona:
    """The public representation. The persona must have been created."""
    state, profile = loaded.state, loaded.state.profile
    if profile is None or loaded.created_at is None or loaded.updated_at is None:
        raise ValueError(f"persona {loaded.id} was never created")
    enrichment = enrichment_status(state)
    status = _status(state)
    described = describes_someone(profile) or bool(state.insights)
    return v1.Persona(
        id=loaded.id,
        **dict(profile),
        created_at=loaded.created_at,
        updated_at=loaded.updated_at,
        status=status,
        enrichment_status=enrichment,
        simulation_ready=status == "active" and enrichment != "pending" and described,
        version=loaded.version,
        insights=state.insights,
        created_by=state.owner,
        sources=tuple(_source(source, state) for source in addressed(state)),
    )


def enrichment_status(state: PersonaState) -> v1.EnrichmentStatus:
    """Sources that were named but not looked at yet are pending; what waits to be read is processing."""
    if state.pending:
        return "processing"
    named = {source.url for source in addressed(state)}
    looked_at = {url for url, source in state.sources.items() if source.looked_at}
    if named - looked_at:
        return "pending"
    failed = any(source.failure for url, source in state.sources.items() if url in named)
    if state.last_failed or (failed and not state.read):
        return "failed"
    return "completed" if state.read else "none"


def describes_someone(profile: v1.PersonaProfile) -> bool:
    """A bare name says nothing about how a person would choose."""
    described = (profile.demographics, profile.preferences, profile.behavioral_traits)
    return any(part.model_dump(exclude_defaults=True) for part in described)


def _status(state: PersonaState) -> v1.Status:
    if state.deleted:
        return "deleted"
    return "archived" if state.archived else "active"


def _source(source: v1.EnrichmentSource, state: PersonaState) -> v1.SourceStatus:
    known = state.sources.get(source.url or "", SourceState())
    return v1.SourceStatus(
        url=source.url or "",
        read_at=known.read_at,
        failure=known.failure,
        failures=known.failures,
        next_look=next_look(source, known) if known.looked_at else None,
    )
