"""Load, decide, append: what the persona service answers to each command and query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dramatis_bus import Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.pages import Page
from dramatis_contracts.persona import v1
from dramatis_eventlog import Aggregate, Loaded, cause_of
from dramatis_kit import Clock, Rejected
from dramatis_persona.commands import Command, Create
from dramatis_persona.decider import PersonaState, digest_of
from dramatis_persona.duplicates import Identities
from dramatis_persona.projections import resource
from dramatis_persona.visibility import check_may_change, seen_by, sees

Personas = Aggregate[PersonaState, Command]

_SOON = timedelta(seconds=1)
"""How long reading a text takes at most as a rule, with the rules."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """`collective_seconds`: how long a text that is not to be read at once waits at most."""

    personas: Personas
    identities: Identities
    clock: Clock
    collective_seconds: float

    async def create(self, call: Call[v1.CreatePersona]) -> v1.Persona:
        wanted = call.request
        owner = v1.Owner(agent_id=wanted.viewer.agent_id, team_id=wanted.viewer.team_id)
        if not (await self.personas.load(call.tenant, wanted.persona_id)).version:
            await self.identities.claim(call.tenant, wanted.persona_id, wanted.profile, owner)
        return resource(await self._handle(call, wanted.persona_id, Create(wanted.profile, owner)))

    async def update(self, call: Call[v1.UpdatePersona]) -> v1.Persona:
        wanted = call.request
        found = await self._changeable(call, wanted.persona_id, wanted.viewer)
        given = {name: getattr(wanted.changes, name) for name in wanted.changes.model_fields_set}
        if found.state.profile is not None and given.keys() & {"name", "enrichment_sources", "visibility"}:
            updated = found.state.profile.model_copy(update=given)
            await self.identities.claim(call.tenant, wanted.persona_id, updated, found.state.owner)
        return resource(await self._handle(call, wanted.persona_id, wanted))

    async def delete(self, call: Call[v1.DeletePersona]) -> v1.Deleted:
        await self._changeable(call, call.request.persona_id, call.request.viewer)
        await self._handle(call, call.request.persona_id, call.request)
        return v1.Deleted(id=call.request.persona_id)

    async def archive(self, call: Call[v1.ArchivePersona]) -> v1.Persona:
        await self._changeable(call, call.request.persona_id, call.request.viewer)
        return resource(await self._handle(call, call.request.persona_id, call.request))

    async def restore(self, call: Call[v1.RestorePersona]) -> v1.Persona:
        await self._changeable(call, call.request.persona_id, call.request.viewer)
        return resource(await self._handle(call, call.request.persona_id, call.request))

    async def enrich(self, call: Call[v1.EnrichPersona]) -> v1.AcceptedEnrichment:
        """A text that came before is not read again: the answer names the enrichment that it was then."""
        wanted = call.request
        await self._changeable(call, wanted.persona_id, wanted.viewer)
        loaded = await self._handle(call, wanted.persona_id, wanted)
        enrichment_id = loaded.state.texts.get(digest_of(wanted.enrichment), wanted.enrichment_id)
        wait = _SOON if wanted.enrichment.process_immediately else timedelta(seconds=self.collective_seconds)
        waits = enrichment_id in loaded.state.pending
        status = "processing" if wanted.enrichment.process_immediately else "queued"
        return v1.AcceptedEnrichment(
            enrichment_id=enrichment_id,
            status=status if waits else "completed",
            estimated_completion=self.clock() + wait if waits else loaded.updated_at or self.clock(),
        )

    async def get(self, call: Call[v1.GetPersona]) -> v1.Persona:
        return await get(self.personas, call)

    async def get_many(self, call: Call[v1.GetPersonas]) -> v1.Personas:
        """Each persona as of its version; a deleted one is still answered at a version before its deletion."""
        found = [
            _invited(
                await self.personas.load(call.tenant, wanted.persona_id, as_of=wanted.version),
                wanted,
                index,
                call.request.viewer,
            )
            for index, wanted in enumerate(call.request.personas)
        ]
        return v1.Personas(personas=tuple(found))

    async def list_(self, call: Call[v1.ListPersonas]) -> Page[v1.Persona]:
        wanted, kept = call.request, self.personas.snapshots
        chosen = _chosen(wanted)
        found = await kept.find(call.tenant, chosen, skip=(wanted.page - 1) * wanted.page_size, limit=wanted.page_size)
        total = await kept.count(call.tenant, chosen)
        items = [resource(self.personas.restored(snapshot)) for snapshot in found]
        return Page[v1.Persona](items=items, total=total, page=wanted.page, page_size=wanted.page_size)

    async def _handle(self, call: Call[Any], persona_id: str, command: Command) -> Loaded[PersonaState]:
        return await self.personas.handle(
            call.tenant, persona_id, command, command_id=call.command_id, cause=cause_of(call)
        )

    async def _changeable(self, call: Call[Any], persona_id: str, viewer: Viewer) -> Loaded[PersonaState]:
        """The persona, if it is there for who asks, and theirs to change. A repeated deletion finds it as it was."""
        loaded = await self.personas.load(call.tenant, persona_id)
        profile = loaded.state.profile
        if profile is None or not sees(viewer, profile.visibility, loaded.state.owner):
            raise _missing(persona_id)
        check_may_change(viewer, profile.visibility, loaded.state.owner)
        return loaded


async def get(personas: Personas, call: Call[v1.GetPersona]) -> v1.Persona:
    """One persona, if it is there for who asks."""
    loaded = await personas.load(call.tenant, call.request.persona_id)
    return _present(loaded, call.request.persona_id, call.request.viewer)


def _chosen(wanted: v1.ListPersonas) -> Mapping[str, Any]:
    archived = {"state.archived": True} if wanted.status == "archived" else {"state.archived": {"$ne": True}}
    chosen: dict[str, Any] = {"state.deleted": False, **archived, **seen_by(wanted.viewer)}
    if wanted.visibility:
        chosen["state.profile.visibility"] = wanted.visibility
    if wanted.segment:
        chosen["state.profile.segments"] = wanted.segment
    return chosen


def _present(loaded: Loaded[PersonaState], persona_id: str, viewer: Viewer) -> v1.Persona:
    state = loaded.state
    if state.profile is None or state.deleted or not sees(viewer, state.profile.visibility, state.owner):
        raise _missing(persona_id)
    return resource(loaded)


def _invited(loaded: Loaded[PersonaState], wanted: v1.PersonaVersion, index: int, viewer: Viewer) -> v1.Persona:
    field = f"personas[{index}].persona_id"
    state = loaded.state
    if state.profile is None or state.deleted or not sees(viewer, state.profile.visibility, state.owner):
        raise _missing(wanted.persona_id, field)
    if state.archived and wanted.version is None:
        raise Rejected("NOT_FOUND", f"persona {wanted.persona_id} is archived", field=field, issue="restore it first")
    return resource(loaded)


def _missing(persona_id: str, field: str = "persona_id") -> Rejected:
    return Rejected("NOT_FOUND", f"no persona {persona_id}", field=field)
