"""Load, decide, append: what the persona service answers to each command and query."""

from dramatis_bus import Call
from dramatis_contracts.pages import Page
from dramatis_contracts.persona import v1
from dramatis_eventlog import Aggregate, Loaded, cause_of
from dramatis_kit import Rejected
from dramatis_persona.decider import Command, PersonaState
from dramatis_persona.projections import resource

Personas = Aggregate[PersonaState, Command]


async def create(personas: Personas, call: Call[v1.CreatePersona]) -> v1.Persona:
    return await _handle(personas, call, call.request.persona_id, call.request)


async def update(personas: Personas, call: Call[v1.UpdatePersona]) -> v1.Persona:
    return await _handle(personas, call, call.request.persona_id, call.request)


async def delete(personas: Personas, call: Call[v1.DeletePersona]) -> v1.Deleted:
    command = call.request
    await personas.handle(call.tenant, command.persona_id, command, command_id=call.command_id, cause=cause_of(call))
    return v1.Deleted(id=call.request.persona_id)


async def get(personas: Personas, call: Call[v1.GetPersona]) -> v1.Persona:
    return _present(await personas.load(call.tenant, call.request.persona_id), call.request.persona_id)


async def get_many(personas: Personas, call: Call[v1.GetPersonas]) -> v1.Personas:
    """Each persona as of its version; a deleted one is still answered at a version before its deletion."""
    found = [
        _present(await personas.load(call.tenant, wanted.persona_id, as_of=wanted.version), wanted.persona_id, index)
        for index, wanted in enumerate(call.request.personas)
    ]
    return v1.Personas(personas=tuple(found))


async def list_(personas: Personas, call: Call[v1.ListPersonas]) -> Page[v1.Persona]:
    wanted = call.request
    chosen = {"state.deleted": False} | ({"state.profile.visibility": wanted.visibility} if wanted.visibility else {})
    skip = (wanted.page - 1) * wanted.page_size
    found = await personas.snapshots.find(call.tenant, chosen, skip=skip, limit=wanted.page_size)
    total = await personas.snapshots.count(call.tenant, chosen)
    items = [resource(personas.restored(snapshot)) for snapshot in found]
    return Page[v1.Persona](items=items, total=total, page=wanted.page, page_size=wanted.page_size)


async def _handle(
    personas: Personas, call: Call[v1.CreatePersona] | Call[v1.UpdatePersona], persona_id: str, command: Command
) -> v1.Persona:
    loaded = await personas.handle(call.tenant, persona_id, command, command_id=call.command_id, cause=cause_of(call))
    return resource(loaded)


def _present(loaded: Loaded[PersonaState], persona_id: str, index: int | None = None) -> v1.Persona:
    if loaded.state.profile is None or loaded.state.deleted:
        field = "persona_id" if index is None else f"personas[{index}].persona_id"
        raise Rejected("NOT_FOUND", f"no persona {persona_id}", field=field)
    return resource(loaded)
