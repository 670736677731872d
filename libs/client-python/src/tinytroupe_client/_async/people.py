"""Personas."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import call, path
from tinytroupe_client.models.people import CreatedPersona, Enrichment, Persona, PersonaAnalytics
from tinytroupe_client.params import CallOptions


class AsyncPersonas:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, **persona: Unpack[params.NewPersona]) -> CreatedPersona:
        """Raises `UnprocessableEntityError` for what cannot be a persona, `ConflictError` for one that exists."""
        return await self._transport.ask(CreatedPersona, call("POST", "/personas", persona))

    async def get(self, persona_id: str, **options: Unpack[CallOptions]) -> Persona:
        return await self._transport.ask(Persona, call("GET", path("personas", persona_id), options))

    def list(self, **which: Unpack[params.PersonaFilter]) -> AsyncPages[Persona]:
        """Newest first."""
        return AsyncPages(self._transport, call("GET", "/personas", which), Persona.model_validate)

    async def update(self, persona_id: str, **changes: Unpack[params.PersonaChanges]) -> Persona:
        """What is given replaces its whole field, the others stay."""
        return await self._transport.ask(Persona, call("PATCH", path("personas", persona_id), changes))

    async def archive(self, persona_id: str, **options: Unpack[CallOptions]) -> Persona:
        """Put a persona aside: it is no longer listed or simulated until it is restored."""
        return await self._transport.ask(Persona, call("POST", path("personas", persona_id, "archive"), options))

    async def restore(self, persona_id: str, **options: Unpack[CallOptions]) -> Persona:
        return await self._transport.ask(Persona, call("POST", path("personas", persona_id, "restore"), options))

    async def delete(self, persona_id: str, **options: Unpack[CallOptions]) -> None:
        await self._transport.send(call("DELETE", path("personas", persona_id), options))

    async def enrich(self, persona_id: str, **content: Unpack[params.EnrichmentRequest]) -> Enrichment:
        """Let the platform learn from a text. It works afterwards; the event `persona.enriched` tells the end."""
        return await self._transport.ask(Enrichment, call("POST", path("personas", persona_id, "enrich"), content))

    async def analytics(self, persona_id: str, **query: Unpack[params.AnalyticsQuery]) -> PersonaAnalytics:
        return await self._transport.ask(
            PersonaAnalytics, call("GET", path("personas", persona_id, "analytics"), query)
        )
