"""The catalogue as it is asked for. Its people become personas of a tenant when the tenant first asks for them."""

from typing import Any

from dramatis_bus import Call
from dramatis_contracts.persona import stakeholders, v1
from dramatis_eventlog import cause_of
from dramatis_kit import Rejected
from dramatis_persona.catalogue.entries import Entry, entries, stakeholder_of
from dramatis_persona.commands import Create
from dramatis_persona.handlers import Personas
from dramatis_persona.projections import resource


async def list_stakeholders(personas: Personas, call: Call[stakeholders.ListStakeholders]) -> stakeholders.Catalogue:
    for entry in entries():
        await _ensure(personas, call, entry)
    return stakeholders.Catalogue(stakeholders=tuple(entry.published for entry in entries()))


async def get_stakeholder(personas: Personas, call: Call[stakeholders.GetStakeholder]) -> stakeholders.CatalogueEntry:
    """An entry of the catalogue, or any persona of the tenant by its id."""
    wanted = call.request.stakeholder_id
    for entry in entries():
        if entry.published.id == wanted:
            await _ensure(personas, call, entry)
            return entry.published
    loaded = await personas.load(call.tenant, wanted)
    if loaded.state.profile is None or loaded.state.deleted:
        raise Rejected("NOT_FOUND", f"no stakeholder {wanted}", field="stakeholder_id")
    return stakeholder_of(resource(loaded))


async def _ensure(personas: Personas, call: Call[Any], entry: Entry) -> None:
    """The entry as a persona of the tenant. One that exists already stays as its owners have changed it."""
    persona_id = entry.published.persona_id
    if (await personas.load(call.tenant, persona_id)).version:
        return
    await personas.handle(
        call.tenant,
        persona_id,
        Create(entry.persona, v1.Owner()),
        command_id=f"catalogue:{persona_id}",
        cause=cause_of(call),
    )
