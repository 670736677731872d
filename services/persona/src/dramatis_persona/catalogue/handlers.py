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

_REMEMBERED = 10_000


class CatalogueHandlers:
    """Answers for all tenants. Whose people are there already is remembered, so that it is not looked up each time."""

    def __init__(self, personas: Personas) -> None:
        self._personas = personas
        self._there: set[tuple[str, str]] = set()

    async def list_stakeholders(self, call: Call[stakeholders.ListStakeholders]) -> stakeholders.Catalogue:
        for entry in entries():
            await self._ensure(call, entry)
        return stakeholders.Catalogue(stakeholders=tuple(entry.published for entry in entries()))

    async def get_stakeholder(self, call: Call[stakeholders.GetStakeholder]) -> stakeholders.CatalogueEntry:
        """An entry of the catalogue, or any persona of the tenant by its id."""
        wanted = call.request.stakeholder_id
        for entry in entries():
            if entry.published.id == wanted:
                await self._ensure(call, entry)
                return entry.published
        loaded = await self._personas.load(call.tenant, wanted)
        if loaded.state.profile is None or loaded.state.deleted:
            raise Rejected("NOT_FOUND", f"no stakeholder {wanted}", field="stakeholder_id")
        return stakeholder_of(resource(loaded))

    async def _ensure(self, call: Call[Any], entry: Entry) -> None:
        """The entry as a persona of the tenant. One that exists already stays as its owners have changed it."""
        persona_id = entry.published.persona_id
        if (call.tenant, persona_id) in self._there:
            return
        if not (await self._personas.load(call.tenant, persona_id)).version:
            command = Create(entry.persona, v1.Owner())
            await self._personas.handle(
                call.tenant, persona_id, command, command_id=f"catalogue:{persona_id}", cause=cause_of(call)
            )
        if len(self._there) >= _REMEMBERED:
            self._there.clear()
        self._there.add((call.tenant, persona_id))
