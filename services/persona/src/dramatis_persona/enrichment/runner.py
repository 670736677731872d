"""Takes texts about personas from the work queue, has them read, and commits what was learnt, once each."""

import structlog

from dramatis_bus import Received
from dramatis_contracts import registry
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1
from dramatis_eventlog import Cause, StreamId
from dramatis_kit import Clock, Unavailable
from dramatis_kit.telemetry import traceparent
from dramatis_llm import LlmError, RateLimited, Unreachable
from dramatis_persona.commands import Read, Unreadable
from dramatis_persona.enrichment.interactions import interaction_of
from dramatis_persona.enrichment.reading import Reader
from dramatis_persona.handlers import Personas
from dramatis_persona.settings import PersonaSettings

log = structlog.get_logger()


class EnrichmentRunner:
    """Reads what is to be read at once; the rest waits for the collective run."""

    def __init__(self, personas: Personas, reader: Reader, settings: PersonaSettings, clock: Clock) -> None:
        self._personas = personas
        self._reader = reader
        self._settings = settings
        self._clock = clock

    async def run(self, received: Received) -> None:
        """A handler for the work queue. Raises only what shall be tried again."""
        requested = _requested(received.envelope)
        if requested.enrichment.process_immediately:
            await self._read(received.envelope, requested, received.delivered)

    async def read_collected(self, tenant: str, persona_id: str) -> int:
        """Read every text of a persona that waits; how many there were."""
        state = (await self._personas.load(tenant, persona_id)).state
        recorded = await self._personas.log.read(tenant, StreamId(self._personas.category, persona_id))
        waiting = [
            (envelope, requested)
            for envelope in recorded
            if envelope.type == v1.EnrichmentRequested.type
            and (requested := _requested(envelope)).enrichment_id in state.pending
            and not requested.enrichment.process_immediately
        ]
        for envelope, requested in waiting:
            await self._read(envelope, requested, self._settings.persona_enrichment_attempts)
        return len(waiting)

    async def _read(self, envelope: Envelope, requested: v1.EnrichmentRequested, attempt: int) -> None:
        tenant, persona_id = envelope.tenantid, envelope.subject
        state = (await self._personas.load(tenant, persona_id)).state
        if requested.enrichment_id not in state.pending or state.profile is None or state.deleted:
            return
        try:
            command = await self._understood(envelope, requested, state.profile)
        except LlmError as failure:
            command = self._without_model(envelope, requested, failure)
        except Exception:  # the boundary: the same text fails again, so this is told instead of tried for ever
            if attempt < self._settings.persona_enrichment_attempts:
                raise
            log.exception("text not read", tenant=tenant, persona=persona_id, enrichment=requested.enrichment_id)
            reason = "The reader failed on this text; the fault is recorded."
            command = Unreadable(requested.enrichment_id, "INTERNAL_ERROR", reason)
        cause = Cause(envelope.correlationid, causation_id=envelope.id, traceparent=traceparent())
        await self._personas.handle(tenant, persona_id, command, command_id=f"{envelope.id}:read", cause=cause)

    async def _understood(
        self, envelope: Envelope, requested: v1.EnrichmentRequested, profile: v1.PersonaProfile
    ) -> Read | Unreadable:
        enrichment = requested.enrichment
        tenant, run = envelope.tenantid, requested.enrichment_id
        reading = await self._reader.read(enrichment, profile, tenant=tenant, run=run)
        return Read(
            enrichment_id=requested.enrichment_id,
            enrichment_type=enrichment.data_type,
            source=enrichment.source,
            method=self._reader.method,
            findings=reading.findings,
            trait_insights=reading.trait_insights,
            traits=reading.traits,
            interaction=interaction_of(enrichment, envelope.time),
            dropped=reading.dropped,
        )

    def _without_model(self, envelope: Envelope, requested: v1.EnrichmentRequested, failure: LlmError) -> Unreadable:
        """A language model that is down is waited for; everything else is told at once."""
        waited = (self._clock() - envelope.time).total_seconds() >= self._settings.persona_llm_patience_seconds
        if isinstance(failure, Unreachable | RateLimited) and not waited:
            raise Unavailable("the language model") from failure
        return Unreadable(requested.enrichment_id, failure.code, failure.message)


def _requested(envelope: Envelope) -> v1.EnrichmentRequested:
    body = registry.decode(envelope)
    if not isinstance(body, v1.EnrichmentRequested):
        raise TypeError(f"{envelope.type} asks for no enrichment")
    return body
