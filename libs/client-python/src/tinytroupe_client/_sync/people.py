# Generated from _async by scripts/synchronise_client.py: edit there.
"""Personas."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._http import call, path
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.models.people import CreatedPersona, Enrichment, Persona, PersonaAnalytics
from tinytroupe_client.params import CallOptions


class Personas:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, **persona: Unpack[params.NewPersona]) -> CreatedPersona:
        """Raises `UnprocessableEntityError` for what cannot be a persona, `ConflictError` for one that exists."""
        return self._transport.ask(CreatedPersona, call("POST", "/personas", persona))

    def get(self, persona_id: str, **options: Unpack[CallOptions]) -> Persona:
        return self._transport.ask(Persona, call("GET", path("personas", persona_id), options))

    def list(self, **which: Unpack[params.PersonaFilter]) -> Pages[Persona]:
        """Newest first."""
        return Pages(self._transport, call("GET", "/personas", which), Persona.model_validate)

    def update(self, persona_id: str, **changes: Unpack[params.PersonaChanges]) -> Persona:
        """What is given replaces its whole field, the others stay."""
        return self._transport.ask(Persona, call("PATCH", path("personas", persona_id), changes))

    def archive(self, persona_id: str, **options: Unpack[CallOptions]) -> Persona:
        """Put a persona aside: it is no longer listed or simulated until it is restored."""
        return self._transport.ask(Persona, call("POST", path("personas", persona_id, "archive"), options))

    def restore(self, persona_id: str, **options: Unpack[CallOptions]) -> Persona:
        return self._transport.ask(Persona, call("POST", path("personas", persona_id, "restore"), options))

    def delete(self, persona_id: str, **options: Unpack[CallOptions]) -> None:
        self._transport.send(call("DELETE", path("personas", persona_id), options))

    def enrich(self, persona_id: str, **content: Unpack[params.EnrichmentRequest]) -> Enrichment:
        """Let the platform learn from a text. It works afterwards; the event `persona.enriched` tells the end."""
        return self._transport.ask(Enrichment, call("POST", path("personas", persona_id, "enrich"), content))

    def analytics(self, persona_id: str, **query: Unpack[params.AnalyticsQuery]) -> PersonaAnalytics:
        return self._transport.ask(PersonaAnalytics, call("GET", path("personas", persona_id, "analytics"), query))
